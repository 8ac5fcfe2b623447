"""Sections and tables of a result, and their display in a terminal or notebook."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import say
from gradum.show.text import SUMMARY, plain
from gradum.show.words.visible import visible

if TYPE_CHECKING:
    from gradum.show.document.marked_text import MarkedText
    from gradum.show.document.tiles import HeatMap
    from gradum.show.pictures.picture import Picture


@dataclass(frozen=True)
class TextTable:
    """A table of text; its first ``words`` columns are words, the others numbers.

    A page folds a table away under the line ``folded``, if there is one.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    title: str = ""
    folded: str = ""
    brief: int | None = None
    """How many rows a terminal shows; None for all, 0 to leave the table to pages."""

    def first(self, count: int | None) -> TextTable:
        """Return a table of only the first rows."""
        return replace(self, rows=self.rows[:count])


@dataclass(frozen=True)
class Thumbnail:
    """A small picture: its PNG file, the name that stands for it, and what is written below it."""

    file: bytes
    name: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a page with sentences, pictures and tables; its name is its anchor.

    ``answer`` is a line that stands beside the title, for whoever reads no further.
    """

    name: str
    title: str
    sentences: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[TextTable] = ()
    answer: str = ""
    heat_maps: Sequence[HeatMap] = ()
    marked_texts: Sequence[MarkedText] = ()
    thumbnails: Sequence[Thumbnail] = ()
    draw: Callable[[], Sequence[Picture]] | None = None
    """Draws the pictures when a page is wanted: a terminal does not load what draws."""
    left_out: Callable[[int], str] | None = None
    """Says how many rows of its tables a terminal does not show."""


@dataclass(frozen=True)
class Document:
    """An answer as one tree, of which a terminal and a page are made."""

    title: str
    """The heading of the page."""
    headline: str
    """The answer in one sentence."""
    sections: Sequence[Section] = ()
    notes: Sequence[str] = ()
    """What else is to be known."""
    state: Literal["changed", "proved", "undecided", ""] = ""
    """The colour of the headline: of a warning, of what is proved, of neither, or none."""


class Shown:
    """A result that shows itself in a terminal and in a notebook, as the parts from ``_parts``.

    Attributes
    ----------
    found : struct
        The result as plain values.
    exit_code : int
        The exit code of a command with this result.
    """

    found: Any
    exit_code = 0

    def records(self) -> Iterable[Any]:
        """Return the lines of the command's JSON."""
        return [self.found]

    def _parts(self) -> Iterator[RenderableType]:
        raise NotImplementedError

    def summary(self) -> str:
        """Return the terminal's output as text."""
        return plain(self, width=SUMMARY).rstrip("\n")

    def __str__(self) -> str:
        return self.summary()

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"


def lines(sentences: Iterable[str], style: str = "") -> Iterator[Text]:
    """Yield each sentence on a line of its own, as a terminal shows it."""
    for sentence in sentences:
        yield Text(visible(sentence), style)


def notes(sentences: Iterable[str]) -> Iterator[Text]:
    """Yield further notes."""
    return lines((say("note: {sentence}", sentence=sentence) for sentence in sentences), "dim")


def laid_out(
    grid: TextTable,
    *,
    left: Collection[int] | None = None,
    bold: Collection[int] = (),
    header: str = "dim",
) -> Table:
    """Lay out a table for a terminal.

    Parameters
    ----------
    left : collection of int, optional
        The columns that are flush left; by default the columns of words.
    bold : collection of int
        The rows in bold.
    header : str
        The style of the header.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=header)
    flush = range(grid.words) if left is None else left
    for place, name in enumerate(grid.header):
        table.add_column(
            visible(name), justify="left" if place in flush else "right", overflow="fold"
        )
    for place, row in enumerate(grid.rows):
        style = "bold" if place in bold else None
        table.add_row(*(Text(visible(cell)) for cell in row), style=style)
    return table
