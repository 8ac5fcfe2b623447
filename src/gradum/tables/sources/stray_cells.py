"""Cells of an Excel workbook that lie far from all others, such as one touched by mistake.

A reader lays a sheet out as a rectangle, which such a cell makes larger than any memory. Here gaps
are found in the workbook's XML, and closed: the sheet has the same cells, and rows and columns
beyond a gap move up to where it began.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

from gradum.tables.encoding import BLOCK_BYTES
from gradum.tables.sources.zipped import DAMAGE

SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml")
CELL = re.compile(
    rb"(<(?:\w+:)?c\s[^<>]*?\br\s*=\s*[\"'])([A-Z]{1,3})(\d{1,7})(?=[\"'][^<>]*(?<!/)>)"
)
LONGEST_TAG = 2**16  # bytes
Places = dict[int, str]
"""Rows or columns, by their numbers from 1, and the first cell of each that is not empty."""


def stray_cells(path: Path) -> list[str]:
    """Return the first cell beyond each gap between rows, and beyond each between columns.

    A gap counts if it is wider than all that is filled. There is none in a workbook of another
    kind than .xlsx, or a damaged one.
    """
    stray: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in filter(SHEETS.fullmatch, archive.namelist()):
                for places in _places(archive, name):
                    stray += [places[after] for _, after in _gaps(places)]
    except DAMAGE:
        pass
    return list(dict.fromkeys(stray))


def close_gaps(path: Path, out: Path) -> None:
    """Write a workbook without the gaps that `stray_cells` finds."""
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as closed,
    ):
        for name in archive.namelist():
            if not SHEETS.fullmatch(name):
                closed.writestr(name, archive.read(name))
                continue
            rows, columns = map(_moved, _places(archive, name))

            def moved(cell: re.Match[bytes], rows=rows, columns=columns) -> bytes:
                column, row = columns[_number(cell[2])], rows[int(cell[3])]
                return cell[1] + _letters(column) + str(row).encode()

            with archive.open(name) as sheet, closed.open(name, "w") as copy:
                for piece in _pieces(cast(BinaryIO, sheet)):
                    copy.write(CELL.sub(moved, piece))


def _places(archive: zipfile.ZipFile, name: str) -> tuple[Places, Places]:
    """Return the rows and the columns of a sheet that hold anything."""
    rows: Places = {}
    columns: Places = {}
    with archive.open(name) as sheet:
        for piece in _pieces(cast(BinaryIO, sheet)):
            for _, letters, row in CELL.findall(piece):
                cell = (letters + row).decode()
                rows.setdefault(int(row), cell)
                columns.setdefault(_number(letters), cell)
    return rows, columns


def _pieces(sheet: BinaryIO) -> Iterator[bytes]:
    """Yield a text in pieces that begin with a tag, as long as tags are not too long."""
    rest = b""
    while block := sheet.read(BLOCK_BYTES):
        text = rest + block
        cut = max(text.rfind(b"<"), len(text) - LONGEST_TAG)
        yield text[:cut]
        rest = text[cut:]
    yield rest


def _gaps(places: Places) -> Iterator[tuple[int, int]]:
    """Yield the last place before a gap and the first beyond it."""
    for before, after in pairwise(sorted(places)):
        if after - before > len(places):
            yield before, after


def _moved(places: Places) -> dict[int, int]:
    """Return where each place comes to lie when gaps are closed."""
    gaps = {after: after - before - 1 for before, after in _gaps(places)}
    moved, closed = {}, 0
    for place in sorted(places):
        closed += gaps.get(place, 0)
        moved[place] = place - closed
    return moved


def _number(letters: bytes) -> int:
    """Return the number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _letters(number: int) -> bytes:
    """Return the letters of a column's number."""
    letters = b""
    while number:
        number, last = divmod(number - 1, 26)
        letters = bytes([ord("A") + last]) + letters
    return letters
