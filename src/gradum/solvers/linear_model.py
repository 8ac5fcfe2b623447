"""A linear model with a convex loss, which the convex solvers minimise, and its preconditioner.

    minimise over W, b    Σᵢ wᵢ · loss(xᵢ W + b, yᵢ) / Σᵢ wᵢ  +  Σ_j (l1_j ‖W_j‖₁ + l2_j · ½ ‖W_j‖²)

The intercept b is not penalised. Some coefficients may be held to one sign, s_j W_j ≥ 0. Solvers
work on columns in standard units, in which a column's strengths are l1 / scale and l2 / scale².

The preconditioner of conjugate gradients is the Hessian with the curvature averaged over rows.
The block of the Hessian for output k alone, with each row's curvature replaced by their mean c_k,
is c_k G + P, where G = ZᵀWZ and P is the penalty's curvature. If all columns have the same
strength, P = alpha S⁻², and with the eigenvectors of S G S = Q Λ Qᵀ,

    (c_k G + alpha S⁻²)⁻¹ = S Q (c_k Λ + alpha)⁻¹ Qᵀ S,

so that one decomposition serves every output, iteration and penalty of a problem. If each column
has its own strength, the mean strength replaces alpha. Sparse columns, and dense ones beyond
`LARGEST_COUPLED`, enter only by their diagonal; the intercept is separate because the columns are
centred.

Shapes: n rows, D columns, k outputs; a point is [D + 1, k], its last row the intercept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

from gradum.core.losses import Loss, check_shapes
from gradum.core.models import Params
from gradum.solvers.curvature import Curvature
from gradum.solvers.matrix import Columns, stretch
from gradum.solvers.standard import StandardColumns

ROWS_PER_BLOCK = 8192  # their columns stay in the processor's cache from logits to gradient

LARGEST_COUPLED = 1000
RIDGE = 1e-10  # of the largest eigenvalue; replaces alpha where that is 0
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Strengths:
    """The penalty's strengths for each row of a point, [D + 1, 1] each; 0 for the intercept.

    ``signs`` are the signs that coefficients are held to; 0 if either is allowed.
    """

    l1: np.ndarray
    l2: np.ndarray
    signs: np.ndarray

    @property
    def selects(self) -> bool:
        """Whether there is a kink or a bound at 0."""
        return bool(self.l1.any() or self.signs.any())

    def value(self, values: np.ndarray) -> float:
        """Return Σ l1·|v| + l2·½v²."""
        return float(np.sum(self.l1 * np.abs(values)) + 0.5 * np.sum(self.l2 * values**2))


@dataclass(frozen=True)
class Point:
    """A point of an iteration: values, logits, objective and gradient."""

    values: np.ndarray  # [D + 1, k]
    logits: np.ndarray  # [n, k]
    objective: float
    gradient: np.ndarray  # [D + 1, k], without the L1 term; 0 along a fixed intercept


@dataclass(frozen=True)
class LinearModel:
    """The problem, measured once and then solved for any number of penalties."""

    columns: StandardColumns
    """Of shape (n, D). The matrix X, in standard units."""
    target: np.ndarray
    """Of shape (n,), or (n, k) for soft labels. What the loss takes."""
    loss: Loss
    """Convex in the logits."""
    outputs: int
    """k: 1 for regression and for two classes, else the number of classes or levels."""
    weight: np.ndarray
    """Of shape (n,). Weights that sum to 1."""
    fit_intercept: bool
    """Whether b is fitted; else it is 0."""
    offset: np.ndarray | None = None
    """Of shape (n,). Added to every output of a row."""
    signs: np.ndarray | None = None
    """Of shape (D,). The sign that each column's coefficients are held to, 1 or -1; 0 if either is
    allowed."""

    @classmethod
    def of(
        cls,
        columns: Any,
        target: np.ndarray,
        loss: Loss,
        *,
        outputs: int | None = None,
        weight: np.ndarray | None = None,
        fit_intercept: bool = True,
        offset: np.ndarray | None = None,
        signs: np.ndarray | None = None,
    ) -> LinearModel:
        """Measure the columns (an array, a sparse matrix or Columns); weights may have any sum.

        Raises
        ------
        ShapeError
            ``columns`` is not [n, D], or ``target`` has a different number of rows or outputs.
        """
        raw, target = Columns.of(columns), np.asarray(target)
        shape = (raw.shape[0], outputs or loss.outputs(None))
        if shape[1] == 1 or target.shape != shape:  # otherwise they are soft labels
            check_shapes(np.broadcast_to(0.0, shape), target)
        share = np.full(shape[0], 1.0 / shape[0]) if weight is None else weight / np.sum(weight)
        standard = StandardColumns.of(raw, share, centred=fit_intercept)
        return cls(standard, target, loss, shape[1], share, fit_intercept, offset, signs)

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def coefficients(self) -> int:
        """How many numbers are unknown, (D + 1)·k."""
        return (self.columns.shape[1] + 1) * self.outputs

    def take(self, rows: np.ndarray) -> LinearModel:
        """Return some rows, in the same units; a view if they are consecutive."""
        chosen = stretch(rows)
        weight = self.weight[chosen]
        return replace(
            self,
            columns=self.columns.take(chosen),
            target=self.target[chosen],
            weight=weight / weight.sum(),
            offset=None if self.offset is None else self.offset[chosen],
        )

    def strengths(self, l1: Any, l2: Any) -> Strengths:
        """Convert the strengths of X's columns, a number or [D], to standard units."""
        scale, free = self.columns.scale, np.zeros(1)
        first = np.concatenate([np.broadcast_to(l1, scale.shape) / scale, free])
        second = np.concatenate([np.broadcast_to(l2, scale.shape) / scale**2, free])
        signs = np.zeros(scale.shape) if self.signs is None else self.signs
        signs = np.concatenate([signs, free])  # scales are above 0
        return Strengths(first[:, None], second[:, None], signs[:, None])

    @property
    def is_softmax(self) -> bool:
        """Whether adding one number to all outputs of a row changes nothing."""
        return self.loss.link == "logit" and self.outputs > 1

    def start(self, params: Params | None) -> np.ndarray:
        """Return the values of these parameters; of the best constant model if there are none."""
        values = np.zeros((self.columns.shape[1] + 1, self.outputs))
        if params is not None:
            values[:-1], values[-1] = self.columns.adopt(params["layers"][0])
            if self.is_softmax:
                values -= values.mean(axis=1, keepdims=True)
        elif self.fit_intercept:
            values[-1] = self.loss.start(self.target, self.weight, self.outputs)
            values[-1] -= 0.0 if self.offset is None else self.weight @ self.offset
        if not self.fit_intercept:
            values[-1] = 0.0
        return values

    def logits(self, values: np.ndarray) -> np.ndarray:
        """Return Z @ coefficients + intercept + offset, [n, k]."""
        logits = self.columns @ values[:-1] + values[-1]
        return logits if self.offset is None else logits + self.offset[:, None]

    def objective(self, values: np.ndarray, logits: np.ndarray, strengths: Strengths) -> float:
        """Return the mean loss plus the penalty."""
        return float(self.weight @ self.loss.value(logits, self.target)) + strengths.value(values)

    def point(self, values: np.ndarray, strengths: Strengths) -> Point:
        """Measure objective and gradient."""
        given = np.zeros((len(self), self.outputs))
        if self.offset is not None:
            given = given + self.offset[:, None]
        origin = Point(np.zeros_like(values), given, np.nan, np.zeros_like(values))
        return self.moved(origin, values, strengths)[0]

    def point_at(
        self, values: np.ndarray, logits: np.ndarray, objective: float, strengths: Strengths
    ) -> Point:
        """Measure the gradient, given the logits and the objective."""
        slope = self.weight[:, None] * self.loss.gradient(logits, self.target)
        gradient = strengths.l2 * values
        gradient[:-1] += self.columns.transpose_product(slope)
        if self.fit_intercept:
            gradient[-1] += slope.sum(axis=0)
        return Point(values, logits, objective, gradient)

    def moved(
        self, point: Point, step: np.ndarray, strengths: Strengths
    ) -> tuple[Point, np.ndarray]:
        """Return the point after a step, and what the step adds to the logits.

        Rows are processed in blocks, so that dense columns are read once for logits and gradient.
        """
        values = point.values + step
        change, data_term = np.empty_like(point.logits), 0.0
        slope_sum, fall = np.zeros(self.outputs), np.zeros_like(values[:-1])
        whole = not self.columns.raw.is_dense or len(self) <= ROWS_PER_BLOCK
        block = len(self) if whole else ROWS_PER_BLOCK
        for start in range(0, len(self), block):
            rows = slice(start, start + block)
            columns = self.columns if whole else self.columns.take(rows)
            weight, target = self.weight[rows], self.target[rows]
            change[rows] = columns @ step[:-1] + step[-1]
            logits = point.logits[rows] + change[rows]
            value, slope = self.loss.value_and_gradient(logits, target)
            data_term += float(weight @ value)
            slope = weight[:, None] * slope
            fall += columns.transpose_product(slope)
            slope_sum += slope.sum(axis=0)
        gradient = strengths.l2 * values
        gradient[:-1] += fall
        if self.fit_intercept:
            gradient[-1] += slope_sum
        objective = data_term + strengths.value(values)
        return Point(values, point.logits + change, objective, gradient), change

    def curvature(
        self, point: Point, strengths: Strengths, *, majorised: bool = False
    ) -> Curvature:
        """Return the Hessian there, not formed; ``majorised`` for losses that may be straight."""
        bend = self.loss.majorant if majorised else self.loss.hessian
        probability = self.loss.inverse_link(point.logits) if self.is_softmax else None
        return Curvature(
            columns=self.columns,
            penalty=strengths.l2[:-1] + ~self.columns.alive[:, None],
            weight=self.weight,
            second=bend(point.logits, self.target)[:, 0]
            if probability is None
            else probability * (1.0 - probability),
            probability=probability,
            fit_intercept=self.fit_intercept,
        )

    def params(self, values: np.ndarray) -> Params:
        """Return the parameters, in the units of X."""
        level = values[-1] if self.fit_intercept else None
        return {"layers": [self.columns.restore(values[:-1], level)]}

    @cached_property
    def preconditioner(self) -> Preconditioner:
        """The preconditioner of conjugate gradients, for any penalty."""
        return Preconditioner.of(self.columns, self.weight)

    @cached_property
    def size(self) -> float:
        """Mean size of the loss's derivative under the best constant: the scale of gradients."""
        level = np.zeros(self.outputs)
        if self.fit_intercept:
            level = self.loss.start(self.target, self.weight, self.outputs)
        logits = np.broadcast_to(level, (len(self), self.outputs))
        return float((self.weight @ np.abs(self.loss.gradient(logits, self.target))).max())

    @property
    def rounding(self) -> float:
        """How exactly a gradient can be known, given the rounding of predictions minus targets."""
        numbers = self.loss.link != "logit" and self.target.ndim == 1
        size = float(self.weight @ np.abs(self.target)) if numbers else 1.0
        return 4.0 * np.finfo(np.float64).eps * size


@dataclass(frozen=True)
class Preconditioner:
    """The decomposition, measured once."""

    basis: np.ndarray
    """Of shape (d, d). S Q of the d coupled columns."""
    eigenvalues: np.ndarray
    """Of shape (d,). Λ."""
    scale: np.ndarray
    """Of shape (d,). The diagonal of S."""
    squares: np.ndarray
    """Of shape (D - d,). The diagonal of G for the other columns."""

    @classmethod
    def of(cls, columns: StandardColumns, weight: np.ndarray) -> Preconditioner:
        """Decompose, for row weights [n] that sum to 1."""
        dense = columns.dense_part
        coupled = dense.shape[1] if dense.shape[1] <= LARGEST_COUPLED else 0
        gram = dense.gram(weight) if coupled else np.zeros((0, 0))
        scale = columns.scale[:coupled]
        values, vectors = scipy.linalg.eigh(scale[:, None] * gram * scale, check_finite=False)
        squares = columns.squares(weight)[coupled:]
        return cls(scale[:, None] * vectors, np.maximum(values, 0.0), scale, squares)

    def at(
        self, mean_curvature: np.ndarray, penalty: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return residual [D + 1, k] → step, given c_k [k] and the penalty's curvature [D, 1]."""
        coupled = len(self.eigenvalues)
        curved = self.eigenvalues[:, None] * mean_curvature
        alpha = np.mean(penalty[:coupled, 0] * self.scale**2) if coupled else 0.0
        inner = curved + (alpha or RIDGE * curved.max(initial=0.0)) + TINY
        outer = self.squares[:, None] * mean_curvature + penalty[coupled:] + TINY
        level = mean_curvature + TINY

        def precondition(residual: np.ndarray) -> np.ndarray:
            result = np.empty_like(residual)
            turned = self.basis.T @ residual[:coupled]
            result[:coupled] = self.basis @ (turned / inner)
            result[coupled:-1] = residual[coupled:-1] / outer
            result[-1] = residual[-1] / level
            return result

        return precondition
