"""Help in Chinese, wrapped by terminal cells: a Chinese character takes two.

The command-line library counts characters, and breaks lines only at spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import east_asian_width

import typer

from gradum.messages import say

FIRST_COLUMN = 30  # cells at most, as in the library
GAP = 2
# What stays together on one line: a character or a word, with its opening and closing marks.
_PIECE = re.compile(r"[（“\[]*(?:[⺀-￯]|[^\s⺀-￯“”]+)?[，。：；、？！）”\]]*\s*")
_TYPE = re.compile(r" <\w+>$")


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a one-paragraph text, none wider than the given number of cells."""
    line = ""
    for piece in _PIECE.findall(text):
        if line and cells(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    if line:
        yield line.rstrip()


class HelpFormatter(typer.Context.formatter_class):
    """Writes help like the library's formatter, but counts cells."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line of a command."""
        start = (prefix or say("Usage: ")) + prog + " "
        first, *others = wrapped(args, self.width - cells(start))
        self.write(f"{start}{first}\n")
        self._write_lines(others, cells(start))

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(" " * self.current_indent + say("{heading}:", heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, which are separated by empty lines."""
        for index, paragraph in enumerate(text.strip().split("\n\n")):
            if index:
                self.write("\n")
            lines = wrapped(paragraph, self.width - self.current_indent)
            self._write_lines(lines, self.current_indent)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = FIRST_COLUMN, col_spacing: int = GAP
    ) -> None:
        """Write options, arguments or commands beside their descriptions.

        The library also names an argument's type, in English; it adds nothing to the description
        and is left out.
        """
        rows = [(_TYPE.sub("", name), text) for name, text in rows]
        column = min(max(cells(name) for name, _ in rows), col_max) + col_spacing
        indent = self.current_indent + column
        for name, text in rows:
            first, *others = [*wrapped(text, self.width - indent)] or [""]
            fits = cells(name) + col_spacing <= column
            space = " " * (column - cells(name)) if fits else "\n" + " " * indent
            self.write(f"{' ' * self.current_indent}{name}{space}{first}".rstrip() + "\n")
            self._write_lines(others, indent)

    def _write_lines(self, lines: Iterable[str], indent: int) -> None:
        for line in lines:
            self.write(f"{' ' * indent}{line}\n")


class ChineseContext(typer.Context):
    """The context of a command whose help is in Chinese."""

    formatter_class: Any = HelpFormatter
