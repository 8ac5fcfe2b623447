"""Newton's method over passes: a linear model whose rows are read one block at a time.

Objective, gradient and Hessian are sums over rows,

    P(θ) = Σ_blocks Σᵢ wᵢ · loss(zᵢ θ, yᵢ) + Σ_j l2_j · ½ θ_j²,

so that one pass over the blocks yields them exactly, however many rows there are. The first pass
also sums the Hessian (in float32, as it only gives directions). Its factor serves all later steps,
updated with the curvature that these show, as in L-BFGS. The method starts at the optimum of a
sample; the closer this is, the fewer passes are needed. If the Hessian has too many entries for
that, the sample's Hessian gives the directions, by conjugate gradients; a small sample's is less
accurate, and more passes are needed.

Source: Nocedal and Wright, Numerical Optimization (2006), sections 3.1 and 7.2.

Shapes: D columns, k outputs; points, gradients and steps are [D + 1, k].
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradum.core.models import Params
from gradum.margins import EPSILON, TIMES, of_sums
from gradum.solvers.certify import certificate
from gradum.solvers.curvature import Factored, truncated_step
from gradum.solvers.duality import DualRows, columns_apart
from gradum.solvers.lbfgs_memory import Memory
from gradum.solvers.linear_model import LinearModel, Point, Strengths
from gradum.solvers.newton import LARGEST_DIRECT, LARGEST_WORK
from gradum.solvers.solution import EpochDone, Solution, Status
from gradum.solvers.threads import in_order

MOST_SETTLING = 12  # passes that minimise over the intercept, for the certificate
SHORTEST = 1e-4  # a step that is halved until the objective falls
MOST_AT_ONCE = 16  # blocks, which are held while they are measured
WAITING_BYTES = 2**27  # in Hessians
Block = Callable[[], LinearModel]


@dataclass(frozen=True)
class NewtonOverPasses:
    """When to stop.

    Parameters
    ----------
    tol : float
        The largest entry of the gradient at which the answer counts as the optimum, in units of
        the mean size of the loss's derivative under the best constant.
    max_iter : int
        The most steps; a step is a pass.
    """

    tol: float = 1e-9
    max_iter: int = 50


def newton_over_passes(
    blocks: Sequence[Block],
    sample: LinearModel,
    *,
    rows: int,
    l2: Any,
    method: NewtonOverPasses = NewtonOverPasses(),
    start: Params | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Yield an event after every pass, and return the solution.

    The sums are taken block by block in a fixed order, however many threads work on them, so that
    the same rows give the same bits.

    Parameters
    ----------
    blocks : sequence of callable
        Each reads one block of rows as a `LinearModel` with a smooth loss and columns as given; the
        weights of all blocks together sum to 1.
    sample : LinearModel
        Rows from everywhere in the data, in memory, in the same units. They tell how large
        gradients are, and give directions if the Hessian of all rows is too large; the optimum does
        not depend on them.
    rows : int
        How many rows the blocks have in all.
    l2 : float or ndarray of shape (D,)
        Strength of the penalty: one for all columns, or one for each.
    method : NewtonOverPasses
        When to stop.
    start : dict, optional
        Parameters to start from; the sample's best constant if left out.
    """
    return (yield from _Search(blocks, sample, rows, l2, method).run(start))


@dataclass(frozen=True)
class _Sums:
    """The results of a pass at one point."""

    point: Point
    hessian: np.ndarray | None = None


class _Search:
    def __init__(
        self,
        blocks: Sequence[Block],
        sample: LinearModel,
        rows: int,
        l2: Any,
        method: NewtonOverPasses,
    ) -> None:
        self.blocks, self.model, self.l2, self.method = blocks, sample, l2, method
        self.rows = rows
        self.strengths = self.model.strengths(0.0, l2)
        size = self.model.coefficients
        self.formed = size <= LARGEST_DIRECT and rows * size**2 <= LARGEST_WORK
        self.memory = Memory()

    def run(self, start: Params | None) -> Generator[EpochDone, Any, Solution]:
        began, model = time.perf_counter(), self.model
        tol = max(self.method.tol * model.size, model.rounding)
        sums = self._pass(model.start(start), curved=self.formed)
        point, solve = sums.point, self._steering(sums)
        history: list[EpochDone] = []
        status = Status.STEP_LIMIT
        for iteration in range(1, self.method.max_iter + 1):
            seconds = time.perf_counter() - began
            history.append(EpochDone(iteration, iteration, point.objective, None, seconds))
            asked_to_end = yield history[-1].at(partial(model.params, point.values))
            if np.abs(point.gradient).max(initial=0.0) <= tol:
                status = Status.CONVERGED
                break
            if asked_to_end:
                status = Status.INTERRUPTED
                break
            moved = self._moved(point, solve)
            if moved is None:
                status = Status.STALLED
                break
            self.memory.learn(moved.values - point.values, moved.gradient - point.gradient)
            point = moved
        gap = None if status is Status.INTERRUPTED else self._duality_gap(point)
        return Solution(
            params=model.params(point.values),
            status=status,
            certificate=certificate(model, point, 0.0, self.l2, gap),
            iterations=len(history),
            steps=len(history),
            history=tuple(history),
            seconds=time.perf_counter() - began,
        )

    def _duality_gap(self, point: Point) -> float | None:
        """Return a bound on how far the objective is above its minimum, as in `duality`.

        One or two more passes minimise over the intercept, using the sample's curvature.
        """
        model, l2 = self.model, self.strengths.l2[:-1, 0]
        if not (l2 > 0).all():
            return None
        rounding = (of_sums(self.rows) + TIMES * EPSILON) * model.size
        ones, here, memory = np.ones((len(model), 1)), point, Memory()
        sampled = DualRows(
            model.loss, model.target, model.weight, ones, lambda left: left, np.zeros(0)
        )
        curvature = sampled.curvature(model.logits(point.values), model.loss.hessian)
        for _ in range(MOST_SETTLING):
            level = here.gradient[-1]
            if np.abs(level).max() <= TIMES * rounding:
                break
            step = np.zeros_like(here.values)
            step[-1] = memory.step(level, lambda left: -np.linalg.lstsq(curvature, left, 1e-13)[0])
            here = self._pass(here.values + step, curved=False).point
            memory.learn(step[-1], here.gradient[-1] - level)
        else:
            return None
        way = np.abs(here.values[-1] - point.values[-1])
        fallen = float(way @ (np.abs(point.gradient[-1]) + TIMES * rounding))
        fall = here.gradient[:-1] - l2[:, None] * here.values[:-1]
        doubt = TIMES * rounding * np.sqrt(model.columns.squares(model.weight))
        return fallen + columns_apart(fall, doubt, here.values[:-1], l2)

    def _moved(self, point: Point, solve: Callable[[np.ndarray], np.ndarray]) -> Point | None:
        """Take a step, halved until the objective falls; return None if no such step is found."""
        step = self.memory.step(point.gradient, solve)
        if self.model.is_softmax:
            step -= step.mean(axis=1, keepdims=True)
        promise = float(np.sum(step * point.gradient))
        rounding = 8 * np.finfo(np.float64).eps * abs(point.objective)
        length = 1.0
        while length > SHORTEST:
            moved = self._pass(point.values + length * step, curved=False).point
            if moved.objective <= point.objective + 1e-4 * length * promise + rounding:
                return moved
            length /= 2
        return None

    def _steering(self, sums: _Sums) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function that turns a gradient into an approximate Newton step."""
        model, hessian = self.model, sums.hessian
        if hessian is not None:
            l2 = self.strengths.l2[:, 0]
            np.einsum("ii->i", hessian)[:] += np.repeat(l2, model.outputs)
            return Factored.of(hessian, model.outputs, softmax=model.is_softmax).step
        sampled = model.point(sums.point.values, self.strengths)
        curvature = model.curvature(sampled, self.strengths)
        mean = model.weight @ curvature.second
        precondition = model.preconditioner.at(mean, curvature.penalty)
        return lambda gradient: truncated_step(curvature, gradient, precondition)

    def _pass(self, values: np.ndarray, *, curved: bool) -> _Sums:
        """Sum over all blocks; ``curved`` adds the Hessian."""
        measure = partial(self._measured, values, curved=curved)
        objective, gradient = 0.0, np.zeros_like(values)
        hessian: np.ndarray | None = None
        yielded = 8 * self.model.coefficients**2 if curved else 1
        most = min(MOST_AT_ONCE, max(1, WAITING_BYTES // yielded))
        for sums in in_order(measure, self.blocks, most=most):
            objective += sums.point.objective
            gradient += sums.point.gradient
            if sums.hessian is not None:
                hessian = sums.hessian if hessian is None else np.add(hessian, sums.hessian)
        objective += self.strengths.value(values)
        gradient += self.strengths.l2 * values
        point = Point(values, np.zeros((0, self.model.outputs)), objective, gradient)
        return _Sums(point, hessian)

    def _measured(self, values: np.ndarray, block: Block, *, curved: bool) -> _Sums:
        model, free = block(), Strengths(*np.zeros((3, 1, 1)))
        point = model.point(values, free)
        if not curved:
            return _Sums(point)
        curvature = model.curvature(point, self.strengths)
        hessian = curvature.matrix(np.float32)
        priced = np.repeat(curvature.penalty[:, 0], model.outputs)
        np.einsum("ii->i", hessian)[: len(priced)] -= priced
        return _Sums(point, hessian)
