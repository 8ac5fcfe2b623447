"""Exact tests of whether groups of rows are covered less than the rest, with Holm's correction.

Among n judged rows, each compared with the scores of the others, the number covered is fixed: those
with the least ⌈(1 − α) n⌉ scores. If rows are exchangeable, chance decides which ones these are. So
the number covered within a group of m rows is hypergeometric: m draws without replacement from n
rows of which that many are covered. Among m new rows, which had no part in the threshold, the
number covered is beta-binomial.

Sources: Vovk, Conditional validity of inductive conformal predictors (Machine Learning 92, 2013)
for the beta-binomial law; Holm, A simple sequentially rejective multiple test procedure (1979).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, gammaln

from gradum.margins import EQUAL
from gradum.run.intervals.conformal.law import beta_binomial
from gradum.scores.interval import Interval


def shortfall_of_judged(covered: np.ndarray, inside: np.ndarray, strata: np.ndarray) -> float:
    """Return the probability that a group of judged rows is covered as rarely as it is, or less.

    The numbers covered in several strata, each with a threshold of its own, are hypergeometric and
    add up, so their distributions are convolved.

    Parameters
    ----------
    covered, inside : boolean ndarray of shape (n,)
        Which rows are covered, and which belong to the group.
    strata : ndarray of shape (n,)
        Which rows share a threshold.
    """
    law = np.ones(1)
    for stratum in np.unique(strata[inside]):
        rows = strata == stratum
        drawn = int(np.count_nonzero(rows & inside))
        among = int(np.count_nonzero(rows)), int(np.count_nonzero(rows & covered))
        law = np.convolve(law, _hypergeometric(*among, drawn))
    within = int(np.count_nonzero(covered & inside))
    return min(float(law[: within + 1].sum()), 1.0)


def _hypergeometric(rows: int, covered: int, drawn: int) -> np.ndarray:
    """Return the probabilities (m + 1,) that 0 … m of m rows drawn from n are covered.

    C(K, x) C(n − K, m − x) / C(n, m), where K of the n rows are covered. SciPy's version takes a
    second if there are many rows and groups.
    """
    counts = np.arange(drawn + 1)
    ways = _log_choices(covered, counts) + _log_choices(rows - covered, drawn - counts)
    return np.exp(ways - _log_choices(rows, np.array(drawn)))


def _log_choices(n: int, k: np.ndarray) -> np.ndarray:
    """Return log C(n, k); −∞ where k > n."""
    choices = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)
    return np.where(k <= n, choices, -np.inf)


def shortfall_of_new(covered: int, rows: int, judged: int, coverage: float) -> float:
    """Return P(at most so many of m new rows are covered) for a threshold from n judged rows.

    The number covered is beta-binomial with m trials, k and n + 1 − k, where k = ⌈(1 − α)(n + 1)⌉:
    the share that a threshold covers is Beta(k, n + 1 − k), and rows fall below it independently.
    Equal scores make the true probability smaller. Where k > n all rows are covered.

    Parameters
    ----------
    covered, rows : int
        The number of covered new rows, and of new rows.
    judged : int
        n.
    coverage : float
        1 − α.
    """
    rank = int(np.ceil(coverage * (judged + 1) * (1 - EQUAL)))
    if rank > judged:
        return 1.0 if covered >= rows else 0.0
    law = beta_binomial(rows, rank, judged + 1 - rank)
    return min(float(law[: covered + 1].sum()), 1.0)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values (k,) for comparison with one common level.

    Of the sorted p-values, the i-th is multiplied by k + 1 − i, and no later one may be smaller.
    Whatever the dependence, the probability that any true hypothesis falls below the level is at
    most that level.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def exact_share(covered: int, rows: int) -> Interval:
    """Return the share of rows covered, with its exact 95% interval (Clopper and Pearson)."""
    share, missed = covered / rows, rows - covered
    low = float(betaincinv(covered, missed + 1, 0.025)) if covered else 0.0
    high = float(betaincinv(covered + 1, missed, 0.975)) if missed else 1.0
    return Interval(share, low, high, float(np.sqrt(share * (1 - share) / rows)))
