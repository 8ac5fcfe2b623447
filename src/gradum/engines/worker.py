"""The program of a process of the engine ``local``: it does one task after the other."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import Any

from gradum.engines.engine import do
from gradum.isolation import portable


def serve() -> None:
    """Answer `gradum.engines.local` until it closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller gets it, and ends this process
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is not an answer
    held = _Held()
    while True:
        try:
            pickled, items = pickle.load(sys.stdin.buffer)
            answer = pickle.dumps(held.answer(pickled, items), pickle.HIGHEST_PROTOCOL)
            answers.write(answer)
            answers.flush()
        except (EOFError, BrokenPipeError):
            return


class _Held:
    """The work that was sent last."""

    pickled = b""
    work: Any = None

    def answer(self, pickled: bytes | None, items: list[Any]) -> tuple[bool, Any]:
        """Return whether the work raised something, and that or what it returned."""
        try:
            if pickled is not None:
                self.work, self.pickled = None, pickled
            if self.work is None:  # also after an attempt that failed
                self.work = pickle.loads(self.pickled)
            return False, do(self.work, items)
        except BaseException as error:  # a Rust panic is not an Exception
            return True, portable(error)
