"""Net benefit: what acting on a probability is worth by threshold, beside acting on all or none.

A. Vickers and E. Elkin, Decision curve analysis (Medical Decision Making 26), 2006.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.margins import EQUAL
from gradum.messages import say
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95, Interval, standard_error
from gradum.scores.weighting import ratio
from gradum.study.evidence import Evidence
from gradum.study.prediction_bins import FEWEST_GROUPS, bin_sums, redrawn_sums
from gradum.study.resampling import ERROR, independent

THRESHOLDS = np.arange(1, 100) / 100
FEWEST_ON_A_SIDE = 30


class NetBenefitAt(msgspec.Struct, frozen=True):
    """What it is worth to act on rows whose probability is at least ``threshold``."""

    threshold: float
    model: Interval
    """Net benefit, in rows of the class per row; acting on no row has 0."""
    over_all: Interval
    """The same less the net benefit of acting on all rows."""

    @property
    def of_all(self) -> float:
        """The net benefit of acting on all rows."""
        return self.model.value - self.over_all.value

    @property
    def better(self) -> bool:
        """Whether the model is shown to be worth more than acting on all rows and on none."""
        return self.model.low > 0 and self.over_all.low > 0


class NetBenefit(msgspec.Struct, frozen=True):
    """A decision curve."""

    positive: str
    """The second class, for which one acts."""
    curve: tuple[NetBenefitAt, ...]
    """By rising threshold. All intervals hold at once with 95% certainty."""
    sentence: str
    """Where acting on the probabilities is shown to be worth more than acting on all or none."""


def net_benefit(evidence: Evidence) -> NetBenefit | None:
    """Draw the decision curve of the second of two classes; None with too few rows for any point.

    At the threshold t, NB = (w⁺ − w⁻ t / (1 − t)) / W, where w⁺ and w⁻ are the weights of the rows
    of the class and of the others whose probability is at least t, and W that of all rows: who acts
    from t on holds a row of the class to be worth (1 − t) / t others. `THRESHOLDS` are kept where
    at least `FEWEST_ON_A_SIDE` rows lie on either side.

    The intervals of all thresholds and of both differences hold at once: they are as many standard
    errors long as 95% of the judge's resamples stay within everywhere (max-t), and at least the
    normal 1.96. A standard error is that of the resamples or, if larger, the one that the rows on a
    side of t have if two more of either kind were among them (A. Agresti and B. Coull, Approximate
    is better than "exact", 1998), since few rows of one kind hardly vary; the interval then also
    reaches as far around the value with these rows.
    """
    if evidence.groups is not None and independent(evidence, evidence.target >= 0) < FEWEST_GROUPS:
        return None  # resamples of so few vary too little
    probability, positive = evidence.prediction.shares[:, 1], evidence.target == 1
    passed = np.searchsorted(THRESHOLDS, probability * (1 + EQUAL), side="right")
    rows = _from(np.bincount(passed, minlength=len(THRESHOLDS) + 1))
    kept = np.flatnonzero(np.minimum(rows, len(evidence) - rows) >= FEWEST_ON_A_SIDE)
    if not len(kept) or positive.all() or not positive.any():
        return None
    held, codes = np.unique(passed, return_inverse=True)
    thresholds = THRESHOLDS[kept]
    values = _differences(bin_sums(codes, evidence.weight, positive[None])[None], held)[0][:, kept]
    drawn = _differences(redrawn_sums(evidence, codes, positive[None], "net benefit"), held)
    off = drawn[1:, :, kept] - drawn[:1, :, kept]
    at_least, moved = _with_two_more(passed, evidence.weight, positive)[..., kept]
    errors = np.maximum(np.apply_along_axis(standard_error, 0, off), at_least)
    reach = np.quantile(np.abs(off / errors).max(axis=(1, 2)), 1 - ERROR, method="higher")
    half = max(float(reach), NORMAL_95) * errors
    low, high = values + np.minimum(moved, 0) - half, values + np.maximum(moved, 0) + half
    ends = np.stack([values, low, high, errors]).transpose(2, 1, 0).tolist()
    curve = tuple(
        NetBenefitAt(at, Interval(*model), Interval(*over_all))
        for at, (model, over_all) in zip(thresholds.tolist(), ends, strict=True)
    )
    label = evidence.classes[1]
    return NetBenefit(label, curve, _sentence(label, curve))


def _with_two_more(passed: np.ndarray, weight: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Return what two more rows of either kind do to the differences from none and from all.

    With w the weights of the m rows on a side of t, and s the share of the class among them and
    four more, the standard error is √(Σ w² s (1 − s)) / (1 − t) W.

    Returns
    -------
    ndarray of shape (2, 2, T)
        The standard errors, and how far the differences move.
    """
    rows, of_class, squares = (
        np.stack([_from(sums), sums.sum() - _from(sums)])
        for sums in (
            np.bincount(passed, factor, len(THRESHOLDS) + 1)
            for factor in (weight, weight * positive, weight**2)
        )
    )
    count = ratio(rows**2, squares)
    own = ratio(of_class, rows)
    share = (own * count + 2) / (count + 4)
    sign = np.array([[1.0], [-1.0]])
    changed = np.stack([np.sqrt(squares * share * (1 - share)), sign * rows * (share - own)])
    return changed / (1 - THRESHOLDS) / weight.sum()


def _from(of_bins: np.ndarray) -> np.ndarray:
    """Sum over the rows whose probability is at least each threshold: (..., T)."""
    return np.cumsum(of_bins[..., ::-1], axis=-1)[..., ::-1][..., 1:]


def _differences(sums: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return net benefits less those of acting on none and on all, (S, 2, T).

    ``sums`` (S, 2, k) are the weights of all rows and of those of the class, in the bins ``held``
    between the thresholds.
    """
    of_bins = np.zeros((*sums.shape[:2], len(THRESHOLDS) + 1))
    of_bins[..., held] = sums
    total = sums[:, 0].sum(axis=-1)[:, None]
    odds = THRESHOLDS / (1 - THRESHOLDS)
    weight, of_class = _from(of_bins).transpose(1, 0, 2)
    benefit = of_class - (weight - of_class) * odds
    of_all = sums[:, 1].sum(axis=-1)[:, None] * (1 + odds) - total * odds
    return np.stack([benefit, benefit - of_all], axis=1) / total[:, None]


def _sentence(label: str, curve: tuple[NetBenefitAt, ...]) -> str:
    better = [each.threshold for each in curve if each.better]
    if not better:
        return say(
            "At no threshold is acting on the probability of {label!r} shown to be worth more than "
            "acting on all rows and on none.",
            label=label,
        )
    return say(
        "Acting on the probability of {label!r} is shown to be worth more than acting on all rows "
        "and on none at {count} of {tried} thresholds, between {low} and {high}.",
        label=label,
        count=len(better),
        tried=len(curve),
        low=figure(better[0]),
        high=figure(better[-1]),
    )
