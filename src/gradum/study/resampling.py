"""Resamples and subsets of the judged rows: how far scores and differences vary by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtr

from gradum.scores.interval import Basis, Interval, Sampled, Shares, interval, of_shares
from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting
from gradum.study.evidence import Evidence

ROWS_FOR_INTERVALS = 40_000
RESAMPLES = 250

ERROR = 0.05

TAIL = 0.1
"""The share of draws, the most extreme ones, from which smaller probabilities are extrapolated."""


def places_to_redraw(evidence: Evidence, study: str) -> np.ndarray:
    """Choose all rows, or `ROWS_FOR_INTERVALS` at random, since more only cost time.

    The intervals are then those of the sample, wider than those of all rows.
    """
    rows = len(evidence)
    if rows <= ROWS_FOR_INTERVALS:
        return np.arange(rows)
    chosen = evidence.rng(f"{study} rows").choice(rows, ROWS_FOR_INTERVALS, replace=False)
    return np.sort(chosen)


def redrawn(evidence: Evidence, places: np.ndarray, study: str) -> Iterator[np.ndarray]:
    """Weight the rows at m positions as they are, then as each resample of the judge draws them.

    Parameters
    ----------
    places : ndarray of shape (m,)
        Positions, in the order in which the weights are wanted.
    study : str
        Names the stream of random numbers.

    Yields
    ------
    ndarray of shape (b, m)
        Weights; the first line of the first array holds the rows' own weights.
    """
    weight = evidence.weight[places]
    yield weight[None, :]
    resamples = evidence.resamples(study, places)
    for counts in replace(resamples, count=min(resamples.count, RESAMPLES)):
        counts *= weight
        yield counts


def around(value: float, drawn: np.ndarray) -> Interval:
    """Give a value for all rows the spread of its resampled values.

    Parameters
    ----------
    value : float
        The value for all rows.
    drawn : ndarray of shape (1 + B,)
        The value of the sampled rows, then of their resamples; they are moved so that the first
        is ``value``.
    """
    return interval(value, drawn[1:] + (value - drawn[0]))


def share_around(value: float, drawn: np.ndarray, basis: Basis, rows: float) -> Interval:
    """Give a share among all rows its interval, as the judge does.

    Parameters
    ----------
    value, drawn : float, ndarray of shape (1 + B,)
        As in `around`.
    basis : Basis
        The rows that the share refers to.
    rows : float
        How many of these rows it rests on.
    """
    draws = drawn[1:] + (value - drawn[0])
    shares = Shares(np.array([value]), draws[:, None], np.array([rows]))
    return of_shares(Sampled(value, draws, basis, shares=shares))


@dataclass(frozen=True, eq=False)
class Subset:
    """Some of n rows; ``places`` are their positions among the n."""

    places: np.ndarray
    outcome: Outcome

    @classmethod
    def of(cls, evidence: Evidence, rows: np.ndarray, mask: np.ndarray) -> Subset:
        """Take the rows, among n judged rows given by position, where a mask (n,) holds."""
        places = np.flatnonzero(mask)
        chosen = rows[places]
        return cls(places, evidence.outcome_of(chosen, evidence.prediction.take(chosen)))

    def weighting(self, weights: np.ndarray) -> Weighting:
        """Return the subset's rows under weights (B, n) of the n rows."""
        return Weighting(self.outcome, weights.take(self.places, axis=1))


def independent(evidence: Evidence, side: np.ndarray) -> int:
    """Count the units that a resample draws independently: groups if there are any, else rows."""
    groups = evidence.groups
    return int(side.sum()) if groups is None else len(np.unique(groups[side]))


def farthest_by_chance(drawn: np.ndarray) -> np.ndarray:
    """Return how far below and above zero differences may lie by chance, all at once: (s, 2).

    Parameters
    ----------
    drawn : ndarray of shape (s, B)
        The differences of s subsets in B permutations of the rows. In 95% of them no difference
        lies farther out, when each is measured by the root mean square of its own draws to that
        side.
    """
    scale, farthest = _to_either_side(drawn)
    return scale * np.quantile(farthest, 1.0 - ERROR)


def _to_either_side(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return root mean squares (s, 2) of draws (s, B) below and above zero, and the farthest (B,).

    The farthest are in units of these root mean squares, the largest over both sides and all s.
    """
    sides = np.nan_to_num(np.stack([-drawn, drawn], axis=1)).clip(min=0.0)
    scale = np.sqrt(np.mean(sides**2, axis=2))
    return scale, np.max(sides / np.where(scale > 0, scale, 1.0)[:, :, None], axis=(0, 1))


def p_values(
    columns: Sequence[str],
    comparable: np.ndarray,
    differences: np.ndarray,
    freedom: np.ndarray,
    resampled: np.ndarray,
    permuted: np.ndarray,
) -> np.ndarray:
    """Return p-values (s, k) of s groups by k measures.

    A column's groups form one family for each measure. Within it, a difference has the larger of
    two p-values. One is Student's, in bootstrapped standard errors, corrected for the number of
    groups (Bonferroni), or the probability that resamples move any group as far (max-t), if that is
    smaller. The other is the probability that any of the random groups of the same sizes lies as
    far out.

    Parameters
    ----------
    columns : sequence of str
        The column of each of the s groups.
    comparable : boolean ndarray of shape (s, k)
        Where this is false, the p-value is NaN.
    differences : ndarray of shape (s, k)
        The values of the groups less those of all other rows.
    freedom : ndarray of shape (s,)
        Degrees of freedom of Student's distribution.
    resampled : ndarray of shape (s, k, B)
        How far the differences in resamples lie from their actual values.
    permuted : ndarray of shape (s, k, B)
        The differences of random groups; all 0 if rows belong together and are not permuted.
    """
    found = np.full(comparable.shape, np.nan)
    for column in dict.fromkeys(columns):
        of_column = np.array([name == column for name in columns])
        for kind in range(comparable.shape[1]):
            family = np.flatnonzero(of_column & comparable[:, kind])
            if len(family):
                apart = differences[family, kind]
                student = _by_student(apart, freedom[family], resampled[family, kind])
                found[family, kind] = np.maximum(student, _by_chance(apart, permuted[family, kind]))
    return found


def _by_student(apart: np.ndarray, freedom: np.ndarray, resampled: np.ndarray) -> np.ndarray:
    """Return the p-values (g,) of differences, measured in their standard errors."""
    errors = np.array([draws[np.isfinite(draws)].std(ddof=1) for draws in resampled])
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.nan_to_num(np.abs(apart) / errors, posinf=np.inf)
        drawn = np.nan_to_num(np.abs(resampled) / errors[:, None], posinf=0.0).max(axis=0)
    alone = 2.0 * stdtr(freedom, -far)
    together = [tail_probability(drawn, -ndtri(p / 2)) for p in alone.tolist()]
    return np.minimum(np.minimum(len(apart) * alone, together), 1.0)


def _by_chance(apart: np.ndarray, permuted: np.ndarray) -> np.ndarray:
    """Return the probabilities (g,) that any random group lies as far out to either side.

    Each side is measured by the root mean square of the draws to it.
    """
    if not permuted.any():
        return np.zeros(len(apart))
    scale, farthest = _to_either_side(permuted)
    own = (np.stack([-apart, apart], axis=1) / np.where(scale > 0, scale, np.inf)).max(axis=1)
    return np.array([tail_probability(farthest, far) for far in own.tolist()])


def tail_probability(draws: np.ndarray, far: float) -> float:
    """Return P(D ≥ far) from B draws of D: their share, with an exponential tail beyond most draws.

    (1 + #{D ≥ far}) / (1 + B) up to their quantile q of 1 − `TAIL`; beyond it
    `TAIL` exp(−(far − q) / e), with e the mean of what exceeds q, as B draws show no probability
    below 1 / B. Tails of maxima of means fall faster. Source: T. A. Knijnenburg and others, Fewer
    permutations, more accurate P-values (Bioinformatics 25, 2009), of Pareto's tail with shape 0.
    """
    start = float(np.quantile(draws, 1.0 - TAIL))
    excess = draws[draws > start] - start
    if far <= start or not len(excess):
        return float((1 + np.count_nonzero(draws >= far)) / (1 + len(draws)))
    return float(TAIL * np.exp(-(far - start) / excess.mean()))
