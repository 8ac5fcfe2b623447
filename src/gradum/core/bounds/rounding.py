"""Bounds of the rounding of sums in floating-point arithmetic, by which others are widened.

Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002,
chapters 2 and 3. Overflow is outside this model; underflow is covered by :data:`UNDERFLOW`.
"""

from __future__ import annotations

FLOAT64 = 2.0**-53
"""Unit roundoff u: a result of float64 arithmetic is the exact one times 1 + δ, |δ| ≤ u."""

FLOAT32 = 2.0**-24

UNDERFLOW = {FLOAT64: 2.0**-1000, FLOAT32: 2.0**-100, 0.0: 0.0}
"""By unit roundoff, more than all underflows in one sum add up to.

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
