"""Tasks given to an engine, and what came of them, in order: again if a worker is lost.

What comes of a task depends on its item alone, and results are taken in the order of the items. So
nothing depends on how many workers there are, on who did what, or on how often.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gradum.engines import engine as limits
from gradum.engines.engine import Engine, Work, WorkerLost
from gradum.errors import EngineError, GradumError
from gradum.messages import say

ATTEMPTS = 3
MOST = 2**31
AHEAD = 4  # tasks given for each worker, so that none waits for the one whose turn it is


@dataclass
class _Given:
    item: Any
    task: Any
    causes: list[str] = field(default_factory=list)


def in_order(
    engine: Engine, work: Work, items: Iterable[Any], *, most: int = MOST
) -> Iterator[Any]:
    """Yield what comes of every item, in the order of the items.

    At most ``most`` items are given before the result of the first is yielded. Once the caller
    stops, for whatever reason, tasks that are not done are given up.

    Raises
    ------
    EngineError
        A task failed `ATTEMPTS` times, or was not done in `TASK_SECONDS` as often.
    GradumError
        What a task raised: it names a cause that would not go away.
    """
    given: deque[_Given] = deque()
    ahead = max(1, min(most, AHEAD * engine.workers))
    try:
        for item in items:
            given.append(_Given(item, engine.submit(work, item)))
            if len(given) == ahead:
                yield _done(engine, work, given[0])
                given.popleft()
        while given:
            yield _done(engine, work, given[0])
            given.popleft()
    finally:
        for left in given:
            engine.cancel(left.task)


def _done(engine: Engine, work: Work, given: _Given) -> Any:
    """Return what came of a task, which is given again if it fails."""
    while True:
        try:
            return engine.result(given.task, limits.TASK_SECONDS)
        except GradumError:
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
