"""A line of a terminal that is redrawn while something goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.live import Live

    from gradum.show.words.terminal import Terminal

REDRAWS_PER_SECOND = 10


class RedrawnLine:
    """One line at the foot of a terminal, redrawn at most ten times a second."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr
        self._live: Live | None = None
        self._drawn = float("-inf")

    @cached_property
    def _console(self) -> Terminal:
        from gradum.show.words.terminal import Terminal

        return Terminal(stderr=self._stderr, highlight=False, markup=False, emoji=False)

    def draw(self, line: Callable[[], str]) -> None:
        """Draw the line, unless it was drawn a moment ago."""
        if time.monotonic() - self._drawn < 1 / REDRAWS_PER_SECOND:
            return
        self._drawn = time.monotonic()
        if self._live is None:
            from rich.live import Live

            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(line(), refresh=True)

    def above(self, *parts: Any) -> None:
        """Print what stays, above the line if there is one."""
        for part in parts:
            self._console.print(part)

    def close(self) -> None:
        """Take the line away; it may be drawn anew at once."""
        if self._live is not None:
            self._live.stop()
        self._live, self._drawn = None, float("-inf")
