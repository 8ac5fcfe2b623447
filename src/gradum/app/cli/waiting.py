"""The stage, its share and the time left, shown to the user while a question is worked out.

Nothing is shown in the first seconds. A terminal has one line that is redrawn; a pipe or a log
gets one line a stage. Both go to standard error, as standard output is for the answer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gradum.app.cli.redrawn_line import RedrawnLine
from gradum.messages import say
from gradum.waiting import Stage, heard_by

LONG = 2.0
"""The seconds in which nothing is shown; also those of a stage before its end is foreseen."""
MINUTES = 180.0
"""From so many seconds on, the time left is told in minutes."""
RISE = 1.1
"""The time left may rise by this factor without a reason."""


@contextmanager
def waiting(*, shown: bool) -> Iterator[None]:
    """Show the stages of the work that is done meanwhile, unless nothing is to be shown."""
    if not shown:
        yield
        return
    line = _Live() if sys.stderr.isatty() else _Lines()
    try:
        with heard_by(line):
            yield
    finally:
        line.close()


class TimeLeft:
    """The time left, in words; if it rises by more than a tenth, the words say why.

    An estimate may go up and down between two moments at which it is shown. So each is held
    against the least one so far.
    """

    def __init__(self) -> None:
        self._least = float("inf")

    def about(self, seconds: float) -> str:
        """Say how long it will take."""
        if self._rises(seconds):
            return say(
                "about {time} left, as it goes more slowly than at first", time=_time(seconds)
            )
        return say("about {time} left", time=_time(seconds))

    def at_most(self, seconds: float) -> str:
        """Say how long it can take."""
        if self._rises(seconds):
            return say(
                "at most {time} left, as it goes more slowly than at first", time=_time(seconds)
            )
        return say("at most {time} left", time=_time(seconds))

    def _rises(self, seconds: float) -> bool:
        self._least = min(self._least, seconds)
        return round(seconds) > RISE * max(round(self._least), 1)


def _time(seconds: float) -> str:
    if seconds < MINUTES:
        return say("{seconds:.0f} s", seconds=seconds)
    return say("{minutes:.0f} min", minutes=seconds / 60)


class StageProgress:
    """The stages so far: which one it is, since when, and how far it has come."""

    def __init__(self) -> None:
        self._began = self._since = time.monotonic()
        self._words, self._first = "", 0.0
        self._done: float | None = None
        self._told: set[str] = set()
        self._left = TimeLeft()

    @property
    def is_long(self) -> bool:
        """Whether the wait is worth a word."""
        return time.monotonic() - self._began >= LONG

    def note(self, stage: Stage) -> bool:
        """Take a stage into account; return whether it has not been told of yet in a long wait."""
        again = stage.done is not None and self._done is not None and stage.done < self._done
        if stage.words != self._words or again:
            self._words, self._since = stage.words, time.monotonic()
            self._first, self._left = stage.done or 0.0, TimeLeft()
        self._done = stage.done
        fresh = stage.words not in self._told
        if self.is_long:
            self._told.add(stage.words)
        return fresh

    @property
    def line(self) -> str:
        """The stage, the share that is done, and the time left once it can be foreseen."""
        if self._done is None:
            return self._words
        share = say("{stage}: {done:.0%}", stage=self._words, done=self._done)
        elapsed, passed = time.monotonic() - self._since, self._done - self._first
        if elapsed < LONG or passed <= 0:
            return share
        left = self._left.about(elapsed / passed * (1 - self._done))
        return say("{before}, {last}", before=share, last=left)


class _Lines:
    """One line a stage, for a pipe or a log."""

    def __init__(self) -> None:
        self._stages = StageProgress()

    def __call__(self, stage: Stage) -> None:
        if self._stages.note(stage) and self._stages.is_long:
            from gradum.show.words.visible import visible

            sys.stderr.write(visible(stage.words) + "\n")
            sys.stderr.flush()

    def close(self) -> None:
        pass


class _Live:
    """A line of a terminal, redrawn."""

    def __init__(self) -> None:
        self._stages, self._line = StageProgress(), RedrawnLine(stderr=True)

    def __call__(self, stage: Stage) -> None:
        self._stages.note(stage)
        if self._stages.is_long:
            self._line.draw(lambda: self._stages.line)

    def close(self) -> None:
        self._line.close()
