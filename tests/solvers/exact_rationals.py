"""Least squares in rational arithmetic: the truth to the last digit, for small problems."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def rationals(values: np.ndarray) -> list[list[Fraction]]:
    """Return the numbers [n, k] that float64 holds, as they are."""
    return [[Fraction(value) for value in row] for row in np.asarray(values, float).tolist()]


def solve(
    columns: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray | None = None,
    alpha: float = 0.0,
    *,
    intercept: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (b, b0) and (X̃ᵀWX̃ + ½ alpha I₀)⁻¹, rounded once each; W sums to 1."""
    ones = np.ones((len(columns), int(intercept)))
    x, y = rationals(np.hstack([columns, ones])), rationals(target[:, None])
    weights = rationals((np.ones(len(y)) if weight is None else weight)[:, None])
    shares = [share / sum(w for (w,) in weights) for (share,) in weights]
    size = len(x[0])
    rows = []
    for i in range(size):
        gram = [sum(w * r[i] * r[j] for w, r in zip(shares, x, strict=True)) for j in range(size)]
        if i < columns.shape[1]:
            gram[i] += Fraction(alpha) / 2
        cross = sum(w * r[i] * t for w, r, (t,) in zip(shares, x, y, strict=True))
        rows.append([*gram, cross, *(Fraction(int(i == j)) for j in range(size))])
    for i in range(size):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(size):
            if k != i:
                factor = rows[k][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    answer = np.array([[float(value) for value in row[size:]] for row in rows])
    return answer[:, 0], answer[:, 1:]
