"""An answer that is a document, as text of a terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from gradum.show.document.document import Document, Shown, laid_out, lines, notes
from gradum.show.words.visible import visible


class Documented(Shown):
    """A result that shows itself in a terminal, in a notebook and as a page: its `document`."""

    def document(self) -> Document:
        """Return all that is shown."""
        raise NotImplementedError

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.page.charted_page import charted_page  # which a terminal does not need

        document = self.document()
        sections = [
            replace(section, pictures=section.draw()) if section.draw else section
            for section in document.sections
        ]
        return charted_page(
            "document.html",
            sections,
            cache,
            heading=document.title,
            headline=document.headline,
            state=document.state,
            notes=document.notes,
        )

    def _parts(self) -> Iterator[RenderableType]:
        document = self.document()
        yield Text(visible(document.headline), style="bold")
        for place, section in enumerate(document.sections):
            shown = [table.first(table.brief) for table in section.tables]
            shown = [table for table in shown if table.rows]
            if place and (shown or section.sentences):
                yield Text()
            yield from lines(section.sentences)
            yield from map(laid_out, shown)
            rows = sum(len(table.rows) for table in section.tables)
            if section.left_out and (others := rows - sum(len(table.rows) for table in shown)):
                yield Text(section.left_out(others), style="dim")
        yield from notes(document.notes)
