"""Newton's method for linear models with a smooth convex loss, above all logistic regression.

    minimise over W, b    Σᵢ wᵢ · loss(xᵢ W + b, yᵢ) / Σᵢ wᵢ  +  alpha · ½ ‖W‖²

The intercept b is not penalised. Each iteration solves H δ = −g, H the Hessian and g the
gradient, and goes along δ as far as the objective falls enough. Few coefficients: H is
formed and factorised. Many: H is only ever multiplied with, by conjugate gradients, and
solved no more exactly than the distance from the optimum deserves.

Everything is done in standardised columns Z = (X − m) S⁻¹ and turned back at the end.

Shapes: n rows, D columns, k outputs; a point is [D + 1, k], its last row the intercept.

Sources: Nocedal and Wright, Numerical Optimization (2006), sections 3.1 and 7.1 (line
search, inexact Newton); Albert and Anderson, Biometrika 71 (1984) (separation).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from gradum.core.losses import Loss, check_shapes
from gradum.core.models import Params
from gradum.solvers.curvature import Curvature, direct_step, truncated_step
from gradum.solvers.events import EpochDone
from gradum.solvers.matrix import Columns, Standardised
from gradum.solvers.preconditioner import Preconditioner
from gradum.solvers.solution import Certificate, Solution, Status

LARGEST_DIRECT = 300  # coefficients up to which the Hessian is formed and factorised
SEPARATING_STEP = 0.01  # in logits; a step at a finite minimum is far smaller


@dataclass(frozen=True)
class Newton:
    """When Newton's method stops.

    Parameters
    ----------
    tol : float
        The largest entry of the gradient, with respect to the coefficients of columns of
        unit variance, at which the answer counts as the optimum.
    max_iter : int
        The most iterations.
    """

    tol: float = 1e-8
    max_iter: int = 100


@dataclass(frozen=True)
class _Point:
    """Where the iteration stands."""

    values: np.ndarray  # [D + 1, k]
    logits: np.ndarray  # [n, k]
    objective: float
    gradient: np.ndarray  # [D + 1, k]


class GeneralisedLinear:
    """A linear model and its loss, measured once and solved for as many penalties as you like.

    Parameters
    ----------
    columns : Columns, ndarray or sparse matrix of shape (n, D)
        The matrix X.
    target : ndarray of shape (n,)
        What the loss takes: class codes 0 .. K-1, or numbers.
    loss : Loss
        Convex and twice differentiable. With k > 1 outputs it must be the log loss, whose
        Hessian diag(p) − p pᵀ is used without being formed.
    outputs : int
        k: 1 for regression and for two classes, else the number of classes.
    weight : ndarray of shape (n,), optional
        Weights w >= 0, of which a whole number equals repetition of the row.
    fit_intercept : bool
        Whether b is fitted; else it is 0.

    Raises
    ------
    ShapeError
        ``columns`` is not [n, D], or ``target`` not [n].
    """

    def __init__(
        self,
        columns: Any,
        target: np.ndarray,
        loss: Loss,
        *,
        outputs: int = 1,
        weight: np.ndarray | None = None,
        fit_intercept: bool = True,
    ) -> None:
        self.raw = Columns.of(columns)
        rows = self.raw.shape[0]
        check_shapes(np.empty((rows, outputs)), target)
        self.target, self.loss, self.outputs = np.asarray(target), loss, outputs
        self.weight = np.full(rows, 1.0 / rows) if weight is None else weight / np.sum(weight)
        self.fit_intercept = fit_intercept
        self.standardised = Standardised.of(self.raw, self.weight, centred=fit_intercept)

    def solve(
        self,
        alpha: float,
        method: Newton = Newton(),
        *,
        start: dict[str, Any] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Solution:
        """Return the minimiser for one alpha >= 0; see :meth:`iterate`."""
        steps = self.iterate(alpha, method, start=start, stop=stop)
        while True:
            try:
                next(steps)
            except StopIteration as ended:
                return ended.value

    def iterate(
        self,
        alpha: float,
        method: Newton = Newton(),
        *,
        start: dict[str, Any] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Generator[EpochDone, None, Solution]:
        """Yield an event after every iteration, and return the solution.

        Parameters
        ----------
        alpha : float
            Strength of the penalty, >= 0.
        method : Newton
            When to stop.
        start : dict, optional
            Parameters to start from, as ``Solution.params`` holds them; 0 if not given.
        stop : callable, optional
            Asked before every iteration; the fit is interrupted once it returns True.
        """
        started = time.perf_counter()
        penalty = alpha / self.standardised.scale[:, None] ** 2
        point = self._start(start, penalty)
        history: list[EpochDone] = []
        status = Status.STEP_LIMIT
        for iteration in range(1, method.max_iter + 1):
            if stop is not None and stop():
                status = Status.INTERRUPTED
                break
            settled = np.abs(point.gradient).max(initial=0.0) <= method.tol
            moved = self._search(point, self._step(point, penalty, alpha), penalty)
            if moved is not None:
                movement = float(np.abs(moved.logits - point.logits).max())
                point = moved
                seconds = time.perf_counter() - started
                history.append(EpochDone(iteration, iteration, point.objective, None, seconds))
                yield history[-1].at(partial(self._params, point))
            if settled:
                # One step more polishes the answer, and tells a minimum from its absence:
                # where the gradient vanishes and the steps do not, it lies at infinity.
                endless = moved is not None and movement > SEPARATING_STEP
                status = Status.SEPARATED if endless and alpha == 0 else Status.CONVERGED
                break
            if moved is None:
                status = Status.STALLED
                break
        return self._solution(point, alpha, status, tuple(history), started)

    def _start(self, start: dict[str, Any] | None, penalty: np.ndarray) -> _Point:
        values = np.zeros((self.raw.shape[1] + 1, self.outputs))
        if start is not None:
            values[:-1], values[-1] = self.standardised.adopt(start["layers"][0])
            if self.outputs > 1:
                # One number added to all classes changes no probability.
                values -= values.mean(axis=1, keepdims=True)
        if not self.fit_intercept:
            values[-1] = 0.0
        logits = self.standardised.columns @ values[:-1] + values[-1]
        return self._point(values, logits, penalty)

    def _point(self, values: np.ndarray, logits: np.ndarray, penalty: np.ndarray) -> _Point:
        slope = self.weight[:, None] * self.loss.gradient(logits, self.target)
        gradient = np.empty_like(values)
        gradient[:-1] = self.standardised.columns.transpose_product(slope) + penalty * values[:-1]
        gradient[-1] = slope.sum(axis=0) if self.fit_intercept else 0.0
        return _Point(values, logits, self._objective(values, logits, penalty), gradient)

    def _objective(self, values: np.ndarray, logits: np.ndarray, penalty: np.ndarray) -> float:
        data = self.weight @ self.loss.value(logits, self.target)
        return float(data + 0.5 * np.sum(penalty * values[:-1] ** 2))

    def _step(self, point: _Point, penalty: np.ndarray, alpha: float) -> np.ndarray:
        probability = self.loss.inverse_link(point.logits) if self.outputs > 1 else None
        curvature = Curvature(
            columns=self.standardised.columns,
            penalty=penalty + ~self.standardised.alive[:, None],
            weight=self.weight,
            second=self.loss.hessian(point.logits, self.target)[:, 0]
            if probability is None
            else probability * (1.0 - probability),
            probability=probability,
            fit_intercept=self.fit_intercept,
        )
        if point.values.size <= LARGEST_DIRECT:
            step = direct_step(curvature, point.gradient)
        else:
            step = truncated_step(curvature, point.gradient, self._precondition(curvature, alpha))
        if self.outputs > 1:
            step -= step.mean(axis=1, keepdims=True)
        return step

    @cached_property
    def _preconditioner(self) -> Preconditioner:
        return Preconditioner.of(self.standardised, self.weight)

    def _precondition(
        self, curvature: Curvature, alpha: float
    ) -> Callable[[np.ndarray], np.ndarray]:
        mean_curvature = self.weight @ curvature.second
        return self._preconditioner.at(mean_curvature, alpha, curvature.penalty)

    def _search(self, point: _Point, step: np.ndarray, penalty: np.ndarray) -> _Point | None:
        """Halve the step until the objective falls by a share of what the slope promises."""
        slope = float(np.sum(step * point.gradient))
        direction = self.standardised.columns @ step[:-1] + step[-1]
        rounding = 8 * np.finfo(np.float64).eps * abs(point.objective)
        length = 1.0
        while length > 1e-10:
            values = point.values + length * step
            logits = point.logits + length * direction
            objective = self._objective(values, logits, penalty)
            if objective <= point.objective + 1e-4 * length * slope + rounding:
                return self._point(values, logits, penalty)
            length /= 2
        return None

    def _solution(
        self,
        point: _Point,
        alpha: float,
        status: Status,
        history: tuple[EpochDone, ...],
        started: float,
    ) -> Solution:
        params = self._params(point)
        return Solution(
            params=params,
            status=status,
            certificate=Certificate("stationary", self._gradient_norm(params["layers"][0], alpha)),
            iterations=max(len(history), 1),
            steps=len(history),
            history=history,
            seconds=time.perf_counter() - started,
        )

    def _params(self, point: _Point) -> Params:
        level = point.values[-1] if self.fit_intercept else None
        return {"layers": [self.standardised.restore(point.values[:-1], level)]}

    def _gradient_norm(self, layer: dict[str, np.ndarray], alpha: float) -> float:
        """Norm of the objective's gradient in (W, b), from the raw columns."""
        logits = self.raw @ layer["weight"] + layer.get("bias", 0.0)
        slope = self.weight[:, None] * self.loss.gradient(logits, self.target)
        gradient = self.raw.transpose_product(slope) + alpha * layer["weight"]
        level = slope.sum(axis=0) if self.fit_intercept else np.zeros(1)
        return float(np.hypot(np.linalg.norm(gradient), np.linalg.norm(level)))
