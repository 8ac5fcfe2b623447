"""Cells of an Excel workbook that lie far from all others, such as one touched by mistake.

This is asked where a sheet could not be read, to tell the user which cell to empty.
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

SHEETS = "xl/worksheets/"
CELL = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\br\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"'][^<>]*(?<!/)>")
LONGEST_TAG = 2**16  # bytes


def stray_cells(path: Path) -> list[str]:
    """Return the first cell beyond the widest gap between rows, and beyond that between columns.

    A gap counts if it is wider than all that is filled. There is none in a workbook of another
    kind than .xlsx, or a damaged one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith(SHEETS) and name.endswith(".xml"):
                    with archive.open(name) as sheet:
                        stray = _beyond_gaps(cast(BinaryIO, sheet))
                    if stray:
                        return stray
    except DAMAGE:
        pass
    return []


def _beyond_gaps(sheet: BinaryIO) -> list[str]:
    rows: dict[int, str] = {}
    columns: dict[int, str] = {}
    for letters, row in _cells(sheet):
        cell = letters + row
        rows.setdefault(int(row), cell)
        columns.setdefault(_number(letters), cell)
    found = (_beyond_gap(rows), _beyond_gap(columns))
    return list(dict.fromkeys(cell for cell in found if cell is not None))


def _cells(sheet: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield column and row of each cell that is not empty, block by block."""
    rest = b""
    while block := sheet.read(BLOCK_BYTES):
        text = rest + block
        cut = max(text.rfind(b"<"), len(text) - LONGEST_TAG)
        for match in CELL.finditer(text, 0, cut):
            yield match[1].decode(), match[2].decode()
        rest = text[cut:]
    for match in CELL.finditer(rest):
        yield match[1].decode(), match[2].decode()


def _number(letters: str) -> int:
    """Return the number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _beyond_gap(cells: dict[int, str]) -> str | None:
    places = sorted(cells)
    gaps = ((after - before, after) for before, after in pairwise(places))
    gap, after = max(gaps, default=(0, 0))
    return cells[after] if gap > len(places) else None
