"""The only loop for first-order training: an iterator of events that ends with a solution."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np

from gradum.core import Params, Problem
from gradum.errors import ShapeError
from gradum.forks import refuse_after_fork
from gradum.randomness import stream
from gradum.solvers import schedules
from gradum.solvers.advice import advice_on
from gradum.solvers.batches import Feed, feed_of
from gradum.solvers.certify import certify_rows
from gradum.solvers.chunk import Info
from gradum.solvers.compiled_chunk import Advancing, Continuation, Program, advance
from gradum.solvers.first_order import FirstOrder
from gradum.solvers.lanes import LaneRounds, Lanes
from gradum.solvers.pool import SegmentedData
from gradum.solvers.rows_to_learn import Data, Validation
from gradum.solvers.solution import (
    Certificate,
    ChunkDone,
    EpochDone,
    Event,
    Solution,
    Status,
    Stopped,
)
from gradum.solvers.training_state import EarlyStopping, Regime, Snapshot, StoppingState, Tally

Answer = TypeVar("Answer")


def train(
    problem: Problem,
    data: Data | SegmentedData,
    *,
    solver: FirstOrder,
    regime: Regime,
    validation: Validation | None = None,
    seed: int = 0,
    start: Solution | Params | None = None,
    resume: Snapshot | None = None,
    lanes: Lanes | None = None,
    stop: Callable[[], bool] | None = None,
) -> Generator[Event, Any, Solution]:
    """Minimise the objective; yield events, and return the solution.

    ``solution = yield from train(…)`` passes the events on; :func:`solve` passes them to a
    listener. An answer of True to an event (``events.send(True)``) asks the training to end. The
    same arguments give the same bits on the same machine.

    Parameters
    ----------
    data : Data or SegmentedData
        The rows to learn from, in memory or read one segment at a time; computations use their
        dtype. Segments need a mini-batch solver and a network with hidden layers.
    solver : FirstOrder
        The method, such as ``Adam(learning_rate=1e-3)``.
    regime : Regime
        How long to train, and in what portions.
    validation : Validation, optional
        Rows that say when to stop; the parameters of the best epoch are returned.
    seed : int
        Decides the initial parameters and the order of rows.
    start : Solution or dict, optional
        Where to begin: parameters, or a solution of the same problem, to continue with its
        optimiser's state and its count of epochs.
    resume : Snapshot, optional
        The state of an interrupted training with otherwise the same arguments: its events continue
        after that chunk, and it ends with the solution that it would have had, to the bit.
    lanes : Lanes, optional
        Lanes that learn from parts of the rows, which are then in segments, and are averaged after
        each of some rounds of an epoch. A round counts as a step.
    stop : callable, optional
        Asked between chunks whether to end now, for callers that do not answer events.

    Raises
    ------
    ShapeError
        The data do not have the columns or the classes that the network takes, the penalty does not
        have one factor per column, or the snapshot is from another training.
    SpecError
        The solver has no meaning for the problem.
    """
    refuse_after_fork()
    began = time.perf_counter()
    _check_columns(problem, data)
    if isinstance(data, Data):
        solver = solver.settled(problem, data)
    epoch_by_epoch = validation is not None or regime.patience is not None or regime.each_epoch
    batch_size = data.rows if solver.full_batch else regime.batch_size
    advancing: Advancing = advance
    feed: Feed | LaneRounds
    if lanes is None:
        feed = feed_of(data, problem, batch_size, epoch_by_epoch=epoch_by_epoch)
    else:
        feed = lanes.feed(problem, solver, data, batch_size, seed)
        advancing = feed.advance
    gradient_tol = regime.gradient_tol if feed.whole else -1.0
    program = Program(problem, solver, data.dtype, gradient_tol, seed)
    params, carried = _beginning(problem, data, solver, start, seed)
    state = program.begin(params, carried.optimizer)
    tally = Tally(carried.epoch, carried.step, feed.steps_per_epoch)
    stopping = EarlyStopping(problem, validation, regime)
    history: list[EpochDone] = []
    if resume is not None:
        state, tally, stopping.seen = resume.restored(state, tally, params)
        history.extend(resume.history)
        began -= resume.seconds
        program.compile_seconds = resume.compile_seconds
    steps = regime.max_epochs * feed.steps_per_epoch
    factors = schedules.resolve(solver.schedule)(np.arange(steps) / max(steps, 1))
    done = tally.step - carried.step
    chunks: Iterator[Any] = feed.chunks(
        factors, seed, carried.epoch, done=done, ahead=stopping.sure
    )

    def snapshot() -> Snapshot:
        seconds = time.perf_counter() - began
        return Snapshot.take(state, tally, stopping.seen, history, seconds, program.compile_seconds)

    status, asked_to_end = Status.STEP_LIMIT, False
    for chunk, after, info in advancing(program, chunks, state, tally.step):
        state = after
        for loss in tally.epochs(info, chunk.share):
            score = stopping.epoch_done(tally.epoch, loss, partial(program.params, state))
            seconds = time.perf_counter() - began
            history.append(EpochDone(tally.epoch, tally.step, loss, score, seconds))
            if (yield history[-1].at(partial(program.params, state))):
                asked_to_end = True
        reason = _reason(info, gradient_tol) or stopping.status
        done = ChunkDone(tally.step, tally.epoch, tally.chunk_loss)
        if (yield done if reason else done.at(snapshot)):
            asked_to_end = True
        if reason is None and (asked_to_end or (stop is not None and stop())):
            reason = Status.INTERRUPTED
        if reason is not None:
            status = reason
            break
    if start is None and tally.grown and status is not Status.INTERRUPTED:
        status = Status.DIVERGED
    advice = advice_on(status, solver, tally, history, gradient_tol)
    yield Stopped(status, advice, tally.epoch, tally.step)
    best = stopping.seen.best_params
    params = program.params(state) if best is None else best
    return Solution(
        params,
        status,
        _certificate(params, problem, data, stopping.seen, status),
        iterations=tally.epoch,
        steps=tally.step,
        history=tuple(history),
        advice=advice,
        seconds=time.perf_counter() - began,
        compile_seconds=program.compile_seconds,
        state=program.continuation(state, tally.epoch, tally.step) if best is None else None,
    )


def solve(
    events: Generator[Any, Any, Answer], hear: Callable[[Any], object] = lambda _: None
) -> Answer:
    """Consume the events of a training or a fit, and return its solution.

    ``hear`` is called with each event, and returns True to ask for an end.
    """
    answer = None
    while True:
        try:
            event = events.send(answer)
        except StopIteration as ended:
            return ended.value
        answer = hear(event)


def _check_columns(problem: Problem, data: Data | SegmentedData) -> None:
    network = problem.network
    expected = network.embedding.columns if network.embedding else 0
    if (data.columns, data.coded_columns) != (network.inputs, expected):
        raise ShapeError(
            "The data have {columns} numeric and {coded_columns} coded columns, but "
            "the network takes {inputs} and {expected}.",
            "Build the network for these columns.",
            columns=data.columns,
            coded_columns=data.coded_columns,
            inputs=network.inputs,
            expected=expected,
        )
    if data.soft_classes not in (None, network.outputs):
        raise ShapeError(
            "The target has the probabilities of {soft_classes} classes, but the "
            "network has {outputs} outputs.",
            "Build the network for these classes.",
            soft_classes=data.soft_classes,
            outputs=network.outputs,
        )


def _beginning(
    problem: Problem,
    data: Data | SegmentedData,
    solver: FirstOrder,
    start: Solution | Params | None,
    seed: int,
) -> tuple[Params, Continuation]:
    """Return the first parameters, and what continues from an earlier training."""
    if start is None:
        start = solver.starting(
            problem.init(stream(seed, "init"), data.dtype, _level(problem, data))
        )
    if isinstance(start, Solution):
        resumed = start.state or Continuation()
        return (start.params if resumed.params is None else resumed.params), resumed
    return start, Continuation()


def _level(problem: Problem, data: Data | SegmentedData) -> np.ndarray | None:
    """Return the best constant [k] where training must begin there: with thresholds apart."""
    if not problem.loss.one_score:
        return None
    assert isinstance(data, Data)
    share = data.unit_weight() / data.rows
    return problem.loss.start(np.asarray(data.target), share, problem.network.outputs)


def _reason(info: Info, gradient_tol: float) -> Status | None:
    """Return what ended a chunk early, or None."""
    if not info.finite:
        return Status.DIVERGED
    if info.gradient_norm <= gradient_tol:
        return Status.CONVERGED
    return Status.STALLED if info.stalled else None


def _certificate(
    params: Params,
    problem: Problem,
    data: Data | SegmentedData,
    seen: StoppingState,
    status: Status,
) -> Certificate:
    judged = {"best_epoch": seen.best_epoch, "validation_loss": seen.best_loss}
    if isinstance(data, Data) and problem.network.is_linear and status is not Status.DIVERGED:
        return certify_rows(params, problem, data, **judged)
    return Certificate("training" if seen.best_epoch is None else "validation", **judged)
