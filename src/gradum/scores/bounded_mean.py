"""An interval for the mean of numbers with known bounds, valid for any distribution between them.

Of n independent numbers x in [0, 1] with mean m, each wealth W_c(m) = ∏ (1 + c (x − m) / m) with a
bet c in [0, 1] is at least 0 and has the expectation 1. So has a mixture W = Σ w_c W_c, and
W(m) ≥ 2/α happens with probability α/2 at most (Markov). The m at which it does not happen reach
from a lower end up, since W_c falls as m rises. The upper end is the lower one of 1 − x, turned
round. Where all n numbers are at the upper bound, the lower end is about (0.4 α/2)^(1/n), or 0.955
for n = 100 and α = 5%; no valid one is above (α/2)^(1/n), or 0.964.

Source: I. Waudby-Smith and A. Ramdas, Estimating means of bounded random variables by betting,
2023.
"""

from __future__ import annotations

import numpy as np

from gradum.scores.interval import LEVEL, Interval

BETS = np.array([1.0, 0.9, 0.75, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015])
WEIGHTS = np.array([0.4, *[0.075] * 8])
"""The bets c and their weights: the whole wealth pays most where no number is far below the mean,
and smaller bets where some are."""

HALVINGS = 40


def bounded_mean(values: np.ndarray, low: float, high: float, level: float = LEVEL) -> Interval:
    """Return the mean of values (n,), all within the bounds, with its interval.

    It contains the true mean with at least the probability ``level``, for any n.
    """
    value, spread = float(values.mean()), high - low
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    shares = np.clip((values - low) / spread, 0.0, 1.0)
    risk = (1.0 - level) / 2
    least, most = _lower(shares, risk), 1.0 - _lower(1.0 - shares, risk)
    return Interval(value, min(low + spread * least, value), max(low + spread * most, value), error)


def _lower(shares: np.ndarray, risk: float) -> float:
    """Return the lower end for numbers (n,) in [0, 1]: where the log of the wealth is −ln risk."""

    def refuted(mean: float) -> bool:
        factors = 1.0 + BETS[:, None] * (shares - mean) / mean
        with np.errstate(divide="ignore"):
            wealth = np.log(WEIGHTS) + np.log(factors).sum(axis=1)
        return bool(np.logaddexp.reduce(wealth) >= -np.log(risk))

    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low
