"""The program of a process of the engine ``local``: it does one task after the other."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from gradum.engines.engine import do
from gradum.isolation import portable

BEGUN = b"+"
"""Comes before an answer, once the work is loaded with all that it imports."""


def serve() -> None:
    """Answer `gradum.engines.local` until it closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller gets it, and ends this process
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is not an answer
    held = _Held()
    while True:
        try:
            pickled, items = pickle.load(sys.stdin.buffer)
            raised, found = _attempt(held.load, pickled)
            _write(answers, BEGUN)
            answer = (True, found) if raised else _attempt(do, found, items)
            _write(answers, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
        except (EOFError, BrokenPipeError):
            return


def _write(answers: BinaryIO, answer: bytes) -> None:
    answers.write(answer)
    answers.flush()


class _Held:
    """The work that was sent last."""

    pickled = b""
    work: Any = None

    def load(self, pickled: bytes | None) -> Any:
        """Return the work, loaded if it is new, or was not loaded before."""
        if pickled is not None:
            self.work, self.pickled = None, pickled
        if self.work is None:  # also after an attempt that failed
            self.work = pickle.loads(self.pickled)
        return self.work


def _attempt(function: Callable[..., Any], *arguments: Any) -> tuple[bool, Any]:
    """Return whether a function raised something, and that or what it returned."""
    try:
        return False, function(*arguments)
    except BaseException as error:  # a Rust panic is not an Exception
        return True, portable(error)
