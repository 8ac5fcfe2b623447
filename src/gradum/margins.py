"""Margins of rounding, and decisions that do not hang on the last digits.

The last bits of a sum depend on the order in which a processor takes its terms. A decision that
compares two numbers allows for that: what differs by less than rounding may have brought counts as
equal, and of equals the first counts. How much that is follows from three facts, with eps = 2⁻⁵².

- A number x as given is known to eps |x|, its last digit. So a column of root mean square m is
  known to eps m, which is much of its spread s where the column lies far from 0.
- A sum of n terms is known to n eps times the sum of their sizes: to `EQUAL` of it for up to four
  million terms.
- A column that others give by factors f is known as well as all of them together:
  eps (m + Σ |f| m'). Where the columns are ill-conditioned the factors are large, and so is that.
  Source: Higham, Accuracy and Stability of Numerical Algorithms (SIAM, 2002), sections 3.1, 7.2.
"""

from __future__ import annotations

import math

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
EQUAL = 1e-9  # of their size, by which sums that ought to be equal may differ
LAST_DIGITS = 1e-12  # the same of what one row says, a sum over columns
STILL = 1e-13  # of its mean, within which a column does not vary: a few hundred last digits
TIMES = 4.0  # the last digit: each number may be a rounded sum of rounded numbers


def of_sums(terms: int, *, most: float = 1.0) -> float:
    """Return n eps, or ``most`` if that is less: how well sums of products of n rows are known."""
    return min(terms * EPSILON, most)


def of_dependence(factors: np.ndarray, size: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how long a column's rest may be if the other columns give it exactly, [m].

    Parameters
    ----------
    factors : ndarray of shape (k, m)
        By which k columns, in units of their spreads, give m others, in those of theirs.
    size : ndarray of shape (k,)
        The k columns' root mean squares about 0 in units of their spreads, `sizes`.
    others : ndarray of shape (m,)
        The same of the m others.
    """
    return TIMES * EPSILON * (others + size @ np.abs(factors))


def sizes(centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return columns' root mean squares about 0 in units of their spread, √(1 + (m / s)²), [d]."""
    return np.hypot(1.0, centre / scale)


def first_least(values: np.ndarray, *, scale: float | None = None) -> np.ndarray:
    """Return the places of the least along the last axis; of equals, the first.

    Parameters
    ----------
    values : ndarray of shape (..., n)
    scale : float, optional
        The size of which they are equal if they differ by no more than a share `EQUAL`; that of
        the least, if not given.
    """
    values = np.asarray(values)
    least = values.min(axis=-1, keepdims=True)
    size = np.where(np.isfinite(least), np.abs(least) if scale is None else scale, 0.0)
    # Beside a NaN none is least; the first NaN is then the place, as of NumPy's argmin.
    return np.where(
        np.isnan(least[..., 0]),
        values.argmin(axis=-1),
        (values <= least + EQUAL * size).argmax(axis=-1),
    )


def first_greatest(values: np.ndarray, *, scale: float | None = None) -> np.ndarray:
    """Return the places of the greatest along the last axis; of equals, the first."""
    return first_least(-np.asarray(values), scale=scale)


def falls(value: float, least: float) -> bool:
    """Whether a value is less than the least before it by more than their sums' rounding."""
    return value < least - EQUAL * abs(least) if math.isfinite(least) else value < least


def falling(values: np.ndarray, *, equal: float = EQUAL) -> np.ndarray:
    """Return the order (n,) from the greatest value to the least; equals in the order given."""
    order = np.argsort(-values, kind="stable")
    return order[np.lexsort((order, distinct(values[order], equal=equal)))]


def distinct(ordered: np.ndarray, *, equal: float = EQUAL) -> np.ndarray:
    """Return numbers for rising or falling values (n,), from 0 on; equals share one.

    Values are equal to their neighbours where they differ by a share ``equal`` of their size.
    """
    size = np.maximum(np.abs(ordered[1:]), np.abs(ordered[:-1]))
    apart = np.abs(np.diff(ordered)) > equal * size
    return np.concatenate([[0], np.cumsum(apart)])[: len(ordered)]
