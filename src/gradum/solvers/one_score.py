"""Newton's method for linear models of one score: outputs whose slopes lie along one line.

    minimise over β, b    Σᵢ wᵢ · loss(c·(zᵢ β) + b, yᵢ)  +  ½ ‖c‖² Σ_j l2_j β_j²

for the loss's steps c [k]: the weights are W = β cᵀ, and the penalty is that of W. For ordered
classes this is the proportional-odds model, β the score's slopes, and differences of b its
thresholds. The Hessian is

    Σᵢ wᵢ [ (cᵀHᵢc) zᵢzᵢᵀ   zᵢ (Hᵢc)ᵀ ]
           [ (Hᵢc) zᵢᵀ       Hᵢ        ],       Hᵢ = d² loss / d logits²,

and what adds one number to all of b changes nothing.

Shapes: n rows, D columns, k outputs; an unknown is [D + k], β before b.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from gradum.core.models import Params
from gradum.errors import SpecError
from gradum.messages import marked
from gradum.solvers.certify import certificate
from gradum.solvers.curvature import Factored, truncated_step
from gradum.solvers.linear_model import LinearModel, Point
from gradum.solvers.needs import ONE_SCORE, Need
from gradum.solvers.solution import EpochDone, Iterations, Solution, Status

ROWS_AT_ONCE = 8192
LARGEST_DIRECT = 3000  # coefficients up to which the Hessian is formed and factorised
SHORTEST = 2.0**-30
MOST_STEPS = 20  # to the minimum over b alone
ENOUGH = 1e-4  # of the fall that the slope promises (Armijo)
ROUNDING = 1e-8  # in the gradient, as for Newton's method; at this size no step lowers it further
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class OneScore:
    """When it stops: as `gradum.solvers.newton.Newton`."""

    title: ClassVar[str] = marked("Newton's method for one score")
    need: ClassVar[Need] = ONE_SCORE

    tol: float = 1e-11
    """The largest entry of the gradient at which the answer counts as the optimum, for columns of
    unit variance, in units of the mean size of the loss's derivative."""
    max_iter: int = 200
    """The most iterations."""
    bounds_gap: bool = True
    """Whether the certificate bounds how far the objective is above its minimum."""


def one_score(
    model: LinearModel,
    *,
    l1: Any = 0.0,
    l2: Any = 0.0,
    method: OneScore = OneScore(),
    start: Params | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Yield an event after every iteration, and return the solution.

    Parameters are those of :func:`gradum.solvers.newton.newton`.

    Raises
    ------
    SpecError
        There is an L1 term, or no intercept, without which there are no thresholds.
    """
    if np.any(l1) or not model.fit_intercept:
        raise SpecError(
            "A model of one score takes an L2 penalty or none, and has an intercept.",
            "Leave out the L1 term, and let the intercept be fitted.",
        )
    search = _Search(model, l1, l2)
    iterations, tol = Iterations(), max(method.tol * model.size, model.rounding)
    here = search.measured(*search.start(start))
    status, asked_to_end = Status.STEP_LIMIT, False
    for _ in range(method.max_iter):
        if here.slope <= tol:
            status = Status.CONVERGED
            break
        if asked_to_end:
            status = Status.INTERRUPTED
            break
        moved = search.moved(here)
        if moved is None:
            near = here.slope <= max(tol, ROUNDING * model.size)
            status = Status.CONVERGED if near else Status.STALLED
            break
        here = moved
        asked_to_end = yield iterations.after(here.objective, partial(search.params, here))
    proof = search.certificate(here, bounds_gap=method.bounds_gap)
    return iterations.solution(search.params(here), status, proof)


@dataclass(frozen=True)
class _Place:
    """β [D], b [k], the logits [n, k], the objective and its gradient [D + k]."""

    score: np.ndarray
    level: np.ndarray
    logits: np.ndarray
    objective: float
    gradient: np.ndarray
    slope: float  # the gradient's largest entry


class _Search:
    """The problem in standard units."""

    def __init__(self, model: LinearModel, l1: Any, l2: Any) -> None:
        strengths = model.strengths(l1, l2)
        self.model, self.raw = model, (l1, l2)
        self.steps = model.loss.steps(model.outputs)
        self.square = float(self.steps @ self.steps)
        self.l2 = strengths.l2[:-1, 0] * self.square

    def start(self, params: Params | None) -> tuple[np.ndarray, np.ndarray]:
        values = self.model.start(params)
        return values[:-1] @ self.steps / self.square, values[-1]

    def measured(self, score: np.ndarray, level: np.ndarray) -> _Place:
        model = self.model
        logits = np.multiply.outer(model.columns @ score, self.steps) + level
        value, by_logits = model.loss.value_and_gradient(logits, model.target)
        by_logits = model.weight[:, None] * by_logits
        objective = float(model.weight @ value) + 0.5 * float(self.l2 @ score**2)
        fall = model.columns.transpose_product(by_logits @ self.steps) + self.l2 * score
        gradient = np.concatenate([fall, by_logits.sum(axis=0)])
        slope = float(np.abs(gradient).max())
        return _Place(score, level, logits, objective, gradient, slope)

    def moved(self, here: _Place) -> _Place | None:
        """Return the next place; None if no step lowers the objective."""
        step, size, length = self._step(here), len(here.score), 1.0
        promised = float(here.gradient @ step)
        rounding = 4.0 * EPSILON * abs(here.objective)
        while length > SHORTEST:
            moved = here.score + length * step[:size], here.level + length * step[size:]
            there = self.measured(*moved)
            fallen = here.objective - there.objective
            enough = fallen >= -ENOUGH * length * promised - rounding
            if enough and (fallen > rounding or there.slope < here.slope):
                return there
            length /= 2
        return None

    def params(self, here: _Place) -> Params:
        return self.model.params(self._values(here.score, here.level))

    def certificate(self, here: _Place, *, bounds_gap: bool) -> Any:
        """Certify the gradient along the line of weights that are allowed.

        First b is brought to its own minimum. There, the conjugate of the loss touches it at the
        logits' own slopes, so that the duality gap is what the gradient by β, ‖∇‖² / 2 l2, leaves.
        """
        size, gap = len(here.score), None
        fall = here.gradient[:size]
        if bounds_gap and (self.l2 > 0).all():
            rest = self._at_rest(here)
            rounding = 4.0 * EPSILON * len(here.logits) ** 0.5 * abs(here.objective)
            left = (np.square(rest.gradient[:size]) / (2.0 * self.l2)).sum()
            gap = float(max(here.objective - rest.objective, 0.0) + left + rounding)
        gradient = self._values(fall / self.square, here.gradient[size:])
        point = Point(self._values(here.score, here.level), here.logits, here.objective, gradient)
        return certificate(self.model, point, *self.raw, gap)

    def _at_rest(self, here: _Place) -> _Place:
        """Return the place of the same β where no change of b lowers the objective."""
        size = len(here.score)
        for _ in range(MOST_STEPS):
            level = _filled(self._curvature(here.logits)[2])
            step = -np.linalg.solve(level, here.gradient[size:])
            there = self.measured(here.score, here.level + step)
            if not there.objective < here.objective:
                break
            here = there
        return here

    def _values(self, score: np.ndarray, level: np.ndarray) -> np.ndarray:
        return np.concatenate([np.multiply.outer(score, self.steps), level[None]])

    def _step(self, here: _Place) -> np.ndarray:
        model, size, pull = self.model, len(here.score), here.gradient
        bend, cross, level = self._curvature(here.logits)
        mixed = model.columns.transpose_product(cross)
        level = _filled(level)
        penalty = self.l2 + ~model.columns.alive
        if size > LARGEST_DIRECT:
            product = _Product(model, bend, mixed, level, penalty)
            diagonal = np.append(model.columns.squares(bend) + penalty, np.diag(level))
            return truncated_step(product, pull, lambda residual: residual / diagonal)
        hessian = np.empty((len(pull),) * 2)
        hessian[:size, :size] = model.columns.gram(bend) + np.diag(penalty)
        hessian[:size, size:], hessian[size:, :size] = mixed, mixed.T
        hessian[size:, size:] = level
        return Factored.of(hessian).step(pull)

    def _curvature(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return w cᵀHc [n], w Hc [n, k] and Σ w H [k, k], a few rows at a time."""
        model, (rows, outputs) = self.model, logits.shape
        bend, cross, level = np.empty(rows), np.empty((rows, outputs)), np.zeros((outputs,) * 2)
        for begin in range(0, rows, ROWS_AT_ONCE):
            part = slice(begin, begin + ROWS_AT_ONCE)
            bent = model.loss.hessian(logits[part], model.target[part])
            bent *= model.weight[part, None, None]
            cross[part] = bent @ self.steps
            bend[part] = np.maximum(cross[part] @ self.steps, 0.0)
            level += bent.sum(axis=0)
        return bend, cross, level


def _filled(level: np.ndarray) -> np.ndarray:
    """Return the Hessian by b, also curved in the direction in which nothing changes."""
    return level + np.trace(level) / len(level) ** 2


@dataclass(frozen=True)
class _Product:
    """The Hessian, not formed."""

    model: LinearModel
    bend: np.ndarray
    mixed: np.ndarray
    level: np.ndarray
    penalty: np.ndarray

    def __matmul__(self, step: np.ndarray) -> np.ndarray:
        size = len(self.penalty)
        score, level = step[:size], step[size:]
        columns = self.model.columns
        fall = columns.transpose_product(self.bend * (columns @ score))
        fall += self.penalty * score + self.mixed @ level
        return np.append(fall, score @ self.mixed + self.level @ level)
