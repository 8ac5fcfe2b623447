"""The only way for words to reach a terminal, so that names in them cannot control it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from gradum.show.words.visible import visible


class Terminal(Console):
    """Rich's console for words with names from tables, which pass through `visible`.

    They are escaped during rendering, when only Rich's own colours and movements are still to come.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Return the pieces to print."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=visible(piece.text))
