"""The one door through which words reach a terminal: names in them do not steer it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from gradum.show.visible import visible


class Terminal(Console):
    """Rich's console for words that hold names from tables, which `visible` shows.

    They are escaped as they are rendered, when only Rich's own colours and movements are still to
    come.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Return the pieces to print."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=visible(piece.text))
