"""Tasks given to an engine, and what came of them, in order: again if a worker is lost.

What comes of a task depends on its item alone, and results are taken in the order of the items. So
nothing depends on how many workers there are, on who did what, or on how often.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from gradum.engines import engine as limits
from gradum.engines.engine import Engine, Work, WorkerLost
from gradum.errors import EngineError, GradumError
from gradum.messages import say

ATTEMPTS = 3
MOST = 2**31
AHEAD = 4  # tasks given for each worker, so that none waits for the one whose turn it is
LOOK_SECONDS = 1.0  # between two looks at a task that is waited for
SLOW, SLOW_SECONDS = 3.0, 5.0  # a straggler takes so many times what tasks take, and so long


class ToldToStop(Exception):
    """Nobody waits for the tasks any longer."""


@dataclass(frozen=True)
class Straggler:
    """A task that is waited for much longer than tasks take, which all others wait for.

    Parameters
    ----------
    item : object
    where : str
        Where it is done, in words; "" where nobody knows.
    seconds, usual : float
        How long it has been waited for, and what a task has taken so far, on average.
    """

    item: Any
    where: str
    seconds: float
    usual: float


@dataclass
class _Given:
    item: Any
    task: Any
    causes: list[str] = field(default_factory=list)


def in_order(
    engine: Engine,
    work: Work,
    items: Iterable[Any],
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
        A task failed `ATTEMPTS` times, or was not done in `TASK_SECONDS` as often.
    GradumError
        What a task raised: it names a cause that would not go away.
    """
    given: deque[_Given] = deque()
    looks = _Looks(engine, late, stop)
    ahead = max(1, min(most, AHEAD * engine.workers))
    try:
        for item in items:
            given.append(_Given(item, engine.submit(work, item)))
            if len(given) == ahead:
                yield _done(engine, work, given[0], looks)
                given.popleft()
        while given:
            yield _done(engine, work, given[0], looks)
            given.popleft()
    finally:
        for left in given:
            engine.cancel(left.task)


@dataclass
class _Looks:
    """Looks at the task whose turn it is, again and again until it is done."""

    engine: Engine
    late: Callable[[Straggler], object]
    stop: Callable[[], bool]
    done: int = 0
    began: float = field(default_factory=monotonic)

    def result(self, given: _Given) -> Any:
        """Return what came of a task.

        A straggler is known by how long its turn lasts: all workers are busy, so that the turn of
        a task like the others has passed after the time that a task takes.
        """
        turn, end = monotonic(), monotonic() + limits.TASK_SECONDS
        while True:
            look = monotonic()
            seconds = min(LOOK_SECONDS, end - look)
            try:
                result = self.engine.result(given.task, seconds)
            except TimeoutError:
                now = monotonic()
                if now >= end or now - look < seconds:  # too late, or the task's own error
                    raise
                if self.stop():
                    raise ToldToStop from None
                self._tell_if_late(given, now - turn, turn)
                continue
            self.done += 1
            return result

    def _tell_if_late(self, given: _Given, seconds: float, turn: float) -> None:
        if not self.done:  # nobody knows yet what tasks take
            return
        usual = (turn - self.began) * self.engine.workers / self.done
        if seconds > max(SLOW * usual, SLOW_SECONDS):
            self.late(Straggler(given.item, self.engine.locate(given.task), seconds, usual))


def _done(engine: Engine, work: Work, given: _Given, looks: _Looks) -> Any:
    """Return what came of a task, which is given again if it fails."""
    while True:
        try:
            return looks.result(given)
        except (GradumError, ToldToStop):
            raise
        except Exception as error:
            where = engine.locate(given.task)
            engine.cancel(given.task)
            cause = _cause(error)
            given.causes.append(
                say("{cause} on {where}", cause=cause, where=where) if where else cause
            )
        if len(given.causes) == ATTEMPTS:
            raise EngineError(
                say(
                    "The task of {item} failed {times} times: {causes}.",
                    item=work.named(given.item),
                    times=ATTEMPTS,
                    causes=say("; ").join(dict.fromkeys(given.causes)),
                ),
                say("Remove the cause, and run it again."),
            )
        given.task = engine.submit(work, given.item)


def _cause(error: Exception) -> str:
    if isinstance(error, WorkerLost):
        return str(error)
    if isinstance(error, TimeoutError) and not str(error):
        return say("it was not done in {seconds:g} s", seconds=limits.TASK_SECONDS)
    if isinstance(error, MemoryError):
        return say("the worker has no memory left")
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
