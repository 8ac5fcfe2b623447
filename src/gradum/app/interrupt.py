"""Ctrl-C: what it does while the program starts, while a run goes on, and while either ends."""

from __future__ import annotations

import gc
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from time import monotonic
from types import FrameType

from gradum.messages import say

INTERRUPTED = 130
AGAIN = 0.02  # seconds
BURST = 1.0
WEAK_REFERENCES = ("weakref", "_weakrefset")  # modules


class Interrupt:
    """Takes the signal of Ctrl-C, and raises `KeyboardInterrupt` when it is safe to do so.

    It does not raise while a module is imported: a half-imported module leads to tracebacks, some
    from code where they cannot be caught. Nor does it raise during a callback of the garbage
    collector or of a weak reference, or while an object is finalised: exceptions raised there are
    lost. In these cases the signal is sent again until they are over. Nor does it raise twice
    within a second, while what was begun is being undone.

    While it listens for a run, the first Ctrl-C only asks it to end at the next chunk.
    """

    def __init__(self) -> None:
        self.asked = False
        self._listens = False
        self._raised = -math.inf

    def __call__(self) -> bool:
        """Return whether the run is to end."""
        return self.asked

    def end_if_asked(self) -> None:
        """Raise `KeyboardInterrupt` if the run is to end while there is nothing of it to keep."""
        if self.asked:
            self._raised = monotonic()
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[Interrupt]:
        """Handle the signal for a run."""
        before = signal.signal(signal.SIGINT, self.handle)
        self._listens = True
        try:
            yield self
        finally:
            self._listens = False
            signal.signal(signal.SIGINT, before)

    def handle(self, _: int, frame: FrameType | None) -> None:
        """Handle one Ctrl-C."""
        if monotonic() - self._raised < BURST:
            return
        if self._listens and not self.asked:
            self.asked = True
            _say("\n" + say("Stopping at the next chunk; press Ctrl-C again to abort.") + "\n")
        elif _is_ill_received(frame):
            again = Timer(AGAIN, signal.raise_signal, [signal.SIGINT])
            again.daemon = True
            again.start()
        else:
            self._raised = monotonic()
            if self._listens:
                _say(say("Aborted.") + "\n")
            raise KeyboardInterrupt


def _is_ill_received(frame: FrameType | None) -> bool:
    """Whether this frame, or one around it, imports a module or releases an object."""
    called_back = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None:
        code = frame.f_code
        if code.co_filename == "<frozen importlib._bootstrap>" or code.co_name == "__del__":
            return True
        if code in called_back or frame.f_globals.get("__name__") in WEAK_REFERENCES:
            return True
        frame = frame.f_back
    return False


def _say(words: str) -> None:
    with suppress(RuntimeError):  # the signal came while something else was being written
        sys.stderr.write(words)
