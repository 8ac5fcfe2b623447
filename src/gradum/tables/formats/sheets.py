"""The sheet of a workbook as fastexcel reads it, for a process of its own.

fastexcel lays a sheet out as a rectangle from its first cell to its last: a file of a few bytes
with one cell at XFD1048576 asks for half a terabyte.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

LOOKED_AT = 200  # rows in which the header is searched for
NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?|true|false", re.IGNORECASE)


def sheet_of(path: str, asked: str | None) -> Iterator[Any]:
    """Yield the contents of a workbook step by step; a caller may stop after any step.

    Parameters
    ----------
    path : str
        A workbook, recognised by its content and not by its name.
    asked : str or None
        The sheet to read; None for the first that holds a table.

    Yields
    ------
    tuple of three lists of str
        The names of all sheets, and of the visible and the hidden ones that hold anything, as far
        as asked.
    list of tuples of str or None
        The first rows of the sheet.
    tuple of bytes and list of str
        The rows below the header, as an Arrow file of the columns "0", "1", …; and which columns
        hold numbers beside words.
    """
    import fastexcel  # from an extra; whoever has a workbook read has installed it

    book = fastexcel.read_excel(Path(path).read_bytes())
    names = book.sheet_names
    tops = {name: _top(book, name) for name in names if asked in (None, name)}
    filled = [name for name, (rows, visible) in tops.items() if rows and visible]
    yield names, filled, [name for name, (rows, visible) in tops.items() if rows and not visible]
    sheet = asked or filled[0]
    top, _ = tops[sheet]
    yield top
    below = {"header_row": None, "skip_rows": (header_row(top) or 0) + 1}
    frame = pl.DataFrame(book.load_sheet(sheet, schema_sample_rows=None, **below))
    frame.columns = [str(place) for place in range(frame.width)]
    numbers = pl.DataFrame(book.load_sheet(sheet, dtypes="boolean", **below))
    mixed = [
        column.name
        for column, number in zip(frame, numbers, strict=True)
        if column.dtype == pl.String and number.is_not_null().any()
    ]
    file = io.BytesIO()
    frame.write_ipc(file)
    yield file.getvalue(), mixed


def _top(book: Any, sheet: str) -> tuple[list[tuple[str | None, ...]], bool]:
    """Return the first rows of a sheet, none if it is empty, and whether the user sees it."""
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string", n_rows=LOOKED_AT)
    return pl.DataFrame(loaded).rows(), loaded.visible == "visible"


def header_row(rows: Sequence[tuple[str | None, ...]]) -> int | None:
    """Return the number, from 0, of the row that names the columns; None if all rows are blank.

    It is the first row that fills as many cells as rows usually do, or all but one (an index
    without a name), with words that differ from each other. If there is none, it is the first row
    that fills as many cells, or else the fullest.
    """
    filled = [sum(cell is not None for cell in row) for row in rows]
    counts = sorted(count for count in filled if count)
    if not counts:
        return None
    usual = counts[len(counts) // 2]
    least = max(usual - 1, min(usual, 2))
    wide = [number for number, count in enumerate(filled) if count >= least]
    named = [number for number in wide if _are_names(rows[number])]
    full = [number for number in wide if filled[number] >= usual]
    return next(iter((*named[:1], *full[:1])), filled.index(counts[-1]))


def _are_names(row: tuple[str | None, ...]) -> bool:
    words = [cell.strip() for cell in row if cell is not None]
    return len(set(words)) == len(words) and not any(map(NUMBER.fullmatch, words))
