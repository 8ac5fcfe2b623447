"""The only loop of first-order training: an iterator of events that ends in a solution."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from gradum.core import Params, Problem
from gradum.errors import ShapeError
from gradum.randomness import stream
from gradum.solvers import schedules
from gradum.solvers.batches import Chunk, feed_of
from gradum.solvers.certify import gradient_norm
from gradum.solvers.chunk import Info, State
from gradum.solvers.data import Data, Validation
from gradum.solvers.events import ChunkDone, EpochDone, Event, Stopped
from gradum.solvers.first_order import FirstOrder
from gradum.solvers.program import Continuation, Program
from gradum.solvers.solution import Certificate, Solution
from gradum.solvers.status import Status
from gradum.solvers.stopping import Regime, Watch

FAR_ABOVE = 1e3
"""A loss so many times that of a fresh model's first step has not come from learning."""


def train(
    problem: Problem,
    data: Data,
    *,
    solver: FirstOrder,
    regime: Regime,
    validation: Validation | None = None,
    seed: int = 0,
    start: Solution | Params | None = None,
    stop: Callable[[], bool] | None = None,
) -> Generator[Event, None, Solution]:
    """Bring the objective down; yield events, and return the solution.

    ``solution = yield from train(…)`` hands the events on, :func:`solve` drops them.
    The same arguments give the same bits on the same machine.

    Parameters
    ----------
    problem : Problem
        Network, loss and penalty.
    data : Data
        The rows to learn from; their dtype is the one computed in.
    solver : FirstOrder
        The method, such as ``Adam(learning_rate=1e-3)``.
    regime : Regime
        How long to train, and in what portions.
    validation : Validation, optional
        Rows that say when to stop; the parameters of the best epoch are returned.
    seed : int
        Decides the initial parameters and the order of rows.
    start : Solution or dict, optional
        Where to begin: parameters; or a solution of the same problem, to go on with its
        optimiser's state and its count of epochs.
    stop : callable, optional
        Asked between chunks whether to end now.

    Raises
    ------
    ShapeError
        The data do not have the columns that the network takes.
    """
    began = time.perf_counter()
    _check_columns(problem, data)
    epoch_by_epoch = validation is not None or regime.patience is not None
    batch_size = data.rows if solver.full_batch else regime.batch_size
    feed = feed_of(data, problem, batch_size, epoch_by_epoch=epoch_by_epoch)
    gradient_tol = regime.gradient_tol if feed.whole else -1.0
    program = Program(problem, solver, data.dtype, gradient_tol)
    params, resumed = _beginning(problem, data, start, seed)
    tally = _Tally(resumed.epoch, resumed.step, feed.steps_per_epoch)
    factors = _learning_rate_factors(solver, regime.max_epochs * feed.steps_per_epoch)
    chunks = feed.chunks(factors, seed, first_epoch=resumed.epoch)
    watch = Watch(problem, validation, regime)
    history: list[EpochDone] = []
    status, state = Status.STEP_LIMIT, program.begin(params, resumed.optimizer)
    for chunk, after, info in _advance(program, chunks, state):
        state = after
        for loss in tally.epochs(info, chunk):
            score = watch.epoch_done(tally.epoch, loss, partial(program.params, state))
            seconds = time.perf_counter() - began
            history.append(EpochDone(tally.epoch, tally.step, loss, score, seconds))
            yield history[-1].at(partial(program.params, state))
        yield ChunkDone(tally.step, tally.epoch, tally.chunk_loss)
        asked = Status.INTERRUPTED if stop is not None and stop() else None
        reason = _reason(info, gradient_tol) or watch.status or asked
        if reason is not None:
            status = reason
            break
    if start is None and tally.grown and status is not Status.INTERRUPTED:
        status = Status.DIVERGED
    advice = _advice(status, solver, tally)
    yield Stopped(status, advice, tally.epoch, tally.step)
    best = watch.best_params
    params = program.params(state) if best is None else best
    return Solution(
        params,
        status,
        _certificate(params, problem, data, watch),
        iterations=tally.epoch,
        steps=tally.step,
        history=tuple(history),
        advice=advice,
        seconds=time.perf_counter() - began,
        compile_seconds=program.compile_seconds,
        state=program.continuation(state, tally.epoch, tally.step) if best is None else None,
    )


def solve(events: Generator[Event, None, Solution]) -> Solution:
    """Return the solution that a training ends in, and drop its events."""
    while True:
        try:
            next(events)
        except StopIteration as ended:
            return ended.value


def _advance(
    program: Program, chunks: Iterator[Chunk], state: State
) -> Iterator[tuple[Chunk, State, Info]]:
    """Run chunk after chunk; yield each with the state after it."""
    upcoming = next(chunks, None)
    while upcoming is not None:
        chunk = upcoming
        state, info = program.launch(state, chunk)
        upcoming = next(chunks, None)  # gathered on the host while the program runs
        yield chunk, state, Info(*map(np.asarray, info))


@dataclass
class _Tally:
    """Counts steps and epochs, and averages the losses of each."""

    epoch: int
    step: int
    steps_per_epoch: int
    chunk_loss: float = math.nan
    first_loss: float = math.nan
    gradient_norm: float = math.nan
    finite: bool = True
    _loss: float = 0.0

    def epochs(self, info: Info, chunk: Chunk) -> Iterator[float]:
        """Count a chunk's steps; yield the training loss of each epoch that it completes.

        An epoch's loss is the mean over its batches, each by its share of the rows. A step
        whose loss was not finite was not taken, and does not count.
        """
        steps = int(info.steps) - (not info.finite)
        losses = info.losses[:steps].astype(np.float64)
        self.finite = bool(info.finite)
        if steps:
            self.gradient_norm, self.chunk_loss = float(info.gradient_norm), float(losses.mean())
        if math.isnan(self.first_loss) and steps:
            self.first_loss = float(losses[0])
        for part in (losses * chunk.share[:steps]).tolist():
            self._loss += part
            self.step += 1
            if self.step % self.steps_per_epoch == 0:
                self.epoch += 1
                loss, self._loss = self._loss, 0.0
                yield loss

    @property
    def grown(self) -> bool:
        """Whether the loss is far above that of the first step, however finite."""
        return self.chunk_loss > FAR_ABOVE * self.first_loss


def _check_columns(problem: Problem, data: Data) -> None:
    network = problem.network
    coded = data.inputs["codes"].shape[1] if "codes" in data.inputs else 0
    expected = network.embedding.columns if network.embedding else 0
    if (data.columns, coded) != (network.inputs, expected):
        raise ShapeError(
            f"The data have {data.columns} numeric and {coded} coded columns, but the network "
            f"takes {network.inputs} and {expected}.",
            "Build the network for these columns.",
        )


def _beginning(
    problem: Problem, data: Data, start: Solution | Params | None, seed: int
) -> tuple[Params, Continuation]:
    """Return the first parameters, and what is carried on from an earlier training."""
    if start is None:
        start = problem.network.init(stream(seed, "init"), data.dtype)
    if isinstance(start, Solution):
        return start.params, start.state or Continuation()
    return start, Continuation()


def _learning_rate_factors(solver: FirstOrder, steps: int) -> np.ndarray:
    return schedules.resolve(solver.schedule)(np.arange(steps) / max(steps, 1))


def _reason(info: Info, gradient_tol: float) -> Status | None:
    """Return what ended a chunk before its time."""
    if not info.finite:
        return Status.DIVERGED
    return Status.CONVERGED if info.gradient_norm <= gradient_tol else None


def _advice(status: Status, solver: FirstOrder, tally: _Tally) -> str:
    if status is not Status.DIVERGED:
        return status.advice
    if not tally.step:
        return (
            "The loss or its gradient is not finite at the first step already; standardise the "
            "columns and a numeric target."
        )
    what = f"was no longer finite after step {tally.step}"
    if tally.finite:
        what = f"rose from {tally.first_loss:.2g} to {tally.chunk_loss:.2g} by step {tally.step}"
    usual = getattr(type(solver), "learning_rate", None)  # the method's default
    learning_rate = min(solver.learning_rate / 10, usual if isinstance(usual, float) else math.inf)
    return (
        f"The loss {what}, where the gradient's norm was {tally.gradient_norm:.2g}; try "
        f"learning_rate={float(f'{learning_rate:.1g}'):g}, or standardise the columns."
    )


def _certificate(params: Params, problem: Problem, data: Data, watch: Watch) -> Certificate:
    judged = watch.best_epoch is not None
    if problem.network.is_linear:
        kind, norm = "stationary", gradient_norm(params, problem, data)
    else:
        kind, norm = ("validation" if judged else "training"), None
    return Certificate(kind, norm, best_epoch=watch.best_epoch, validation_loss=watch.best_loss)
