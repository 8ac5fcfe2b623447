"""The protocol of an engine: whatever does tasks somewhere else, and says what came of them."""

from __future__ import annotations

from typing import Any, Protocol

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


class Engine(Protocol):
    """Workers that do tasks; each task on one thread."""

    @property
    def workers(self) -> int:
        """How many tasks are done at a time."""
        ...

    def submit(self, work: Work, item: Any) -> Any:
        """Begin a task, and return what stands for it in the other methods."""
        ...

    def result(self, task: Any, seconds: float) -> Any:
        """Return what came of a task.

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
