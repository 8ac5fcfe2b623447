"""The law of conformal coverage: its lower bound, and its range on many new rows.

Split conformal intervals take the k-th smallest of n scores. Their coverage depends on the judged
rows: it is distributed as Beta(k, n + 1 − k), or is greater if scores are equal. So of M new rows,
BetaBinomial(M, k, n + 1 − k) are covered. Source: Vovk, Conditional validity of
inductive conformal predictors (ACML, 2012).

For CV+ with K judges, let p_j be the p-value of judge j among its n_j rows. A new row is left out
only if Σ (n_j + 1) p_j ≤ α (n + 1) + K − 1. A mean of p-values is at most a with a probability of
at most 2a, whatever their weights (Vovk, Wang, Combining p-values via averaging, Biometrika 107,
2020). So the coverage is at least 1 − 2 (α (n + 1) + K − 1) / (n + K); it is also at least 1 − 2α −
(1 − K / n) / (K + 1) by Barber et al., Theorem 4 (Annals of Statistics 49, 2021).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaln

from gradum.run.intervals.conformal.score_list import wanted_mass

NEW_ROWS = 1_000
SURE = 0.95


def fewest_scores(coverage: float) -> int:
    """Return how many scores an interval of finite length needs: n ≥ (1 − α) / α."""
    n = max(math.floor(coverage / (1 - coverage)) - 1, 1)
    while wanted_mass(coverage, n, 1.0) > n:
        n += 1
    return n


def split_range(coverage: float, scores: int) -> tuple[float, float]:
    """Return the shares of `NEW_ROWS` rows between which coverage lies in 95 of 100 cases.

    In each case, the judged rows and the new ones are drawn anew. `scores` must suffice for the
    coverage.
    """
    rank = math.ceil(wanted_mass(coverage, scores, 1.0))
    at_most = np.cumsum(beta_binomial(NEW_ROWS, rank, scores + 1 - rank))
    low, high = np.searchsorted(at_most, [(1 - SURE) / 2, (1 + SURE) / 2]) / NEW_ROWS
    return float(low), float(high)


def beta_binomial(trials: int, a: float, b: float) -> np.ndarray:
    """Return the probabilities of 0 to ``trials`` successes, (trials + 1,), at rates Beta(a, b).

    C(m, x) B(x + a, m − x + b) / B(a, b), as in `scipy.stats.betabinom`, which takes half a second
    to import.
    """
    x = np.arange(trials + 1)
    combinations = -betaln(x + 1, trials - x + 1) - np.log(trials + 1)
    return np.exp(combinations + betaln(x + a, trials - x + b) - betaln(a, b))


def cross_bound(coverage: float, scores: float, folds: int) -> float:
    """Return the lower bound on the coverage of CV+.

    Parameters
    ----------
    coverage : float
        1 − α, the coverage aimed at.
    scores : float
        n: the number of rows or groups, or the total weight in units of a new row's.
    folds : int
        K, at most n.
    """
    alpha = 1 - coverage
    by_mean = 1 - 2 * (alpha * (scores + 1) + folds - 1) / (scores + folds)
    by_ends = 1 - 2 * alpha - (1 - folds / scores) / (folds + 1)
    return max(by_mean, by_ends, 0.0)
