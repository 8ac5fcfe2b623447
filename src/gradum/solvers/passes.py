"""Newton's method over passes: a linear model whose rows are read one block at a time.

Objective, gradient and Hessian are sums over rows,

    P(θ) = Σ_blocks Σᵢ wᵢ · loss(zᵢ θ, yᵢ) + Σ_j l2_j · ½ θ_j²,

so that one pass over the blocks yields them exactly, however many rows there are. They are added
in a tree whose shape depends on the number of blocks alone: the same rows give the same bits,
wherever and in whatever order blocks are read. The first pass also sums the Hessian, block after
block (in float32, as it only gives directions). Its factor serves all later steps, updated with the
curvature that these show, as in L-BFGS. The method starts at the optimum of a sample; the closer
this is, the fewer passes are needed. If the Hessian has too many entries for that, the sample's
Hessian gives the directions, by conjugate gradients; a small sample's is less accurate, and more
passes are needed.

Source: Nocedal and Wright, Numerical Optimization (2006), sections 3.1 and 7.2.

Shapes: D columns, k outputs; points, gradients and steps are [D + 1, k].
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from gradum.core.models import Params
from gradum.margins import EPSILON, TIMES, of_sums
from gradum.solvers.certify import certificate
from gradum.solvers.curvature import Factored, truncated_step
from gradum.solvers.duality import DualRows, columns_apart
from gradum.solvers.lbfgs_memory import Memory
from gradum.solvers.linear_model import LinearModel, Point, Strengths
from gradum.solvers.newton import LARGEST_DIRECT, LARGEST_WORK
from gradum.solvers.pairwise_sum import PairwiseSum
from gradum.solvers.solution import EpochDone, Iterations, Solution, Status
from gradum.solvers.threads import in_order, one_thread

MOST_SETTLING = 12  # passes that minimise over the intercept, for the certificate
SHORTEST = 1e-4  # a step that is halved until the objective falls
MOST_AT_ONCE = 256  # blocks' sums that wait for those before them
WAITING_BYTES = 2**27  # in Hessians
Across = Callable[..., Iterator[Any]]
"""Yields what comes of items in their order, as `gradum.solvers.threads.in_order` does."""


class Blocks(Protocol):
    """Rows in blocks, each of which is read one linear model after the other.

    The models have a smooth loss and columns as given; the weights of all blocks together sum to 1.
    """

    def __len__(self) -> int: ...

    def read(self, block: int) -> Iterable[LinearModel]:
        """Read the rows of a block."""
        ...

    def named(self, block: int) -> str:
        """Name a block, in words."""
        ...

    def rows(self, block: int) -> int:
        """Return how many rows a block has."""
        ...


class Recall(Protocol):
    """Passes that the same search made before it was cut short, and where to keep those of now."""

    def sums(self, number: int) -> dict[str, np.ndarray] | None:
        """Return what a pass added up, by its number from 1; None if nobody knows."""
        ...

    def keep_sums(self, number: int, sums: dict[str, np.ndarray]) -> None:
        """Keep a copy of what a pass added up: the search changes the arrays."""
        ...


class Forgetful:
    """Knows of no passes, and keeps none."""

    def sums(self, number: int) -> None:
        """Return None."""

    def keep_sums(self, number: int, sums: dict[str, np.ndarray]) -> None:
        """Do nothing."""


FORGETFUL = Forgetful()


@dataclass(frozen=True)
class NewtonOverPasses:
    """When to stop."""

    tol: float = 1e-9
    """The largest entry of the gradient at which the answer counts as the optimum, in units of the
    mean size of the loss's derivative under the best constant."""
    max_iter: int = 50
    """The most steps; a step is a pass."""


def newton_over_passes(
    blocks: Blocks,
    sample: LinearModel,
    *,
    rows: int,
    l2: Any,
    method: NewtonOverPasses = NewtonOverPasses(),
    start: Params | None = None,
    across: Across = in_order,
    recall: Recall = FORGETFUL,
) -> Generator[EpochDone, Any, Solution]:
    """Yield an event after every pass, and return the solution.

    The search is a function of what its passes add up. So one that was cut short goes on where it
    was by going through the passes that it made once more, without reading the blocks again.

    Parameters
    ----------
    blocks : Blocks
        The rows.
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
    across : callable
        Who measures the blocks: the threads of this process, or tasks elsewhere.
    recall : Recall
        The passes of a search that was cut short.
    """
    return (yield from _Search(blocks, sample, rows, l2, method, across, recall).run(start))


@dataclass(frozen=True)
class _Sums:
    """Objective, gradient and Hessian of some rows at one point, without the penalty."""

    objective: float
    gradient: np.ndarray
    hessian: np.ndarray | None = None

    @classmethod
    def recalled(
        cls, kept: dict[str, np.ndarray] | None, values: np.ndarray, *, curved: bool
    ) -> _Sums | None:
        """Return the sums that were kept, if they are of this very point."""
        kept = kept or {}
        objective, gradient, hessian = map(kept.get, ("objective", "gradient", "hessian"))
        square = (values.size, values.size) if curved else None
        if (
            not np.array_equal(kept.get("values"), values)  # type: ignore[arg-type]
            or (objective is None or objective.shape != ())
            or (gradient is None or gradient.shape != values.shape)
            or (None if hessian is None else hessian.shape) != square
        ):
            return None
        return cls(float(objective), gradient, None if hessian is None else hessian.copy())

    def to_keep(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return what `recalled` takes."""
        kept = {"values": values, "objective": np.array(self.objective), "gradient": self.gradient}
        return kept if self.hessian is None else kept | {"hessian": self.hessian}

    def __add__(self, other: _Sums) -> _Sums:
        if self.hessian is not None and other.hessian is not None:
            np.add(self.hessian, other.hessian, out=self.hessian)
        objective = self.objective + other.objective
        return _Sums(objective, self.gradient + other.gradient, self.hessian)


@dataclass(frozen=True)
class _Measuring:
    """The work of summing up one block at a point: a `gradum.engines.engine.Work`.

    An item is the point's values [D + 1, k], whether the Hessian is wanted, and the block.
    """

    blocks: Blocks
    strengths: Strengths
    stage = "sums"

    def named(self, item: tuple[np.ndarray, bool, int]) -> str:
        return self.blocks.named(item[2])

    def rows(self, item: tuple[np.ndarray, bool, int]) -> int:
        return self.blocks.rows(item[2])

    def __call__(self, item: tuple[np.ndarray, bool, int]) -> _Sums | None:
        values, curved, block = item
        total = None
        for model in self.blocks.read(block):
            sums = self._measured(values, model, curved=curved)
            total = sums if total is None else total + sums
        return total

    def _measured(self, values: np.ndarray, model: LinearModel, *, curved: bool) -> _Sums:
        point = model.point(values, Strengths(*np.zeros((3, 1, 1))))
        if not curved:
            return _Sums(point.objective, point.gradient)
        curvature = model.curvature(point, self.strengths)
        hessian = curvature.matrix(np.float32)
        priced = np.repeat(curvature.penalty[:, 0], model.outputs)
        np.einsum("ii->i", hessian)[: len(priced)] -= priced
        return _Sums(point.objective, point.gradient, hessian)


class _Search:
    def __init__(
        self,
        blocks: Blocks,
        sample: LinearModel,
        rows: int,
        l2: Any,
        method: NewtonOverPasses,
        across: Across,
        recall: Recall,
    ) -> None:
        self.blocks, self.model, self.l2, self.method = blocks, sample, l2, method
        self.rows, self.across, self.recall, self.passes = rows, across, recall, 0
        self.strengths = self.model.strengths(0.0, l2)
        size = self.model.coefficients
        self.formed = size <= LARGEST_DIRECT and rows * size**2 <= LARGEST_WORK
        self.memory = Memory()
        self.work = _Measuring(blocks, self.strengths)

    def run(self, start: Params | None) -> Generator[EpochDone, Any, Solution]:
        iterations, model = Iterations(), self.model
        tol = max(self.method.tol * model.size, model.rounding)
        point, hessian = self._pass(model.start(start), curved=self.formed)
        solve = self._steering(point, hessian)
        status = Status.STEP_LIMIT
        for _ in range(self.method.max_iter):
            here = partial(model.params, point.values)
            asked_to_end = yield iterations.after(point.objective, here)
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
        proof = certificate(model, point, 0.0, self.l2, gap)
        return iterations.solution(model.params(point.values), status, proof)

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
            here = self._pass(here.values + step, curved=False)[0]
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
            moved, _ = self._pass(point.values + length * step, curved=False)
            if moved.objective <= point.objective + 1e-4 * length * promise + rounding:
                return moved
            length /= 2
        return None

    def _steering(
        self, point: Point, hessian: np.ndarray | None
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function that turns a gradient into an approximate Newton step."""
        model = self.model
        if hessian is not None:
            l2 = self.strengths.l2[:, 0]
            np.einsum("ii->i", hessian)[:] += np.repeat(l2, model.outputs)
            return Factored.of(hessian, model.outputs, softmax=model.is_softmax).step
        sampled = model.point(point.values, self.strengths)
        curvature = model.curvature(sampled, self.strengths)
        mean = model.weight @ curvature.second
        precondition = model.preconditioner.at(mean, curvature.penalty)
        return lambda gradient: truncated_step(curvature, gradient, precondition)

    def _pass(self, values: np.ndarray, *, curved: bool) -> tuple[Point, np.ndarray | None]:
        """Sum over all blocks; ``curved`` also returns the Hessian, without the penalty."""
        self.passes += 1
        sums = _Sums.recalled(self.recall.sums(self.passes), values, curved=curved)
        if sums is None:
            sums = self._summed(values, curved=curved)
            self.recall.keep_sums(self.passes, sums.to_keep(values))
        objective = sums.objective + self.strengths.value(values)
        gradient = sums.gradient + self.strengths.l2 * values
        no_logits = np.zeros((0, self.model.outputs))
        return Point(values, no_logits, objective, gradient), sums.hessian

    def _summed(self, values: np.ndarray, *, curved: bool) -> _Sums:
        total: PairwiseSum[_Sums] = PairwiseSum()
        hessian: np.ndarray | None = None
        yielded = 8 * self.model.coefficients**2 if curved else 1
        most = min(MOST_AT_ONCE, max(1, WAITING_BYTES // yielded))
        items = [(values, curved, block) for block in range(len(self.blocks))]
        with one_thread():  # another number would give other bits
            for sums in self.across(self.work, items, most=most):
                if sums is None:  # there are no rows in the block
                    continue
                total.add(replace(sums, hessian=None))
                if hessian is not None:  # large, and only steers: one is held
                    np.add(hessian, sums.hessian, out=hessian)
                elif sums.hessian is not None:
                    hessian = sums.hessian.copy()  # engines may give what is read-only
        return replace(total.total(), hessian=hessian)
