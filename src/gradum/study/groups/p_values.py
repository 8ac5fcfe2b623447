"""P-values of differences of groups: all groups of a column by one measure counted together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtr

TAIL = 0.1
"""The share of draws, the farthest, by whose distances probabilities beyond them are told."""


def p_values(
    columns: Sequence[str],
    comparable: np.ndarray,
    differences: np.ndarray,
    freedom: np.ndarray,
    resampled: np.ndarray,
    permuted: np.ndarray,
) -> np.ndarray:
    """Return p-values (s, k) of s groups by k measures.

    A column's groups by one measure are one family. In it a difference has the larger of two
    p-values. One is Student's, in bootstrapped standard errors, of as many groups as there are
    (Bonferroni), or the probability that resamples bring any group as far (max-t), if that is
    less. The other is the probability that random groups of the same sizes bring any as far.

    Parameters
    ----------
    columns : sequence of str
        The column of each of the s groups.
    comparable : boolean ndarray of shape (s, k)
        Others have no p-value: NaN.
    differences : ndarray of shape (s, k)
        The values of the groups less those of all other rows.
    freedom : ndarray of shape (s,)
        Of Student's distribution.
    resampled : ndarray of shape (s, k, B)
        How far the differences lie from their own values in resamples.
    permuted : ndarray of shape (s, k, B)
        Those of random groups; all 0 where rows belong together and are not permuted.
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
    """Return the p-values (g,) of differences in their standard errors."""
    errors = np.array([draws[np.isfinite(draws)].std(ddof=1) for draws in resampled])
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.nan_to_num(np.abs(apart) / errors, posinf=np.inf)
        drawn = np.nan_to_num(np.abs(resampled) / errors[:, None], posinf=0.0).max(axis=0)
    alone = 2.0 * stdtr(freedom, -far)
    together = [tail_probability(drawn, -ndtri(p / 2)) for p in alone.tolist()]
    return np.minimum(np.minimum(len(apart) * alone, together), 1.0)


def _by_chance(apart: np.ndarray, permuted: np.ndarray) -> np.ndarray:
    """Return the probabilities (g,) that any random group lies as far out, to either side.

    A side is measured by the root mean square of the draws to it.
    """
    if not permuted.any():
        return np.zeros(len(apart))
    sides = np.nan_to_num(np.stack([-permuted, permuted], axis=1)).clip(min=0.0)  # (g, 2, B)
    scale = np.sqrt(np.mean(sides**2, axis=2))
    scale = np.where(scale > 0, scale, np.inf)
    farthest = (sides / scale[:, :, None]).max(axis=(0, 1))
    own = (np.stack([-apart, apart], axis=1) / scale).max(axis=1)
    return np.array([tail_probability(farthest, far) for far in own.tolist()])


def tail_probability(draws: np.ndarray, far: float) -> float:
    """Return P(D ≥ far) from B draws of D: their share, and an exponential tail beyond most.

    (1 + #{D ≥ far}) / (1 + B) up to their quantile q of 1 − `TAIL`; beyond it
    `TAIL` exp(−(far − q) / e), with e the mean of what exceeds q, as B draws tell no probability
    below 1 / B. Tails of maxima of means fall faster. Source: T. A. Knijnenburg and others, Fewer
    permutations, more accurate P-values (Bioinformatics 25, 2009), of Pareto's tail with shape 0.
    """
    start = float(np.quantile(draws, 1.0 - TAIL))
    excess = draws[draws > start] - start
    if far <= start or not len(excess):
        return float((1 + np.count_nonzero(draws >= far)) / (1 + len(draws)))
    return float(TAIL * np.exp(-(far - start) / excess.mean()))
