"""Scores by segment of the table: the slices that were asked for, and the weakest ones found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import numpy as np
from scipy.special import ndtri, stdtrit

from gradum.errors import SpecError
from gradum.scores.bootstrap import Interval
from gradum.scores.metrics import METRICS, Weighting
from gradum.scores.outcome import Outcome
from gradum.study.cut import Cut, cut
from gradum.study.evidence import Evidence
from gradum.study.redrawn import around, places_to_redraw, redrawn
from gradum.study.row_losses import row_losses
from gradum.tables.wording import nearest

FEWEST_ROWS = 30
FEWEST_SHARE = 0.02
MOST_WEAKEST = 5
FINALISTS = 10
SAME_ROWS = 0.8
ERROR = 0.05
SEARCHED_VALUES = 4_000_000


class Segment(msgspec.Struct, frozen=True):
    """The judged rows with one value, or one range of values, of a column.

    Parameters
    ----------
    column : str
    values : str
        "female", "34 to 51", "missing".
    rows : int
    score : Interval
        The verdict's metric within the segment.
    difference : Interval or None
        That score minus the score of all other judged rows; None where either has too few rows.
    baseline : float or None
        The target's mean, or the share of the second or commonest class, in the segment: a
        segment may be weak because its target is harder, not because the model is worse.
    finding : str
        "weaker than the rest", "stronger than the rest", "no difference shown", "too few rows
        to say".
    """

    column: str
    values: str
    rows: int
    score: Interval
    difference: Interval | None
    baseline: float | None
    finding: str


class Segments(msgspec.Struct, frozen=True):
    """Scores by segment.

    Parameters
    ----------
    metric : str
    slices : dict of str to tuple of Segment
        Column asked for -> its segments, save those whose rows leave the metric undefined, such as
        the AUC of a single class.
    weakest : tuple of Segment
        The weakest segments of any feature, worst first, whose difference stays on the worse side
        of zero after correction for the number of segments tried.
    tried : int
        How many segments were tried to find them.
    """

    metric: str
    slices: dict[str, tuple[Segment, ...]]
    weakest: tuple[Segment, ...]
    tried: int


def segments(evidence: Evidence, slices: Sequence[str], metric: str) -> Segments:
    """Score the judged rows by segment, as `cut` divides a column.

    The weakest segments are looked for among all features but texts. A segment is tried if it
    and the rest have `FEWEST_ROWS` rows and `FEWEST_SHARE` of all. It is weak if both its mean loss
    and the metric are worse than the rest's beyond chance: by the normal quantile in standard
    errors, and by Student's t in bootstrapped ones, at the level 0.05 / tried, two-sided
    (Bonferroni). Of weak segments of nearly the same rows, the worst is kept.

    Raises
    ------
    SpecError
        A slice names the target, or no column in use; the nearest names are given.
    """
    cuts = {name: _asked(evidence, name) for name in slices}
    asked = [(each, code) for each in cuts.values() for code in range(len(each.names))]
    finalists, tried = _search(evidence)
    scored = _score(evidence, [*asked, *finalists], metric)
    by_column = iter(scored)
    found = {name: islice(by_column, len(each.names)) for name, each in cuts.items()}
    return Segments(
        metric,
        {name: tuple(s for s in each if np.isfinite(s.score.low)) for name, each in found.items()},
        _weakest(evidence, finalists, scored[len(asked) :], metric, tried),
        tried,
    )


def _asked(evidence: Evidence, name: str) -> Cut:
    """Cut a column that was asked for by name."""
    schema, columns = evidence.schema, evidence.frame.columns
    assert schema.target is not None
    target = schema.target.name
    if name == target:
        raise SpecError(
            f"Column {name!r} is the target, which is no slice.", "Slice by another column."
        )
    if name not in columns:
        others = [column for column in columns if column != target]
        raise SpecError(f"There is no column {name!r} in use.", nearest(name, others))
    return cut(evidence.frame[name], schema.column(name).kind)


def _search(evidence: Evidence) -> tuple[list[tuple[Cut, int]], int]:
    """Return the segments whose mean loss lies highest above the rest's, and how many were tried.

    Only those are returned whose excess is beyond chance. Where rows and columns are many, the
    columns are chosen by some of the rows.
    """
    kinds = {each.name: each.kind for each in evidence.schema.features if each.kind != "text"}
    loss, weight = row_losses(evidence.target, evidence.prediction), evidence.weight
    some, most = np.arange(len(evidence)), SEARCHED_VALUES // max(len(kinds), 1)
    if len(some) > most:
        some = np.sort(evidence.rng("segments search").choice(some, most, replace=False))
    frame, highest, tried = evidence.frame[some], {}, 0
    for name, kind in kinds.items():
        excess = _excess(cut(frame[name], kind), loss[some], weight[some])
        highest[name] = np.nanmax(excess, initial=-np.inf)
        tried += int(np.isfinite(excess).sum())
    if not tried:
        return [], 0
    best = sorted(kinds, key=lambda name: -highest[name])[:FINALISTS]
    ranked = [
        (excess, each, code)
        for each in (cut(evidence.frame[name], kinds[name]) for name in best)
        for code, excess in enumerate(_excess(each, loss, weight))
        if excess > ndtri(1.0 - ERROR / 2 / tried)
    ]
    ranked.sort(key=lambda item: -item[0])
    return [(each, code) for _, each, code in ranked[:FINALISTS]], tried


def _excess(column: Cut, loss: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return (mean loss - the rest's) / standard error of each segment; NaN where too small.

    The variance of a weighted mean is Σ w² (l - mean)² / (Σ w)².
    """
    loss = loss - np.average(loss, weights=weight)
    count = len(column.names)
    rows = np.bincount(column.codes, minlength=count)
    enough = np.minimum(rows, len(loss) - rows) >= max(FEWEST_ROWS, FEWEST_SHARE * len(loss))
    terms = (weight, weight * loss, weight**2, weight**2 * loss, (weight * loss) ** 2)
    sums = np.array([np.bincount(column.codes, term, minlength=count) for term in terms])
    within = sums[:, enough]
    mean, variance = _mean_and_variance(*within)
    rest_mean, rest_variance = _mean_and_variance(*(sums.sum(axis=1, keepdims=True) - within))
    error = np.sqrt(np.maximum(variance + rest_variance, 0.0))
    excess = np.full(count, np.nan)
    excess[enough] = np.divide(mean - rest_mean, error, out=np.zeros_like(error), where=error > 0)
    return excess


def _mean_and_variance(
    w: np.ndarray, wl: np.ndarray, ww: np.ndarray, wwl: np.ndarray, wwll: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mean = wl / w
    return mean, (wwll - 2 * mean * wwl + mean**2 * ww) / w**2


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of n rows; ``places`` are theirs among the n."""

    places: np.ndarray
    outcome: Outcome

    @classmethod
    def of(cls, evidence: Evidence, rows: np.ndarray, mask: np.ndarray) -> _Part:
        """Take those of n judged rows, given by position, where a mask (n,) holds."""
        places = np.flatnonzero(mask)
        chosen = rows[places]
        prediction = evidence.prediction.take(chosen)
        return cls(
            places,
            Outcome(
                task=evidence.task,
                target=evidence.target[chosen],
                prediction=prediction.value,
                probability=prediction.probability,
                weight=evidence.weight[chosen],
            ),
        )

    def score(self, metric: str, weights: np.ndarray) -> np.ndarray:
        """Return a metric (B,) under weights (B, n) of the n rows."""
        own = weights.take(self.places, axis=1)
        return METRICS[metric].function(Weighting(self.outcome, own))


def _score(evidence: Evidence, chosen: Sequence[tuple[Cut, int]], metric: str) -> list[Segment]:
    """Score segments, and all rows outside of each, on the same resamples of the rows."""
    if not chosen:
        return []
    within = [column.codes == code for column, code in chosen]
    sides = [side for mask in within for side in (mask, ~mask)]
    every, places = np.arange(len(evidence)), places_to_redraw(evidence, "segments")
    weight = evidence.weight[None, :]
    values = [_Part.of(evidence, every, side).score(metric, weight)[0] for side in sides]
    parts = [_Part.of(evidence, places, side[places]) for side in sides]
    drawn = np.concatenate(
        [
            [part.score(metric, weights) for part in parts]
            for weights in redrawn(evidence, places, "segments", by_class=True)
        ],
        axis=1,
    )
    pairs = zip(np.reshape(values, (-1, 2)), drawn.reshape(len(chosen), 2, -1), strict=True)
    return [
        _segment(evidence, column, code, metric, *pair)
        for (column, code), pair in zip(chosen, pairs, strict=True)
    ]


def _segment(
    evidence: Evidence, column: Cut, code: int, metric: str, values: np.ndarray, drawn: np.ndarray
) -> Segment:
    """Put a segment together: its score and the rest's, two values and two samples (2, 1 + B)."""
    within = column.codes == code
    rows = int(within.sum())
    difference = around(float(values[0] - values[1]), drawn[0] - drawn[1])
    if min(rows, len(within) - rows) < FEWEST_ROWS or np.isnan(difference.low):
        difference = None
    return Segment(
        column.column,
        column.names[code],
        rows,
        around(float(values[0]), drawn[0]),
        difference,
        _baseline(evidence, within),
        _finding(difference, metric),
    )


def _finding(difference: Interval | None, metric: str) -> str:
    if difference is None:
        return "too few rows to say"
    low, high = sorted(_worse(metric) * bound for bound in (difference.low, difference.high))
    if low > 0:
        return "weaker than the rest"
    return "stronger than the rest" if high < 0 else "no difference shown"


def _worse(metric: str) -> float:
    """Return the sign of a change for the worse."""
    return -1.0 if METRICS[metric].greater_is_better else 1.0


def _baseline(evidence: Evidence, within: np.ndarray) -> float:
    target, weight = evidence.target, evidence.weight
    if evidence.task == "regression":
        return float(np.average(target[within], weights=weight[within]))
    shares = np.bincount(target, weight, minlength=len(evidence.classes))
    label = 1 if evidence.task == "binary" else int(shares.argmax())
    return float(np.average(target[within] == label, weights=weight[within]))


def _weakest(
    evidence: Evidence,
    finalists: Sequence[tuple[Cut, int]],
    scored: Sequence[Segment],
    metric: str,
    tried: int,
) -> tuple[Segment, ...]:
    sign = _worse(metric)
    weak = []
    for (column, code), segment in zip(finalists, scored, strict=True):
        within, difference = column.codes == code, segment.difference
        if difference is None or not difference.standard_error > 0:
            continue
        freedom = min(_independent(evidence, side) for side in (within, ~within)) - 1
        beyond = stdtrit(max(freedom, 1), 1.0 - ERROR / 2 / tried)
        if sign * difference.value > beyond * difference.standard_error:
            weak.append((sign * difference.value, within, segment))
    weak.sort(key=lambda item: -item[0])
    kept: list[tuple[np.ndarray, Segment]] = []
    for _, within, segment in weak:
        if all((within & other).sum() <= SAME_ROWS * (within | other).sum() for other, _ in kept):
            kept.append((within, segment))
    return tuple(segment for _, segment in kept[:MOST_WEAKEST])


def _independent(evidence: Evidence, side: np.ndarray) -> int:
    """Count what is drawn on its own in a resample: groups where there are any, else rows."""
    groups = evidence.groups
    return int(side.sum()) if groups is None else len(np.unique(groups[side]))
