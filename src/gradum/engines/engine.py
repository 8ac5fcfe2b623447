"""The protocol of an engine: whatever does tasks somewhere else, and says what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any, NamedTuple, Protocol

TASK_SECONDS = 1800.0
"""The longest that a task is waited for, once all tasks before it are done."""


class WorkerLost(Exception):
    """A worker that ended before its task did; the message says how, as the end of a sentence."""


class Work(Protocol):
    """What a task does with an item: picklable, and the same for many items.

    What it needs besides the item lies in it. An engine sends it to each worker once, so that an
    item and what comes of it are all that travels with a task. It may be called twice for one item.
    """

    def __call__(self, item: Any, /) -> Any:
        """Return what comes of an item."""
        ...

    def named(self, item: Any, /) -> str:
        """Return what an item is, in words: the rows of a file, say."""
        ...


class Done(NamedTuple):
    """What came of the items of a task, and the seconds that they took where they were done."""

    results: list[Any]
    seconds: float


def do(work: Work, items: Sequence[Any]) -> Done:
    """Do the work with one item after the other, as a task."""
    began = perf_counter()
    return Done([work(item) for item in items], perf_counter() - began)


class Engine(Protocol):
    """Workers that do tasks, which are work and some of its items; each task on one thread."""

    @property
    def workers(self) -> int:
        """How many tasks are done at a time."""
        ...

    @property
    def elsewhere(self) -> bool:
        """Whether workers may be on machines that do not see this one's files."""
        ...

    def submit(self, work: Work, items: Sequence[Any]) -> Any:
        """Begin a task, and return what stands for it in the other methods."""
        ...

    def result(self, task: Any, seconds: float) -> Done:
        """Return what `do` made of a task.

        Raises
        ------
        WorkerLost
            Its worker ended.
        TimeoutError
            Nothing came of it in so many seconds.
        Exception
            Whatever the task raised.
        """
        ...

    def cancel(self, task: Any) -> None:
        """Give up a task; a worker that is at it may be ended."""
        ...

    def locate(self, task: Any) -> str:
        """Say where a task is or was done, in words; "" where nobody knows."""
        ...

    def close(self) -> None:
        """End the workers that the engine started, after which it does no more tasks."""
        ...
