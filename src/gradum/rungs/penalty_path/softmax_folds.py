"""Fits of more than two classes on folds of few rows or columns, by a truncated Newton's method.

The Hessian of k classes has (k D)² numbers, too many to form, but a product with it takes little.
All folds are fitted at once, so that every pass is one product of matrices. The columns are turned
once, so that they are uncorrelated and one penalty α is that of each:

    E = Z Λ^-½ Q,    Eᵀ W E diagonal,

where Λ holds the strengths of a unit of the penalty. Of n rows and D columns, min(n, D) remain, and
a column of ones, whose coefficients have no penalty. The Hessian of the turned columns is nearly
diagonal, and its diagonal is the preconditioner of conjugate gradients, which solve each step no
more exactly than the distance from the optimum justifies. As the logarithm of α falls, coefficients
go on much as they went before, so that a fit starts where they will then be.

Sources: Nocedal and Wright, Numerical Optimization (2006), section 7.1 (inexact Newton); Allgower
and Georg, Introduction to Numerical Continuation Methods (2003), section 2.2 (predictors).

Shapes: n rows, r turned columns and the ones, k classes, K folds. Classes come first, then folds:
a sum over classes is then one of long arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gradum.core.losses import LogLoss
from gradum.core.models import Params
from gradum.rungs.penalty_path.batched_folds import Fold, Price
from gradum.solvers.linear_model import LinearModel

LARGEST_TURNED = 1000  # r up to which turning the columns takes little
LARGEST_MATRIX = 2e6  # numbers in Z, or in the logits of all folds; more leave the cache
ARRIVED = 1e-4  # of the objective; after a step that promises less, far less is left to gain
MOST_STEPS = 50
MOST_PRODUCTS = 250
SHORTEST_STEP = 1e-8
FARTHEST = 2.0  # of the way between the last two penalties, how far ahead is foreseen
RANK = 1e-12  # of the greatest variance: a turned column that has less is rounding
TINY = np.finfo(np.float64).tiny


def are_turned(model: LinearModel, folds: Sequence[Fold], unit: Price) -> bool:
    """Whether each class has a score of its own, in few enough columns, all with a penalty."""
    rows, columns = model.columns.shape
    few = 0 < min(rows, columns) <= LARGEST_TURNED
    small = rows * max(columns, model.outputs * len(folds)) <= LARGEST_MATRIX
    scored = model.is_softmax and not model.loss.one_score
    return few and small and scored and unit.is_ridge and model.signs is None


@dataclass(frozen=True, eq=False)
class _Bend:
    """The Hessian of some folds, not formed.

    ``shares`` [k, K, n] are the classes' probabilities, ``weighted`` those times the rows' weights;
    ``l2`` is the penalty [K, r + 1]. A class that is not ``free`` [k, K] stays as it is.
    """

    columns: np.ndarray
    shares: np.ndarray
    weighted: np.ndarray
    l2: np.ndarray
    free: np.ndarray

    def __matmul__(self, step: np.ndarray) -> np.ndarray:
        """Return H @ step [k, K, r + 1]."""
        bent = _by(step, self.columns.T)
        bent -= np.sum(self.shares * bent, axis=0)
        bent *= self.weighted
        return _by(bent, self.columns) + self.l2 * step

    def step(self, slope: np.ndarray) -> np.ndarray:
        """Return −H⁻¹ slope, about, by conjugate gradients in every fold.

        In a fold, the residual falls to between 0.1 and 0.001 of the slope in the preconditioner's
        norm; the smaller the slope is, the lower it falls. A fold that is done stays as it is.
        """
        second = _by(self.weighted * (1 - self.shares), self.columns**2)
        inverse = self.free[:, :, None] / (second + self.l2 + TINY)
        step, residual = np.zeros_like(slope), -slope
        direction = inverse * residual
        square = _products(residual, direction)
        goal = np.clip(square**0.25, 1e-3, 0.1) ** 2 * square
        for _ in range(MOST_PRODUCTS):
            product = self @ direction
            bend = _products(direction, product)
            goes_on = (square > goal) & (bend > 0)
            if not goes_on.any():
                break
            length = np.divide(square, bend, out=np.zeros_like(bend), where=goes_on)[:, None]
            step += length * direction
            residual -= length * product
            ahead = inverse * residual
            before, square = square, np.where(goes_on, _products(residual, ahead), 0.0)
            turn = np.divide(square, before, out=np.zeros_like(before), where=before > 0)[:, None]
            direction = ahead + turn * direction
        return step - step.mean(axis=0)


class SoftmaxFolds:
    """Fits on folds of a model for which `are_turned` holds.

    Parameters
    ----------
    folds : sequence of pairs
        Rows to learn from and rows to be judged on.
    unit : Price
        The price of which every price is a multiple.
    """

    def __init__(self, model: LinearModel, folds: Sequence[Fold], unit: Price) -> None:
        self._model = model
        self._unit = model.strengths(unit.l1, unit.l2).l2[:-1, 0]
        columns = model.columns.to_dense() / np.sqrt(self._unit)
        self._turn = _axes(columns, model.weight)
        ones = np.full((len(columns), 1), float(model.fit_intercept))
        self._columns = np.hstack([columns @ self._turn, ones])
        self._priced = np.append(np.ones(self._turn.shape[1]), 0.0)
        self._learn, self._judge = (
            _weights(model.weight, rows) for rows in zip(*folds, strict=True)
        )
        assert isinstance(model.loss, LogLoss)  # no other has a softmax
        self._target = model.loss.smoothed(model.target, model.outputs).T[:, None]
        # Of a class that a fold has not seen, the level would be −∞: it stays at the start's.
        unseen = self._target[:, 0] @ self._learn.T <= 0
        self._free = ~unseen if model.fit_intercept else np.ones_like(unseen)
        self._values = np.zeros((*unseen.shape, self._columns.shape[1]))
        if model.fit_intercept:
            starts = [model.loss.start(model.target, each, len(unseen)) for each in self._learn]
            self._values[..., -1] = np.stack(starts, axis=1)
        self._past: list[tuple[float, np.ndarray]] = []  # the last two log α, and their values

    def fit(self, prices: Sequence[Price]) -> list[float]:
        """Bring every fold to its optimum; return the held-out mean losses."""
        strengths = [self._model.strengths(price.l1, price.l2).l2[0, 0] for price in prices]
        alpha = np.array(strengths) / self._unit[0]
        at, moving = float(np.log(alpha[0])), np.arange(len(prices))
        self._values = self._foreseen(at)
        for _ in range(MOST_STEPS):
            moving = self._stepped(moving, alpha[moving, None] * self._priced)
            if not len(moving):
                break
        self._past = [*self._past[-1:], (at, self._values)]
        losses, _ = self._losses(_by(self._values, self._columns.T))
        return np.sum(self._judge * losses, axis=1).tolist()

    def params(self, fold: int) -> Params:
        """Return a fold's parameters."""
        values = self._values[:, fold].T
        weights = self._turn @ values[:-1] / np.sqrt(self._unit)[:, None]
        return self._model.params(np.vstack([weights, values[-1:]]))

    def _foreseen(self, at: float) -> np.ndarray:
        """Return the values at this log α if they go on as they went between the last two."""
        if len(self._past) < 2 or self._past[0][0] == self._past[1][0]:
            return self._values.copy()
        (first, before), (last, here) = self._past
        ahead = np.clip((at - last) / (last - first), -FARTHEST, FARTHEST)
        return here + ahead * (here - before)

    def _stepped(self, moving: np.ndarray, l2: np.ndarray) -> np.ndarray:
        """Take a step in some folds, whose penalty is l2; return which have not arrived."""
        weight, values = self._learn[moving], self._values[:, moving]
        logits = _by(values, self._columns.T)
        losses, shares = self._losses(logits)
        here = np.sum(weight * losses, axis=1) + 0.5 * _products(values, l2 * values)
        slope = _by(weight * (shares - self._target), self._columns) + l2 * values
        bend = _Bend(self._columns, shares, weight * shares, l2, self._free[:, moving])
        step = bend.step(slope)
        promise, turn = _products(slope, step), _by(step, self._columns.T)
        length, rounding = np.ones(len(moving)), 8 * np.finfo(np.float64).eps * np.abs(here)
        while True:
            moved = values + length[:, None] * step
            losses, _ = self._losses(logits + length[:, None] * turn)
            there = np.sum(weight * losses, axis=1) + 0.5 * _products(moved, l2 * moved)
            short = (there > here + 1e-4 * length * promise + rounding) & (length > 0)
            if not short.any():
                break
            length = np.where(short, np.where(length > SHORTEST_STEP, length / 2, 0.0), length)
        self._values[:, moving] = moved
        return moving[(-promise > ARRIVED * np.abs(here)) & (length > 0)]

    def _losses(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return each row's loss [K, n], and the classes' probabilities [k, K, n]."""
        top = logits.max(axis=0)
        shares = np.exp(logits - top)
        sums = shares.sum(axis=0)
        shares /= sums
        return np.log(sums) + top - np.sum(self._target * logits, axis=0), shares


def _axes(columns: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return Q [D, r], on which columns of rows of these weights are uncorrelated."""
    weighted = np.sqrt(weight)[:, None] * columns
    if columns.shape[1] <= len(columns):
        return scipy.linalg.eigh(weighted.T @ weighted, check_finite=False)[1]
    squares, axes = scipy.linalg.eigh(weighted @ weighted.T, check_finite=False)
    kept = squares > RANK * squares[-1]
    return weighted.T @ (axes[:, kept] / np.sqrt(squares[kept]))


def _weights(weight: np.ndarray, rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the weights [K, n] of each fold's rows, which sum to 1; 0 of other rows."""
    weights = np.zeros((len(rows), len(weight)))
    for of_fold, chosen in zip(weights, rows, strict=True):
        of_fold[chosen] = weight[chosen] / weight[chosen].sum()
    return weights


def _by(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return points [k, K, a] @ matrix [a, b], as one product."""
    return (points.reshape(-1, len(matrix)) @ matrix).reshape(*points.shape[:2], -1)


def _products(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the scalar product of two points [k, K, r + 1] in each fold [K]."""
    return np.einsum("kfr,kfr->f", first, second)
