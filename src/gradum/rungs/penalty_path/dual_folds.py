"""Fits on folds of few rows and many columns, by Newton's method in the dual variables.

Under an L2 penalty on every column, the coefficients are V = Λ⁻¹ Zᵀ a, with a number aᵢ for each
row. The logits are K a + b with K = Z Λ⁻¹ Zᵀ, which is formed once for all folds and all penalties.
An iteration then factorises a matrix whose size is the number of rows and not of columns:

    a′ = r − b′ h − S B⁻¹ S K (r − b′ h),    B = I + S K S,    S = W^½,
    r = W (K a + b) − g,    h = W 1,    b′ such that Σ a′ = 0,

where gᵢ = wᵢ loss′ and Wᵢ = wᵢ loss″. At the optimum a = −g. By the Woodbury identity, this is the
Newton step of the coefficients. If no Wᵢ is far from the one that B was factorised for, the factor
is used once more: with Hessians within a share τ of each other, such a step leaves a share τ of the
way to go, and it takes a third of the time.

Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 3.1; the
intercept is found as in a bordered system.

Shapes: n rows, D columns, one output; m rows of a fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gradum.core.models import Params
from gradum.rungs.penalty_path.batched_folds import Fold, Price
from gradum.solvers.linear_model import LinearModel

ROWS_A_COLUMN = 2  # up to so many, a step costs less than forming and factorising the Hessian
LARGEST_DENSE = 1500  # rows up to which each fold's matrix is kept
LARGEST_SPARSE = 600  # rows up to which this is faster than multiplying with sparse columns
LARGEST_MATRIX = 2e7  # numbers in Z, which is formed
ARRIVED = 1e-6  # of the objective; after a Newton step that promises less, far less is left to gain
MOST_STEPS = 50
SHORTEST_STEP = 1e-8
STILL_SERVES = 0.1  # of the factorised curvature: no row's has changed by more


def are_dual(model: LinearModel, unit: Price) -> bool:
    """Whether rows are few enough, and the penalty, a multiple of ``unit``, is on all columns."""
    rows, columns = model.columns.shape
    most = LARGEST_DENSE if model.columns.raw.is_dense else LARGEST_SPARSE
    few = rows <= ROWS_A_COLUMN * columns and rows <= most and rows * columns <= LARGEST_MATRIX
    bends = model.loss.smooth and model.loss.strictly_convex and model.outputs == 1
    return few and bends and unit.is_ridge and model.signs is None


@dataclass
class _Place:
    """The state of a fold: a [m], b, and the logits K a of its rows, under the penalty alpha."""

    dual: np.ndarray
    level: float
    bent: np.ndarray
    alpha: float


class DualFolds:
    """Fits on folds of a model for which `are_dual` holds.

    Parameters
    ----------
    folds : sequence of pairs
        Rows to learn from and rows to be judged on.
    unit : Price
        The price of which every price is a multiple.
    """

    def __init__(self, model: LinearModel, folds: Sequence[Fold], unit: Price) -> None:
        self._model, self._folds = model, folds
        self._given = np.zeros(len(model)) if model.offset is None else model.offset
        self._unit = model.strengths(unit.l1, unit.l2).l2[:-1, 0]
        self._scaled = model.columns.to_dense() / np.sqrt(self._unit)
        kernel = self._scaled @ self._scaled.T
        self._among = [kernel[np.ix_(train, train)] for train, _ in folds]
        self._between = [kernel[np.ix_(held, train)] for train, held in folds]
        start = float(model.start(None)[-1, 0])
        self._places = [
            _Place(np.zeros(len(train)), start, np.zeros(len(train)), 1.0) for train, _ in folds
        ]

    def fit(self, prices: Sequence[Price]) -> list[float]:
        """Bring every fold to its optimum; return the held-out mean losses."""
        losses = []
        for fold, price in enumerate(prices):
            strengths = self._model.strengths(price.l1, price.l2).l2[:-1, 0]
            self._descend(fold, float(strengths[0] / self._unit[0]))
            losses.append(self._held_out(fold))
        return losses

    def params(self, fold: int) -> Params:
        """Return a fold's parameters."""
        place, (train, _) = self._places[fold], self._folds[fold]
        sums = place.dual @ self._scaled[train] / place.alpha
        values = np.append(sums / np.sqrt(self._unit), place.level)
        return self._model.params(values[:, None])

    def _held_out(self, fold: int) -> float:
        place, (_, held), model = self._places[fold], self._folds[fold], self._model
        logits = self._between[fold] @ place.dual / place.alpha
        logits += place.level + self._given[held]
        weight = model.weight[held]
        return float(weight @ model.loss.value(logits[:, None], model.target[held]) / weight.sum())

    def _descend(self, fold: int, alpha: float) -> None:
        """Bring a fold from its present state to its optimum under a penalty."""
        place, (train, _), model = self._places[fold], self._folds[fold], self._model
        place.dual = place.dual * (alpha / place.alpha)  # the same coefficients
        place.alpha = alpha
        kernel = self._among[fold] / alpha
        weight = model.weight[train] / model.weight[train].sum()
        target, given, loss = model.target[train], self._given[train], model.loss

        def objective(dual: np.ndarray, level: float, bent: np.ndarray) -> float:
            logits = (bent + level + given)[:, None]
            return float(weight @ loss.value(logits, target) + 0.5 * dual @ bent)

        here = objective(place.dual, place.level, place.bent)
        factored: _Factored | None = None
        for _ in range(MOST_STEPS):
            logits = (place.bent + place.level + given)[:, None]
            slope = weight * loss.gradient(logits, target)[:, 0]
            curvature = weight * np.maximum(loss.hessian(logits, target)[:, 0, 0], 0.0)
            arrived = ARRIVED * STILL_SERVES**2
            if factored is None or not factored.serves(curvature):
                factored, arrived = _Factored.of(kernel, curvature), ARRIVED
            dual, level = self._solved(factored, slope, place)
            bent = kernel @ dual
            step, turn, lift = dual - place.dual, bent - place.bent, level - place.level
            promise = float((slope + place.dual) @ turn + slope.sum() * lift)
            length, rounding = 1.0, 8 * np.finfo(np.float64).eps * abs(here)
            while length > SHORTEST_STEP:
                moved = (
                    place.dual + length * step,
                    place.level + length * lift,
                    place.bent + length * turn,
                )
                there = objective(*moved)
                if there <= here + 1e-4 * length * promise + rounding:
                    break
                length /= 2
            else:
                return
            place.dual, place.level, place.bent = moved
            done, here = -promise <= arrived * abs(here), there
            if done:
                return

    def _solved(
        self, factored: _Factored, slope: np.ndarray, place: _Place
    ) -> tuple[np.ndarray, float]:
        """Return a′ [m] and b′, which minimise the quadratic model."""
        curvature = factored.curvature
        sides = np.column_stack([curvature * (place.bent + place.level) - slope, curvature])
        solved = factored.solve(sides)
        if not self._model.fit_intercept:
            return solved[:, 0], 0.0
        level = float(solved[:, 0].sum() / solved[:, 1].sum())
        return solved[:, 0] - level * solved[:, 1], level


@dataclass(frozen=True, eq=False)
class _Factored:
    """The factor of B = I + S K S for the curvature [m] of a fold's rows."""

    kernel: np.ndarray
    curvature: np.ndarray
    root: np.ndarray
    factor: tuple[np.ndarray, bool]

    @classmethod
    def of(cls, kernel: np.ndarray, curvature: np.ndarray) -> _Factored:
        root = np.sqrt(curvature)
        curved = kernel * root
        curved *= root[:, None]
        np.einsum("ii->i", curved)[:] += 1.0
        # Its transpose is equal, and lies in memory in the order that LAPACK reads.
        factor = scipy.linalg.cho_factor(curved.T, overwrite_a=True, check_finite=False)
        return cls(kernel, curvature, root, factor)

    def serves(self, curvature: np.ndarray) -> bool:
        """Whether it also serves rows of this curvature."""
        return bool((np.abs(curvature - self.curvature) <= STILL_SERVES * self.curvature).all())

    def solve(self, sides: np.ndarray) -> np.ndarray:
        """Return (I + W K)⁻¹ times sides y [m, 2], as y − S B⁻¹ S K y."""
        root = self.root[:, None]
        inner = root * (self.kernel @ sides)
        return sides - root * scipy.linalg.cho_solve(self.factor, inner, check_finite=False)
