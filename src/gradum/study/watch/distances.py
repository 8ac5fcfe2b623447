"""Distances between two distributions of counts, with their p-values.

Every p-value here is exact or larger than the exact one: ties, whole numbers and few rows never
make it smaller. The reference has n rows; m rows are new.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.05
FEWEST_EXPECTED = 5
FEWEST_FOR_CHI_SQUARE = 10
DRAWS = (999, 9_999)
MOST_P_OF_FEW_DRAWS = 0.02
PSI_BINS = 10


class Distance(NamedTuple):
    """The distance of two distributions, the least distance that could be shown, p, and the PSI."""

    size: float
    least_size: float
    p: float
    psi: float


NO_ROWS = Distance(0.0, 1.0, 1.0, 0.0)


def between_numbers(reference: np.ndarray, new: np.ndarray) -> Distance:
    """Compare two rows of counts (k,) between quantiles."""
    n, m = int(reference.sum()), int(new.sum())
    if not n or not m:
        return NO_ROWS
    return Distance(
        kolmogorov(reference, new),
        least_kolmogorov(n, m),
        numbers_p(reference, new),
        stability(*(_tenths(reference, counts) for counts in (reference, new))),
    )


def between_levels(reference: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> Distance:
    """Compare two rows of counts (k,) of levels; ``rng`` makes draws that a p-value may need."""
    n, m = int(reference.sum()), int(new.sum())
    if not n or not m:
        return NO_ROWS
    return Distance(
        total_variation(reference, new),
        least_total_variation(n, m, int(np.count_nonzero(reference + new))),
        levels_p(reference, new, rng),
        stability(reference, new),
    )


def effective(n: int, m: int) -> float:
    """Return n m / (n + m), the effective number of rows of two samples."""
    return n * m / (n + m)


def kolmogorov(reference: np.ndarray, new: np.ndarray) -> float:
    """Return D = max |F − G| of two rows of counts (k,), with F and G the shares up to a bin."""
    return float(np.abs(_cumulated(reference) - _cumulated(new)).max())


def kolmogorov_p(distance: float, n: int, m: int) -> float:
    """Return 2 exp(−2 D² n m / (n + m)), a bound of P(at least D) for any distribution.

    D over a few points is at most D over all points, for which the bound holds. Source: F. Wei, R.
    M. Dudley, Two-sample Dvoretzky–Kiefer–Wolfowitz inequalities (Statistics & Probability Letters
    82, 2012).
    """
    return float(min(1.0, 2 * np.exp(-2 * effective(n, m) * distance**2)))


def least_kolmogorov(n: int, m: int) -> float:
    """Return the least D with p = 5% on its own: 1.36 √((n + m) / (n m))."""
    return float(min(1.0, np.sqrt(np.log(2 / LEVEL) / 2 / effective(n, m))))


def ranks_p(reference: np.ndarray, new: np.ndarray) -> float:
    """Return a bound of the p-value for the difference of mean ranks, over bins of counts (k,).

    Ranks are taken over all rows together, and ties share their rank. The bound is Bernstein's: it
    is close to the normal p-value where that is valid, and also valid if few rows differ from the
    others. Source: S. Boucheron, G. Lugosi, P. Massart, Concentration Inequalities (2013), section
    2.8.
    """
    n, m = int(reference.sum()), int(new.sum())
    together = (reference + new) / (n + m)
    rank = np.cumsum(together) - together / 2 - 0.5
    difference = abs(rank @ new / m - rank @ reference / n)
    variance = together @ rank**2 / effective(n, m)
    most = np.abs(rank[together > 0]).max(initial=0.0) / min(n, m)
    bound = variance + most * difference / 3
    return float(min(1.0, 2 * np.exp(-(difference**2) / (2 * bound)))) if bound > 0 else 1.0


def numbers_p(reference: np.ndarray, new: np.ndarray) -> float:
    """Return the p-value of two rows of counts between quantiles, for a shift or any difference.

    It is the smaller p-value of ranks and of D, doubled because the better of two was taken.
    """
    n, m = int(reference.sum()), int(new.sum())
    of_shape = kolmogorov_p(kolmogorov(reference, new), n, m)
    return min(1.0, 2 * min(of_shape, ranks_p(reference, new)))


def total_variation(reference: np.ndarray, new: np.ndarray) -> float:
    """Return TV = ½ Σ |p − q| of the shares: the share of rows that have another level."""
    return float(np.abs(_shares(reference) - _shares(new)).sum() / 2)


def least_total_variation(n: int, m: int, cells: int) -> float:
    """Return ½ √(χ² (n + m) / (n m)), with χ² the 95% quantile for k − 1 degrees of freedom.

    A TV of at least this is beyond chance at 5% on its own, whatever the shares are: by Cauchy and
    Schwarz, Pearson's statistic is at least 4 TV² n m / (n + m).
    """
    if cells < 2:
        return 1.0
    most = stats.chi2.isf(LEVEL, cells - 1)
    return float(min(1.0, np.sqrt(most / effective(n, m)) / 2))


def levels_p(reference: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> float:
    """Return the p-value for two rows of counts (k,) of levels drawn from the same shares.

    For two levels it is Fisher's. For more it is that of Pearson's χ²; if a level is expected less
    than 10 times, it is taken among random divisions of the same rows.
    """
    n, m = int(reference.sum()), int(new.sum())
    counts = _enough_each(np.stack([reference, new]))
    if counts.shape[1] < 2:
        return 1.0
    if counts.shape[1] == 2:
        return share_p(int(counts[0, 0]), n, int(counts[1, 0]), m)
    together = counts.sum(axis=0)
    expected = together * m / (n + m)
    statistic = _pearson(counts[1], expected)
    if together.min() * min(n, m) / (n + m) >= FEWEST_FOR_CHI_SQUARE:
        whole = statistic * (n + m) / n
        return float(stats.chi2.sf(whole, len(together) - 1))
    p = 1.0
    for draws in DRAWS:
        drawn = rng.multivariate_hypergeometric(together, m, size=draws, method="marginals")
        as_far = _pearson(drawn, expected) >= statistic * (1 - 1e-9)
        p = float((1 + np.count_nonzero(as_far)) / (1 + draws))
        if p > MOST_P_OF_FEW_DRAWS:
            break
    return p


def share_p(some: int, n: int, others: int, m: int) -> float:
    """Return Fisher's exact p-value for ``some`` of n rows and ``others`` of m rows."""
    table = [[some, n - some], [others, m - others]]
    return float(stats.fisher_exact(table)[1])  # type: ignore[arg-type] - for a two-by-two table


def more_p(some: int, n: int, others: int, m: int) -> float:
    """Return Fisher's exact p-value for ``others`` of m being a larger share than ``some`` of n."""
    return float(stats.hypergeom.sf(others - 1, n + m, some + others, m))


def stability(reference: np.ndarray, new: np.ndarray) -> float:
    """Return the population stability index Σ (q − p) ln(q / p) for shares of counts (k,).

    Half a row is added to each count, so that no share is 0.
    """
    p, q = _shares(reference + 0.5), _shares(new + 0.5)
    return float((q - p) @ np.log(q / p))


def _tenths(reference: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Join neighbouring bins until each has about a tenth of the reference's rows."""
    before = np.cumsum(reference) - reference
    places = np.minimum(before * PSI_BINS // max(int(reference.sum()), 1), PSI_BINS - 1)
    return np.bincount(np.unique(places, return_inverse=True)[1], weights=counts)


def _enough_each(counts: np.ndarray) -> np.ndarray:
    """Join the levels (2, k) that are expected fewer than five times in either sample."""
    together, rows = counts.sum(axis=0), counts.sum(axis=1)
    few = together * rows.min() / rows.sum() < FEWEST_EXPECTED
    joined = counts[:, few].sum(axis=1, keepdims=True)
    return np.concatenate([counts[:, ~few], joined], axis=1) if joined.any() else counts[:, ~few]


def _pearson(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return ((counts - expected) ** 2 / expected).sum(axis=-1)


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / max(counts.sum(), 1)


def _cumulated(counts: np.ndarray) -> np.ndarray:
    return np.cumsum(counts) / max(counts.sum(), 1)
