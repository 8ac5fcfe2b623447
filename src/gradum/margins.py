"""Margins for rounding, and decisions that do not depend on the last digits.

The last bits of a sum depend on the order in which a processor adds its terms. A decision that
compares two numbers allows for this: numbers count as equal if rounding may have caused their
difference, and the first of equal numbers is chosen. The size of this difference follows from three
facts, with eps = 2⁻⁵².

- A given number x is known to within eps |x|, its last digit. So a column with root mean square m
  is known to within eps m, which is much of its spread s if the column is far from 0.
- A sum of n terms is known to within n eps times the sum of their sizes, which is a share `EQUAL`
  for up to four million terms.
- A column that is a combination of others with factors f is known to within all their errors
  together: eps (m + Σ |f| m'). If the columns are ill-conditioned, the factors are large, and so is
  this.
  Source: Higham, Accuracy and Stability of Numerical Algorithms (SIAM, 2002), sections 3.1, 7.2.
"""

from __future__ import annotations

import math

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
EQUAL = 1e-9  # of their size, by which sums that should be equal may differ
LAST_DIGITS = 1e-12  # the same for one row's answer, a sum over columns
STILL = 1e-13  # of its mean: a column that varies less is constant (a few hundred last digits)
TIMES = 4.0  # the last digit: each number may be a rounded sum of rounded numbers


def of_sums(terms: int, *, most: float = 1.0) -> float:
    """Return n eps, or ``most`` if less: how well sums of products over n rows are known."""
    return min(terms * EPSILON, most)


def of_dependence(factors: np.ndarray, size: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how long a column's remainder may be if others determine it exactly, [m].

    Parameters
    ----------
    factors : ndarray of shape (k, m)
        The factors by which k columns, in units of their spreads, give m others, in units of
        theirs.
    size : ndarray of shape (k,)
        The k columns' root mean squares about 0 in units of their spreads, from `sizes`.
    others : ndarray of shape (m,)
        The same for the m others.
    """
    return TIMES * EPSILON * (others + size @ np.abs(factors))


def sizes(centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return columns' root mean squares about 0 in units of their spread, √(1 + (m / s)²), [d]."""
    return np.hypot(1.0, centre / scale)


def first_least(values: np.ndarray, *, scale: float | None = None) -> np.ndarray:
    """Return the places of the least values along the last axis; the first among equals.

    Parameters
    ----------
    values : ndarray of shape (..., n)
    scale : float, optional
        Values are equal if they differ by at most a share `EQUAL` of this size; by default, of the
        least value's size.
    """
    values = np.asarray(values)
    if values.size == values.shape[-1]:  # one row: the same by itself, in a third of the time
        return _first_least(values.ravel(), scale).reshape(values.shape[:-1])
    least = values.min(axis=-1, keepdims=True)
    size = np.where(np.isfinite(least), np.abs(least) if scale is None else scale, 0.0)
    # With a NaN no value is least; the place is then that of the first NaN, as in NumPy's argmin.
    return np.where(
        np.isnan(least[..., 0]),
        values.argmin(axis=-1),
        (values <= least + EQUAL * size).argmax(axis=-1),
    )


def _first_least(values: np.ndarray, scale: float | None) -> np.ndarray:
    least = values.min()
    if np.isnan(least):
        return np.asarray(values.argmin())
    size = (abs(least) if scale is None else scale) if np.isfinite(least) else 0.0
    return np.asarray((values <= least + EQUAL * size).argmax())


def first_greatest(values: np.ndarray, *, scale: float | None = None) -> np.ndarray:
    """Return the places of the greatest values along the last axis; the first among equals."""
    return first_least(-np.asarray(values), scale=scale)


def falls(value: float, least: float) -> bool:
    """Whether a value is below the previous least by more than the rounding of their sums."""
    return value < least - EQUAL * abs(least) if math.isfinite(least) else value < least


def falling(values: np.ndarray, *, equal: float = EQUAL) -> np.ndarray:
    """Return the order (n,) from the greatest value to the least; equals keep their order."""
    order = np.argsort(-values, kind="stable")
    return order[np.lexsort((order, distinct(values[order], equal=equal)))]


def distinct(ordered: np.ndarray, *, equal: float = EQUAL) -> np.ndarray:
    """Return numbers for rising or falling values (n,), from 0 on; equal values share one.

    Values are equal to their neighbours if they differ by at most a share ``equal`` of their size.
    """
    size = np.maximum(np.abs(ordered[1:]), np.abs(ordered[:-1]))
    apart = np.abs(np.diff(ordered)) > equal * size
    return np.concatenate([[0], np.cumsum(apart)])[: len(ordered)]
