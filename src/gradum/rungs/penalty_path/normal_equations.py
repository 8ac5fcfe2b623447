"""Least squares from the cross-products of columns and target, without another look at the rows.

Let G be the weighted mean of (z, 1, y)(z, 1, y)ᵀ over the rows, where z is a row in standard units.
The error of coefficients v is e = (v, −1), the mean squared error is eᵀ G e, and half of its
derivative is the upper part of G e.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradum.core.models import Params
from gradum.margins import EPSILON, TIMES
from gradum.solvers import active_set
from gradum.solvers.curvature import Factored
from gradum.solvers.linear_model import LinearModel, Strengths


def centred(model: LinearModel) -> tuple[LinearModel, float]:
    """Return the model with its target centred at 0, and where the centre was.

    Cross-products of a target far from 0 would lose the digits of its spread.
    """
    level = float(model.weight @ model.target) if model.fit_intercept else 0.0
    return replace(model, target=np.asarray(model.target, np.float64) - level), level


def restored(model: LinearModel, values: np.ndarray, level: float) -> Params:
    """Return the parameters for values [D + 1] of a model whose target was centred."""
    moved = values[:, None].copy()
    moved[-1] += level
    return model.params(moved)


def gram(model: LinearModel, rows: slice) -> np.ndarray:
    """Return the weighted cross-products of columns, ones and target of rows, [D + 2, D + 2]."""
    columns, weight = model.columns.take(rows), model.weight[rows]
    target, width = model.target[rows], model.columns.shape[1]
    products = np.empty((width + 2, width + 2))
    products[:width, :width] = columns.gram(weight)
    sides = np.column_stack([np.ones(len(target)), target])
    products[:width, width:] = columns.transpose_product(weight[:, None] * sides)
    products[width:, :width] = products[:width, width:].T
    products[width:, width:] = sides.T @ (weight[:, None] * sides)
    return products


class NormalEquations:
    """The normal equations of one set of rows, for any penalty.

    Parameters
    ----------
    model : LinearModel
        The model whose columns they are of.
    products : ndarray of shape (D + 2, D + 2)
        G.
    """

    def __init__(self, model: LinearModel, products: np.ndarray) -> None:
        self.products = products
        self.hessian, self.linear = 2.0 * products[:-1, :-1], 2.0 * products[:-1, -1]
        np.einsum("ii->i", self.hessian)[:-1] += ~model.columns.alive
        if not model.fit_intercept:
            self.hessian[-1], self.hessian[:, -1], self.linear[-1] = 0.0, 0.0, 0.0
            self.hessian[-1, -1] = 1.0

    def solve(self, strengths: Strengths, start: np.ndarray) -> np.ndarray:
        """Return the minimiser [D + 1]; the search for its zeros begins at ``start``."""
        hessian = self.hessian
        if strengths.l2.any():
            hessian = hessian.copy()
            np.einsum("ii->i", hessian)[:] += strengths.l2[:, 0]
        if strengths.selects:
            return active_set.minimise(
                hessian, self.linear, strengths.l1[:, 0], start, strengths.signs[:, 0]
            )
        return Factored.of(hessian).step(-self.linear[:, None])[:, 0]

    def judge(
        self, values: np.ndarray, l1: np.ndarray, l2: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the objectives of m answers, and bounds on how far each is above its minimum.

        The bound is that of `duality`, with the sums over rows taken from G. First, the unpenalised
        coefficients are brought to their minimum, which lowers a parabola by half its slope times
        the step.

        Parameters
        ----------
        values, l1, l2 : ndarray of shape (m, D + 1)
            The answers, and the strengths of the penalties under which they were found.
        """
        free = (l1 + l2 == 0).all(axis=0)
        pull = (values @ self.hessian - self.linear)[:, free]
        step = -np.linalg.lstsq(self.hessian[np.ix_(free, free)], pull.T, rcond=1e-13)[0].T
        fallen = -0.5 * np.sum(pull * step, axis=1)
        rested = values.copy()
        rested[:, free] += step
        objective, _, _ = self._measured(values, l1, l2)
        least, slope, squares = self._measured(rested, l1, l2)
        fall, on_target = np.where(free, 0.0, slope[:, :-1]), slope[:, -1]
        capped = (l1 > 0) & (l2 == 0)
        over = np.divide(np.abs(fall), l1, out=np.zeros_like(fall), where=capped)
        shrink = 1.0 / np.maximum(over.max(axis=1, initial=0.0), 1.0)
        conjugate = shrink**2 * squares + shrink * on_target
        fall = shrink[:, None] * fall
        bent = np.maximum(np.abs(fall) - l1, 0.0) ** 2
        dual = np.divide(bent, 2.0 * l2, out=np.zeros_like(fall), where=l2 > 0).sum(axis=1)
        apart = np.maximum(least + conjugate + dual, 0.0)
        return objective, fallen + apart + TIMES * EPSILON * (least + np.abs(conjugate) + dual)

    def _measured(
        self, values: np.ndarray, l1: np.ndarray, l2: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return objectives [m], twice G e [m, D + 2], and mean squared errors [m]."""
        error = np.column_stack([values, np.full(len(values), -1.0)])
        slope = 2.0 * error @ self.products
        squares = 0.5 * np.sum(error * slope, axis=1)
        price = np.sum(l1 * np.abs(values) + 0.5 * l2 * values**2, axis=1)
        return squares + price, slope, squares
