"""Tasks given to an engine, and what came of them, in order: again if a worker is lost.

What comes of an item depends on it alone, and results are taken in the order of the items. So
nothing depends on how many workers there are, on who did what, or on how often. Items that take
little time share a task, for each task costs an engine some milliseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any

from gradum.engines import engine as limits
from gradum.engines.engine import Done, Engine, Work, WorkerLost
from gradum.errors import EngineError, GradumError
from gradum.messages import say

ATTEMPTS = 3
MOST = 2**31
AHEAD = 4  # tasks given for each worker, so that none waits for the one whose turn it is
SECONDS = 0.15  # of a task of several items
LOOK_SECONDS = 1.0  # between two looks at a task that is waited for
SLOW, SLOW_SECONDS = 3.0, 5.0  # a straggler takes so many times what tasks take, and so long


class ToldToStop(Exception):
    """Nobody waits for the tasks any longer."""


@dataclass(frozen=True)
class Straggler:
    """A task that is waited for much longer than tasks take, which all others wait for.

    Parameters
    ----------
    items : sequence
    where : str
        Where it is done, in words; "" where nobody knows.
    seconds, usual : float
        How long it has been waited for, and what so many items have taken so far, on average.
    """

    items: Sequence[Any]
    where: str
    seconds: float
    usual: float


@dataclass
class _Given:
    items: Sequence[Any]
    task: Any
    causes: list[str] = field(default_factory=list)


def in_order(
    engine: Engine,
    work: Work,
    items: Sequence[Any],
    *,
    most: int = MOST,
    late: Callable[[Straggler], object] = lambda straggler: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Any]:
    """Yield what comes of every item, in the order of the items.

    At most ``most`` items are given before the result of the first is yielded. Once the caller
    stops, for whatever reason, tasks that are not done are given up. While a straggler is waited
    for, ``late`` hears of it at every look.

    Raises
    ------
    ToldToStop
        ``stop`` returned true while a task was waited for.
    EngineError
        An item failed `ATTEMPTS` times, or its task was not done in `TASK_SECONDS` as often.
    GradumError
        What a task raised: it names a cause that would not go away.
    """
    tasks = _Tasks(engine, work, items, most, late, stop)
    try:
        while tasks.give():
            yield from tasks.first()
    finally:
        tasks.give_up()


@dataclass
class _Tasks:
    """The tasks of some items: those given, in order, and how many items were given so far."""

    engine: Engine
    work: Work
    items: Sequence[Any]
    most: int
    late: Callable[[Straggler], object]
    stop: Callable[[], bool]
    given: deque[_Given] = field(default_factory=deque)
    start: int = 0
    looked: bool = False
    workers: int = 0
    counted: float = -inf
    done: int = 0
    seconds: float = 0.0

    @property
    def usual(self) -> float:
        """The seconds that an item has taken so far, on average."""
        return self.seconds / self.done

    def give(self) -> bool:
        """Give as many tasks as may be given now; return whether any is under way."""
        while self.start < len(self.items):
            held = sum(len(each.items) for each in self.given)
            size = min(self._items_of_task(), self.most - held)
            if size < 1 and self.given:
                break
            several = self.items[self.start : self.start + max(size, 1)]
            self.given.append(_Given(several, self.engine.submit(self.work, several)))
            self.start += len(several)
        return bool(self.given)

    def give_up(self) -> None:
        """Give up all tasks that are under way."""
        for left in self.given:
            self.engine.cancel(left.task)

    def first(self) -> list[Any]:
        """Return what came of the items of the first task.

        If it fails, it is given again. One of several items is replaced by tasks of one item each,
        the first of which is then the first task, so that a cause is told of the item that has it.
        All of them have one attempt behind them.
        """
        while True:
            first = self.given[0]
            try:
                results = self._results(first)
            except (GradumError, ToldToStop):
                raise
            except Exception as error:
                self._note(error, first)
            else:
                self.given.popleft()
                return results
            if len(first.causes) == ATTEMPTS:
                raise EngineError(
                    "The task of {item} failed {times} times: {causes}.",
                    "Remove the cause, and run it again.",
                    item=self.work.named(first.items[0]),
                    times=ATTEMPTS,
                    causes=say("; ").join(dict.fromkeys(first.causes)),
                )
            self.given.popleft()
            alone = [first.items[k : k + 1] for k in range(len(first.items))]
            self.given.extendleft(
                _Given(item, self.engine.submit(self.work, item), [*first.causes])
                for item in reversed(alone)
            )

    def _note(self, error: Exception, given: _Given) -> None:
        """Note why a task failed, and give it up."""
        where = self.engine.locate(given.task)
        self.engine.cancel(given.task)
        cause = _cause(error)
        given.causes.append(say("{cause} on {where}", cause=cause, where=where) if where else cause)

    def _items_of_task(self) -> int:
        """Return the number of items of the next task; 0 if enough tasks have been given.

        Until it is known what an item takes, each worker gets one, and more only if the first is
        not done at the first look. The last items are spread over all workers.
        """
        if monotonic() - self.counted > LOOK_SECONDS:  # a cluster takes some time to count them
            self.workers, self.counted = self.engine.workers, monotonic()
        if len(self.given) >= (AHEAD if self.looked or self.done else 1) * self.workers:
            return 0
        if not self.done:
            return 1
        left = len(self.items) - self.start
        return max(1, min(int(SECONDS / max(self.usual, 1e-6)), left // self.workers))

    def _results(self, given: _Given) -> list[Any]:
        """Wait for a task, and return what came of its items.

        A straggler is known by how long its turn lasts: it was given before, so that the turn of
        a task like the others has passed after the time that its items take.
        """
        turn = monotonic()
        end = turn + limits.TASK_SECONDS
        while True:
            look = monotonic()
            seconds = min(LOOK_SECONDS, end - look)
            try:
                done: Done = self.engine.result(given.task, seconds)
            except TimeoutError:
                now = monotonic()
                if now >= end or now - look < seconds:  # too late, or the task's own error
                    raise
                if self.stop():
                    raise ToldToStop from None
                self._tell_if_late(given, now - turn)
                self.looked = True
                self.give()
                continue
            self.done += len(done.results)
            self.seconds += done.seconds
            return done.results

    def _tell_if_late(self, given: _Given, seconds: float) -> None:
        if not self.done:  # nobody knows yet what items take
            return
        usual = self.usual * len(given.items)
        if seconds > max(SLOW * usual, SLOW_SECONDS):
            self.late(Straggler(given.items, self.engine.locate(given.task), seconds, usual))


def _cause(error: Exception) -> str:
    if isinstance(error, WorkerLost):
        return str(error)
    if isinstance(error, TimeoutError) and not str(error):
        return say("it was not done in {seconds:g} s", seconds=limits.TASK_SECONDS)
    if isinstance(error, MemoryError):
        return say("the worker has no memory left")
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
