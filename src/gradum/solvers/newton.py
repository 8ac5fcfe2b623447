"""Newton's method for linear models with a smooth convex loss, mainly logistic regression.

Each iteration replaces the loss by its quadratic model around the point, minimises this together
with the penalty, and shortens the step until the objective falls enough. Without an L1 term, the
quadratic is solved by Cholesky; with one, by finding which coefficients are 0 (the proximal Newton
method). The following saves time:

- A Hessian is used as long as its steps shrink the gradient tenfold, and longer if a new one would
  cost as much as many gradients. It is updated with the curvature that the steps since then have
  shown, as in L-BFGS.
- The Hessian is summed in float32 until that is too coarse. It only gives directions; the gradient,
  which determines the optimum, is always float64.
- With very many rows, a sample is solved first. Its answer is close, and its Hessian is used.
- With too many coefficients for a matrix, conjugate gradients only multiply with H, and solve no
  more exactly than the distance from the optimum justifies.

Sources: Nocedal and Wright, Numerical Optimization (2006), sections 3.1 and 7.1 (line
search, inexact Newton); Lee, Sun and Saunders, SIAM J. Optim. 24 (2014) (proximal Newton);
Albert and Anderson, Biometrika 71 (1984) (separation).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from gradum.core.models import Params
from gradum.errors import SpecError
from gradum.margins import of_sums
from gradum.messages import marked
from gradum.randomness import stream
from gradum.solvers import active_set
from gradum.solvers.certify import certify, least_subgradient
from gradum.solvers.curvature import Factored, truncated_step
from gradum.solvers.lbfgs_memory import Memory
from gradum.solvers.linear_model import LinearModel, Point, Strengths
from gradum.solvers.needs import SMOOTHNESS, Need
from gradum.solvers.solution import EpochDone, Iterations, Solution, Status

LARGEST_DIRECT = 3000  # coefficients up to which the Hessian is formed and factorised
LARGEST_SOFTMAX = 300  # the same, if K classes make the Hessian K² blocks that are almost alike
LARGEST_SPARSE = 300  # the same, if most columns are 0 in most rows
LARGEST_WORK = 4e11  # rows times coefficients², beyond which this takes too long
SEPARATING_STEP = 0.01  # in logits; a step at a finite minimum is far smaller
SHRINKS = 0.1  # of the gradient remains after a step whose Hessian may be used again
COEFFICIENTS_A_STEP = 100  # forming a Hessian of so many costs as much as one more step
SHORT = 0.1  # a step of which only this share helped was of little use
COARSE = 0.5  # a full step that does no better suffers from its Hessian's rounding
PLAIN = 300.0  # condition up to which a float32 Hessian determines it
FULL_RANK = 1e6  # condition up to which the rank is certainly full
ROUNDING = 1e-8  # in the gradient; at this size no step can lower the objective further
MOST_IDLE = 20  # iterations that neither halve the gradient nor lower the objective by `FALLS`
FALLS = 1e-10  # of the objective
SAMPLED_FROM = 100_000  # rows
SAMPLE = 0.05
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Newton:
    """When Newton's method stops.

    Parameters
    ----------
    tol : float
        The largest entry of the gradient at which the answer counts as the optimum, for the
        coefficients of columns of unit variance, in units of the mean size of the loss's derivative
        under the best constant. With an L1 term, it is the smallest subgradient's.
    max_iter : int
        The most iterations.
    bounds_gap : bool
        Whether the certificate bounds how far the objective is above its minimum, and measures
        condition and rank. Fits that are only compared need no such proof.
    """

    title: ClassVar[str] = marked("Newton's method")
    need: ClassVar[Need] = SMOOTHNESS

    tol: float = 1e-11
    max_iter: int = 100
    bounds_gap: bool = True


def newton(
    model: LinearModel,
    *,
    l1: Any = 0.0,
    l2: Any = 0.0,
    method: Newton = Newton(),
    start: Params | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Yield an event after every iteration, and return the solution.

    Parameters
    ----------
    model : LinearModel
        With a smooth loss.
    l1, l2 : float or ndarray of shape (D,)
        Strengths of the penalty, >= 0: one for all columns, or one for each.
    method : Newton
        When to stop.
    start : dict, optional
        Parameters to start from, as ``Solution.params`` holds them.

    Raises
    ------
    SpecError
        There is an L1 term and too many coefficients for a matrix.
    """
    return (yield from _Search(model, l1, l2, method).run(start))


def may_be_formed(model: LinearModel) -> bool:
    """Whether the Hessian is small enough to form and factorise."""
    size = model.coefficients
    return size <= LARGEST_DIRECT and len(model) * size**2 <= LARGEST_WORK


def is_direct(model: LinearModel) -> bool:
    """Whether forming the Hessian is also faster than multiplying with it."""
    most = LARGEST_DIRECT if model.columns.raw.is_dense else LARGEST_SPARSE
    most = LARGEST_SOFTMAX if model.is_softmax else most
    return model.coefficients <= most and may_be_formed(model)


def selecting_step(
    model: LinearModel,
    quadratic: Factored,
    values: np.ndarray,
    gradient: np.ndarray,
    strengths: Strengths,
) -> np.ndarray:
    """Return the step [D + 1, k] to the minimum of a quadratic with an L1 term or bounds at 0."""
    hessian, here = quadratic.hessian, values.ravel()
    if model.is_softmax:
        hessian = quadratic.determined(strengths.l1[:, 0] == 0)
    linear = hessian @ here - gradient.ravel()
    l1, signs = (np.repeat(each[:, 0], model.outputs) for each in (strengths.l1, strengths.signs))
    there = active_set.minimise(hessian, linear, l1, here, signs)
    return (there - here).reshape(values.shape)


class _Search:
    """The state of one fit, carried from iteration to iteration."""

    def __init__(self, model: LinearModel, l1: Any, l2: Any, method: Newton) -> None:
        self.model, self.method = model, method
        self.raw_strengths = (l1, l2)
        self.strengths = model.strengths(l1, l2)
        size = model.coefficients
        self.direct = is_direct(model) or (self.strengths.selects and may_be_formed(model))
        if self.strengths.selects and not self.direct:
            raise SpecError(
                "Newton's method with an L1 term takes no more than {most:,} "
                "coefficients; there are {size:,}.",
                "Use {solvers}.",
                most=LARGEST_DIRECT,
                size=size,
                solvers="solver='proximal'",
            )
        # The memory's long steps could leap to where all curvature underflows, which would hide the
        # sign that the minimum lies at infinity.
        plain = self.strengths.selects or self._may_be_endless
        self.patience = 0 if plain else 1 + size // COEFFICIENTS_A_STEP
        self.quadratic: Factored | None = None
        self.stale = True
        self.memory = Memory()
        self.poor = 0
        # In float32, duplicate columns would differ enough for the L1 term to choose.
        self.dtype: Any = np.float64 if self.strengths.selects else np.float32
        self.may_majorise = model.loss.majorises
        self.majorised = False

    def run(self, start: Params | None) -> Generator[EpochDone, Any, Solution]:
        iterations, model = Iterations(), self.model
        tol = max(self.method.tol * model.size, model.rounding)
        near = max(tol, ROUNDING * model.size)
        least, last, idle = np.inf, np.inf, 0
        unsure = self._may_be_endless
        point = self._begin(start)
        status, asked_to_end = Status.STEP_LIMIT, False
        for _ in range(self.method.max_iter):
            slope = self._slope(point)
            fallen = last - point.objective > FALLS * abs(point.objective)
            idle = 0 if slope < 0.5 * least or fallen else idle + 1
            least, last = min(least, slope), point.objective
            if slope <= tol and not unsure:
                status = Status.CONVERGED
                break
            if asked_to_end:
                status = Status.INTERRUPTED
                break
            arrived = unsure and slope <= near
            if arrived:
                self._forget(np.float64)
            moved = self._iterate(point) if idle < MOST_IDLE else None
            if moved is None:
                status = Status.CONVERGED if slope <= near else Status.STALLED
                break
            movement = float(np.abs(moved.logits - point.logits).max())
            point = moved
            here = partial(model.params, point.values)
            asked_to_end = yield iterations.after(point.objective, here)
            if arrived:
                # A full step shows whether a minimum exists: if the gradient vanishes but the steps
                # do not, the minimum lies at infinity.
                unsure = False
                if movement > SEPARATING_STEP:
                    status = Status.SEPARATED
                    break
        proof = certify(
            model,
            point,
            *self.raw_strengths,
            bounds_gap=self.method.bounds_gap,
            **self._condition_and_rank(point),
        )
        return iterations.solution(model.params(point.values), status, proof)

    @property
    def _may_be_endless(self) -> bool:
        """Whether some coefficient is free, so that the minimum may lie at infinity."""
        priced = (self.strengths.l1 + self.strengths.l2)[:-1, 0]
        return self.model.loss.link != "identity" and not priced[self.model.columns.alive].all()

    def _slope(self, point: Point) -> float:
        """Return the largest entry of the smallest subgradient."""
        l1, signs = self.strengths.l1[:, 0], self.strengths.signs[:, 0]
        none = np.zeros_like(l1)
        slope = least_subgradient(point.gradient, point.values, l1, none, signs)
        return float(np.abs(slope).max(initial=0.0))

    def _begin(self, start: Params | None) -> Point:
        """Return the starting point; for very many rows, the minimum on a sample of them."""
        model = self.model
        values = model.start(start)
        few = len(model) < max(SAMPLED_FROM, 100 * values.size)
        if start is not None or few or not self.direct:
            return model.point(values, self.strengths)
        size = max(int(SAMPLE * len(model)), 20 * values.size)
        rows = stream(0, "newton").choice(len(model), size, replace=False, shuffle=False)
        rows = np.sort(rows)
        if not model.weight[rows].sum() > 0:
            return model.point(values, self.strengths)
        sample = _Search(model.take(rows), *self.raw_strengths, Newton(1e-4, 20))
        best = sample.model.point(values, sample.strengths)
        for _ in range(sample.method.max_iter):
            moved = sample._iterate(best)
            if moved is None or sample._slope(best) <= sample.method.tol * model.size:
                break
            best = moved
        there = model.point(best.values, self.strengths)
        if not there.objective < model.objective(values, model.logits(values), self.strengths):
            return model.point(values, self.strengths)
        self.quadratic, self.stale = sample.quadratic, False
        return there

    def _iterate(self, point: Point) -> Point | None:
        """Take one step; return None if no step lowers the objective."""
        if not self.direct:
            return self._search(point, self._truncated(point))[0]
        fresh = self.stale
        if self.quadratic is None or fresh:
            self.quadratic, self.stale = self._factored(point), False
        moved, length = self._search(point, self._direct(self.quadratic, point))
        if (moved is None or length < SHORT) and self.may_majorise and not self.majorised:
            # The loss has almost no curvature, and its parabola is far too wide.
            self._forget(self.dtype)
            self.majorised = True
            return point if moved is None else moved
        if moved is None:
            if fresh and self.dtype is np.float64:
                return None
            self._forget(np.float64 if fresh else self.dtype)
            return point
        shrunk = self._slope(moved) / max(self._slope(point), TINY)
        if self.patience:
            self.memory.learn(moved.values - point.values, moved.gradient - point.gradient)
        self.poor += shrunk > SHRINKS
        if self.poor > self.patience:
            coarse = fresh and shrunk > COARSE and length == 1.0
            self._forget(np.float64 if coarse else self.dtype)
        return moved

    def _factored(self, point: Point) -> Factored:
        model = self.model
        curvature = model.curvature(point, self.strengths, majorised=self.majorised)
        hessian = curvature.matrix(self.dtype)
        factored = Factored.of(hessian, model.outputs, softmax=model.is_softmax)
        if factored.ridge and self.may_majorise and not self.majorised:
            self.majorised = True
            return self._factored(point)
        return factored

    def _forget(self, dtype: Any) -> None:
        """Make the next step form a new Hessian, in this dtype."""
        self.stale, self.memory, self.poor, self.dtype = True, Memory(), 0, dtype
        self.majorised = False

    def _condition_and_rank(self, point: Point) -> dict[str, Any]:
        """Measure both on the current Hessian, or on a new float64 one if that is too coarse."""
        measured = self.method.bounds_gap and self.direct
        if not measured or not self.model.columns.alive.any():
            return {}
        if self.quadratic is None:
            self.quadratic = self._factored(point)
        if self.quadratic.condition > PLAIN and self.dtype is np.float32:
            self.dtype = np.float64
            self.quadratic = self._factored(point)
        condition = self.quadratic.condition
        alive = int(self.model.columns.alive.sum())
        if condition <= FULL_RANK:
            return {"condition": condition, "rank": alive}
        if self.model.is_softmax:
            return {"condition": condition}
        rounding = of_sums(len(self.model), most=FULL_RANK**-2)
        missing = len(self.quadratic.hessian) - self.quadratic.rank(rounding)
        return {"condition": condition, "rank": alive - missing}

    def _direct(self, quadratic: Factored, point: Point) -> np.ndarray:
        """Return the step to the minimum of the quadratic model."""
        if not self.strengths.selects:
            return self._centred(self.memory.step(point.gradient, quadratic.step))
        return selecting_step(self.model, quadratic, point.values, point.gradient, self.strengths)

    def _truncated(self, point: Point) -> np.ndarray:
        curvature = self.model.curvature(point, self.strengths)
        mean = self.model.weight @ curvature.second
        precondition = self.model.preconditioner.at(mean, curvature.penalty)
        return self._centred(truncated_step(curvature, point.gradient, precondition))

    def _centred(self, step: np.ndarray) -> np.ndarray:
        """Keep a step out of the direction that leaves a softmax unchanged."""
        return step - step.mean(axis=1, keepdims=True) if self.model.is_softmax else step

    def _search(self, point: Point, step: np.ndarray) -> tuple[Point | None, float]:
        """Halve the step until the objective falls by a share of the model's prediction."""
        model, strengths = self.model, self.strengths
        full, direction = model.moved(point, step, strengths)
        promise = float(np.sum(step * point.gradient))
        promise += float(np.sum(strengths.l1 * (np.abs(full.values) - np.abs(point.values))))
        rounding = 8 * np.finfo(np.float64).eps * abs(point.objective)
        if full.objective <= point.objective + 1e-4 * promise + rounding:
            return full, 1.0
        length = 0.5
        while length > 1e-10:
            values = point.values + length * step
            logits = point.logits + length * direction
            objective = model.objective(values, logits, strengths)
            if objective <= point.objective + 1e-4 * length * promise + rounding:
                return model.point_at(values, logits, objective, strengths), length
            length /= 2
        return None, 0.0
