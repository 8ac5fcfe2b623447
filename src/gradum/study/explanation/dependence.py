"""Partial dependence: the mean answer once all background rows have the same value of a column.

J. H. Friedman, Greedy function approximation: a gradient boosting machine, 2001. With f_b(x) the
answer for background row b once its value is x, which is the row's ICE curve (A. Goldstein and
others, Peeking inside the black box, 2015),

    PD(x) = (1/B) Σ_b f_b(x).

Rows differ in the height of their curves, which says nothing of the column. So the standard error
is paired: it is that of the curve's shape, which is PD(x) less its own mean over the g values,

    s(x)² = Var_b(f_b(x) − (1/g) Σ_x' f_b(x')) / B.

Shapes: g values, B background rows, k answers, M members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dependence:
    """The partial dependence on one column at the values of a grid.

    Parameters
    ----------
    values : ndarray (g, k)
        PD, in the unit of the answers.
    error : ndarray (g, k)
        Standard error of the curve's shape, from the scatter of B background rows; NaN of one.
    spread : ndarray (g, k)
        Standard deviation of the curve's shape over the members of a pack; NaN of one network.
    """

    values: np.ndarray
    error: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, curves: np.ndarray, members: np.ndarray) -> Dependence:
        """Average the curves (g, B, k) of background rows; ``members`` (M, g, k) are means."""
        shapes = curves - curves.mean(axis=0)
        of_members = members - members.mean(axis=1, keepdims=True)
        return cls(
            curves.mean(axis=1),
            _deviation(shapes, 1) / np.sqrt(curves.shape[1]),
            _deviation(of_members, 0),
        )


def _deviation(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the standard deviation along an axis; NaN of one value."""
    if values.shape[axis] < 2:
        return np.full(np.delete(values.shape, axis), np.nan)
    return values.std(axis=axis, ddof=1)
