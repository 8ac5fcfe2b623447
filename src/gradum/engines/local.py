"""Processes of this machine as an engine, one thread each, which are replaced when they end.

Each is a new Python (`gradum.forks` says why none is forked), which needs no ``if __name__ ==
"__main__"`` of the caller. A thread here feeds each process and waits for its answers. They end
with the process that started them, however that ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from gradum.core_count import cores
from gradum.engines.engine import Done, Work, WorkerLost
from gradum.engines.one_thread import ENVIRONMENT
from gradum.engines.worker import BEGUN
from gradum.errors import SpecError
from gradum.messages import say

MOST_WORKERS = 1_000
STARTS = 3  # processes of a task that may end before they begin it
PROGRAM = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from gradum.engines.worker import serve; serve()"
)


@dataclass
class _Task:
    future: Future
    process: _Process | None = None
    given_up: bool = False


class Local:
    """Processes of this machine.

    Parameters
    ----------
    workers : int
        How many; each is started when there is something to do for it.
    """

    elsewhere = False

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._feeders = ThreadPoolExecutor(workers, thread_name_prefix="gradum-feeder")
        self._own = threading.local()
        self._processes: set[_Process] = set()
        self._closed = False
        self._pickled: tuple[Work | None, bytes] = (None, b"")

    @classmethod
    def named(cls, count: str) -> Local:
        """Return the engine of what follows ``local:``; nothing stands for the number of cores.

        Raises
        ------
        SpecError
            It is no number from 1 to `MOST_WORKERS`.
        """
        if not count:
            return cls(cores())
        if not (count.isascii() and count.isdigit() and 1 <= int(count[:9]) <= MOST_WORKERS):
            raise SpecError(
                "The engine local:{count} has no possible number of workers.",
                "Give a number from 1 to {most:,}, such as local:2.",
                count=count,
                most=MOST_WORKERS,
            )
        return cls(int(count))

    def submit(self, work: Work, items: Sequence[Any]) -> _Task:
        """Begin a task."""
        if self._pickled[0] is not work:
            self._pickled = (work, pickle.dumps(work, pickle.HIGHEST_PROTOCOL))
        task = _Task(Future())
        task.future = self._feeders.submit(self._ask, task, self._pickled[1], items)
        return task

    def result(self, task: _Task, seconds: float) -> Done:
        """Return what came of a task."""
        try:
            return task.future.result(seconds)
        except CancelledError:
            raise WorkerLost(say("the task was given up")) from None

    def cancel(self, task: _Task) -> None:
        """Give up a task; a process that is at it is ended, and another starts for the next."""
        task.given_up = True
        if not task.future.cancel() and not task.future.done() and task.process is not None:
            task.process.kill()

    def locate(self, task: _Task) -> str:
        """Name the process that a task was given to."""
        if task.process is None:
            return ""
        return say("process {number}", number=task.process.pid)

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that are at work or wait for it."""
        return [process.pid for process in self._processes.copy()]

    def close(self) -> None:
        """End all processes."""
        self._closed = True
        self._feeders.shutdown(wait=False, cancel_futures=True)
        for process in self._processes.copy():
            process.kill()
        self._feeders.shutdown(wait=True)
        for process in self._processes:
            process.end()

    def _ask(self, task: _Task, whole: bytes, items: Sequence[Any]) -> Done:
        """Return what a process makes of a task; one that ends before it begins is replaced."""
        for start in range(1, STARTS + 1):
            process = task.process = self._ready_process()
            try:
                return process.ask(whole, items)
            except WorkerLost:
                self._part_with(process)
                if process.has_begun or start == STARTS or task.given_up or self._closed:
                    raise
        raise AssertionError

    def _ready_process(self) -> _Process:
        """Return this feeder's process, started anew if it has ended."""
        process: _Process | None = getattr(self._own, "process", None)
        if process is not None and process.has_ended:  # its last task was given up as it was done
            self._part_with(process)
            process = None
        if process is None:
            process = self._own.process = _Process()
            self._processes.add(process)
        return process

    def _part_with(self, process: _Process) -> None:
        process.end()
        self._own.process = None
        self._processes.discard(process)


class _Process:
    """One process, and the work that it was sent last."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | ENVIRONMENT,
        )
        self._given = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        self._sent = b""
        self.has_begun = False
        """Whether it was at the task that it was asked last, when it ended or answered."""
        with suppress(OSError):  # it has ended, as its first answer will show
            pickle.dump(sys.path, self._given)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def ask(self, whole: bytes, items: Sequence[Any]) -> Done:
        """Return what the process makes of some items; raise what it raises."""
        self.has_begun = False
        try:
            known = whole is self._sent
            pickle.dump((None if known else whole, items), self._given, pickle.HIGHEST_PROTOCOL)
            self._given.flush()
            self._sent = whole
            self.has_begun = self._answers.read(1) == BEGUN
            raised, value = pickle.load(self._answers)
        except (OSError, EOFError, pickle.UnpicklingError):
            self.kill()
            raise WorkerLost(_why(self._process.wait())) from None
        if raised:
            raise value
        return value

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended, or was ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End the process, whatever it is at; whoever asks it something sees that it has ended."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the process and close its pipes; nobody may be asking it anything."""
        self.kill()
        for pipe in (self._given, self._answers):
            with suppress(OSError, ValueError):
                pipe.close()


def _why(status: int) -> str:
    if status == -getattr(signal, "SIGKILL", 0):
        return say("the worker was killed, perhaps because the machine has no memory left")
    return say("the worker ended with status {status}", status=status)
