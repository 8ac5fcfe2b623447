"""The context of a fit: its seed, its listener, its end, its checkpoints and its allowance of time.

All that a fit needs besides its rows and its settings travels in this one value, which is handed
down from the run to its parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol, TypeVar

import numpy as np

from gradum.core_count import cores
from gradum.engines.engine import Engine, Work
from gradum.engines.in_order import MOST, Straggler, in_order
from gradum.messages import say
from gradum.randomness import stream
from gradum.rungs.allowance import Allowance
from gradum.rungs.checkpoints import NO_CHECKPOINTS, Checkpoints, Snapshots
from gradum.rungs.rung import Rung
from gradum.rungs.training_events import PartitionDone, PartitionLate
from gradum.solvers import threads
from gradum.solvers.driver import solve
from gradum.solvers.training_state import Snapshot

Answer = TypeVar("Answer")


class OutOfTime(Exception):
    """The time of a fit ran out before it had learned anything."""


def ignore(event: Any) -> None:
    """Ignore an event."""


class StagedWork(Work, Protocol):
    """Work that says what it is for."""

    @property
    def stage(self) -> str:
        """What it is for: see `PartitionDone` and `PartitionLate`."""
        ...


class TableWork(StagedWork, Protocol):
    """Work whose items are partitions of a table."""

    def rows(self, item: Any, /) -> int:
        """Return how many rows an item has."""
        ...


@dataclass(frozen=True)
class Context:
    """What a fit is given besides its rows and its settings."""

    seed: int = 0
    """Decides every random choice."""
    tell: Callable[[Any], object] = ignore
    """Called with every event, see `gradum.run.events.events`."""
    stop: Callable[[], bool] = lambda: False
    """Asked between chunks of work; once it returns true, the fit ends with what it has."""
    checkpoints: Checkpoints = NO_CHECKPOINTS
    """The rungs that were fitted before this run was cut short, and where to keep more."""
    allowance: Allowance | None = None
    """How the fits of a run share its time; None without a limit."""
    fold: int = 0
    folds: int = 0
    """The number of this fit among the folds, and the number of folds; both 0 for the model that is
    kept."""
    place: str = ""
    """The name of this fit among the checkpoints, such as ``fold-2-mlp``."""
    end: float = math.inf
    """The moment, by the performance counter, at which this fit is to end with what it has."""
    engine: Engine | None = None
    """Where tasks are done; None for the threads of this process."""
    apart: Callable[[str], Rung | None] = lambda place: None
    """Returns the rung of a place that the engine fits; None if it is to be fitted here."""
    keep: Callable[[Any], object] = ignore
    """Called with the model as soon as it has learned, before it is judged."""
    spreads: bool = True
    """Whether the fit also learns how far numbers may lie from its predictions; False where only
    its scores are wanted."""

    def across(self, work: TableWork, items: Sequence[Any], *, most: int) -> Iterator[Any]:
        """Yield what comes of each item, in their order, on the engine or on a thread per core.

        At most ``most`` items are taken before the result of the first is yielded.
        """
        if self.engine is None:
            return self._told(work, items, threads.in_order(work, items, most=most))
        return self._on(self.engine, work, items, most)

    def one_by_one(self, work: TableWork, items: Sequence[Any]) -> Iterator[Any]:
        """Do what `across` does for items each of which takes all cores here, and much memory."""
        if self.engine is None:
            return self._told(work, items, map(work, items))
        return self._on(self.engine, work, items, MOST)

    def on_engine(self, work: StagedWork, items: Sequence[Any]) -> Iterator[Any]:
        """Yield what comes of each item, in their order, on the engine, which there has to be.

        Raises
        ------
        ToldToStop
            The context said to stop; tasks that are not done are given up.
        """
        assert self.engine is not None
        late = partial(self._tell_late, work)
        return in_order(self.engine, work, items, late=late, stop=self.stop)

    def _on(self, engine: Engine, work: TableWork, items: Sequence[Any], most: int) -> Iterator:
        late = partial(self._tell_late, work)
        return self._told(work, items, in_order(engine, work, items, most=most, late=late))

    def _tell_late(self, work: StagedWork, task: Straggler) -> None:
        name = first = work.named(task.items[0])
        if len(task.items) > 1:
            name = say("{first} to {last}", first=first, last=work.named(task.items[-1]))
        self.tell(PartitionLate(work.stage, name, task.where, task.seconds, task.usual))

    def _told(self, work: TableWork, items: Sequence[Any], results: Iterator[Any]) -> Iterator[Any]:
        """Tell how far the results have come."""
        began, rows = perf_counter(), 0
        for done, (item, result) in enumerate(zip(items, results, strict=True), 1):
            rows += work.rows(item)
            seconds = perf_counter() - began
            self.tell(PartitionDone(work.stage, done, len(items), rows, seconds))
            yield result

    @property
    def workers(self) -> int:
        """How many tasks are done at a time."""
        return cores() if self.engine is None else self.engine.workers

    @property
    def elsewhere(self) -> bool:
        """Whether tasks may be done on machines that do not see this one's files."""
        return self.engine is not None and self.engine.elsewhere

    def random(self, *names: str | int) -> np.random.Generator:
        """Return the random generator of a named stream of the seed."""
        return stream(self.seed, *names)

    def at(self, place: str) -> Context:
        """Return the context of the fit with this name among the checkpoints."""
        return replace(self, place=place)

    def until(self, moment: float) -> Context:
        """Return the context of a fit that also ends at a moment of the performance counter."""
        return replace(self, end=min(self.end, moment))

    @property
    def unhurried(self) -> Context:
        """The context of a step that ignores the time, because its own bounds end it soon."""
        return replace(self, end=math.inf)

    def over(self) -> bool:
        """Whether the fit is to end with what it has: it was told to stop, or its time is up."""
        return self.stop() or perf_counter() > self.end

    def require_time(self) -> None:
        """Raise OutOfTime once the time of the fit is up."""
        if perf_counter() > self.end:
            raise OutOfTime

    def follow(self, events: Generator[Any, Any, Answer]) -> Answer:
        """Pass every event of a solver to ``tell``, and return the solver's result."""
        return solve(events, self._tell_and_ask)

    def solve(self, events: Generator[Any, Any, Answer]) -> Answer:
        """Return a solver's result without telling anybody of its events."""
        return solve(events, self.ask)

    def ask(self, event: Any) -> bool:
        """Answer a solver's event: whether the solver should end."""
        return self.over()

    def train(self, events: Generator[Any, Any, Answer]) -> Answer:
        """Follow a training, and keep its snapshots."""
        snapshots = Snapshots(self.checkpoints, self.place, self.stop)

        def hear(event: Any) -> bool:
            snapshots.note(event)
            return self._tell_and_ask(event)

        return solve(events, hear)

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot of the training that was cut short at this place."""
        return self.checkpoints.snapshot(self.place)

    def sums(self, number: int) -> dict[str, np.ndarray] | None:
        """Return what a pass of the fit that was cut short at this place added up."""
        return self.checkpoints.sums(self.place, number)

    def keep_sums(self, number: int, sums: dict[str, np.ndarray]) -> None:
        """Keep what a pass of the fit at this place added up."""
        self.checkpoints.keep_sums(self.place, number, sums)

    def once(self, fit: Callable[[], Rung]) -> Rung:
        """Return the rung that was fitted at this place before.

        If there is none, fit it, here or `apart`, and keep it unless the fit was stopped.
        """
        rung = self.checkpoints.rung(self.place)
        if rung is None:
            rung = self.apart(self.place) or fit()
            if not self.stop():
                self.checkpoints.keep_rung(self.place, rung)
        return rung

    def _tell_and_ask(self, event: Any) -> bool:
        self.tell(event)
        return self.over()


ALONE = Context()
"""The context of a fit that nobody listens to and that nothing ends early."""
