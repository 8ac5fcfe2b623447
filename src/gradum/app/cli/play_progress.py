"""The learning curve of a game as it grows: a live line on a terminal, lines or JSON elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol

from gradum.app.cli.console import write, write_json
from gradum.app.cli.redrawn_line import RedrawnLine
from gradum.app.cli.waiting import LONG, TimeLeft
from gradum.messages import say

if TYPE_CHECKING:
    from gradum.games.learning import CoursePoint, Learned

BETWEEN = 2.0  # seconds from one line to the next, where lines stay


class PlayProgress(Protocol):
    """Takes what is learned after each chunk."""

    def __call__(self, learned: Learned) -> None:
        """Show it."""
        ...

    def close(self) -> None:
        """Leave the terminal tidy."""
        ...


def choose(*, as_json: bool, quiet: bool) -> PlayProgress:
    """Pick the way of showing that suits the options and the terminal."""
    if as_json:
        return JsonCurve()
    if quiet:
        return NoCurve()
    return LiveCurve() if sys.stdout.isatty() else CurveLines()


def in_words(point: CoursePoint) -> str:
    """Say how far learning is: its share, its steps, the episodes and their mean return."""
    if point.mean_return is None:
        return say("learning: {done:.0%}, {steps:,} steps", done=point.done, steps=point.steps)
    from gradum.scores.figures import figure  # loads NumPy

    return say(
        "learning: {done:.0%}, {steps:,} steps, mean return {value} (episodes: {episodes:,})",
        done=point.done,
        steps=point.steps,
        value=figure(point.mean_return),
        episodes=point.episodes,
    )


class NoCurve:
    """Shows nothing."""

    def __call__(self, learned: Learned) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonCurve:
    """One JSON object per chunk: ``event`` and the point's fields."""

    def __call__(self, learned: Learned) -> None:
        """Print the point."""
        from msgspec import structs

        write_json({"event": "chunk_played", **structs.asdict(learned.course[-1])})

    def close(self) -> None:
        """Do nothing."""


class CurveLines:
    """A line every other second, for a pipe or a log."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, learned: Learned) -> None:
        """Print where learning is."""
        point = learned.course[-1]
        if time.monotonic() - self._last >= BETWEEN or point.done >= 1:
            self._last = time.monotonic()
            write(in_words(point))

    def close(self) -> None:
        """Do nothing."""


class LiveCurve:
    """A line of a terminal that is redrawn, with the time left; the last one stays."""

    def __init__(self) -> None:
        self._began, self._first = time.monotonic(), 0.0
        self._left, self._drawn, self._words = TimeLeft(), RedrawnLine(), ""

    def __call__(self, learned: Learned) -> None:
        """Draw where learning is."""
        point = learned.course[-1]
        self._words = in_words(point)
        if not self._first:  # which took a compilation, or was done in an earlier process
            self._first, self._began = point.done, time.monotonic()
        self._drawn.draw(lambda: self._with_time_left(point))

    def _with_time_left(self, point: CoursePoint) -> str:
        passed, elapsed = point.done - self._first, time.monotonic() - self._began
        if elapsed < LONG / 2 or passed <= 0:
            return self._words
        left = self._left.about(elapsed / passed * (1 - point.done))
        return say("{before}, {last}", before=self._words, last=left)

    def close(self) -> None:
        """Remove the line, and print the last one for good."""
        self._drawn.close()
        if self._words:
            write(self._words)
