"""Boxes (an interval for each number of the inputs or of a node), and bounds of rounding errors.

Bounds computed in floating point are widened by the most that the rounding of sums can add up to.

Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002,
chapters 2 and 3. Overflow is outside this model; underflow is covered by :data:`UNDERFLOW`.

Shapes: B boxes, n numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FLOAT64 = 2.0**-53
"""Unit roundoff u: a result of float64 arithmetic is the exact one times 1 + δ, |δ| ≤ u."""

FLOAT32 = 2.0**-24

UNDERFLOW = {FLOAT64: 2.0**-1000, FLOAT32: 2.0**-100, 0.0: 0.0}
"""For each unit roundoff, a number larger than the total of all underflows in one sum.

An underflow is off by at most 2⁻¹⁰⁷⁴ in float64 and by 2⁻¹⁴⁹ in float32, or by 2⁻¹⁰²² and 2⁻¹²⁶
where numbers below those are flushed to 0; a sum of up to 2²⁰ products is within these.
"""


def gamma(terms: int, unit: float) -> float:
    """Return γ_n = n u / (1 − n u), which bounds the relative error of n operations in a row.

    A sum of n products, in any order and with or without fused operations, is within
    γ_n Σ |x| |w| of the exact one (Higham, equation 3.5).
    """
    assert terms * unit < 0.5
    return terms * unit / (1.0 - terms * unit)


class Box(NamedTuple):
    """Numbers low ≤ z ≤ high, both of shape [B, n]."""

    low: np.ndarray
    high: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest |z|."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def widened(self, slack: np.ndarray) -> Box:
        """Return a box widened by a slack [B or 1, n] and by the rounding of that addition."""
        slack = slack + 2 * FLOAT64 * (self.size + slack) + UNDERFLOW[FLOAT64]
        return Box(self.low - slack, self.high + slack)
