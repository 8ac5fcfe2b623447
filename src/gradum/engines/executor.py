"""Any `concurrent.futures.Executor` as an engine."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from typing import Any

from gradum.core_count import cores
from gradum.engines.engine import Done, Work, WorkerLost
from gradum.engines.one_thread import done
from gradum.messages import say


@dataclass(frozen=True)
class OfExecutor:
    """Tasks that an Executor does.

    A `ProcessPoolExecutor` that loses a worker is broken for good: the run ends with an error,
    where ``local`` would start another worker.

    Parameters
    ----------
    executor : Executor
        It stays open.
    """

    elsewhere = False

    executor: Executor

    @property
    def workers(self) -> int:
        """How many tasks are done at a time, as far as the Executor says."""
        return getattr(self.executor, "_max_workers", None) or cores()

    def submit(self, work: Work, items: Sequence[Any]) -> Future:
        """Begin a task."""
        try:
            return self.executor.submit(done, work, items)
        except BrokenExecutor as error:
            broken: Future = Future()
            broken.set_exception(error)
            return broken

    def result(self, task: Future, seconds: float) -> Done:
        """Return what came of a task."""
        try:
            return task.result(seconds)
        except BrokenExecutor:
            raise WorkerLost(say("a worker of the Executor ended, which broke it")) from None
        except CancelledError:
            raise WorkerLost(say("the Executor gave the task up")) from None

    def cancel(self, task: Future) -> None:
        """Give up a task that has not begun."""
        task.cancel()

    def locate(self, task: Future) -> str:
        """Return "": an Executor does not say where it works."""
        return ""

    def close(self) -> None:
        """Leave the Executor open."""
