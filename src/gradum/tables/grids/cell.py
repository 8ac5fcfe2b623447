"""One value of a column of pictures, sounds or series: a grid of bytes, with its file's name.

A cell is bytes that state what they hold, so that a column of cells is a column of polars' Binary:
a mark, the letter of the kind, height, width, channels, the file's name, and height · width ·
channels numbers from 0 to 255, row by row. A value that could not be opened is a cell that says
why. Cells may come from anybody: what they state is checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.messages import say_plural

MARK = b"\x93grid1"
FAILURE = b"\x93fail1"
HEAD = struct.Struct("<6scHHBH")  # mark, letter, height, width, channels, bytes of the name
FLOAT = 4  # channels of a grid that holds float32 numbers, four bytes each
MOST_NAME = 400  # bytes of a name that is kept


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid of bytes."""

    pixels: np.ndarray
    """Of shape (height, width, channels). uint8."""
    name: str = ""
    """The file that it was read from; empty if there was none."""


def packed(letter: bytes, grid: Grid) -> bytes:
    """Return a grid as a cell; ``letter`` says of which kind."""
    name = grid.name.encode()[:MOST_NAME].decode(errors="ignore").encode()
    height, width, channels = grid.pixels.shape
    return (
        HEAD.pack(MARK, letter, height, width, channels, len(name)) + name + grid.pixels.tobytes()
    )


def unpacked(cell: bytes, letter: bytes) -> Grid | None:
    """Return the grid of a cell; None if it is none of this kind."""
    if len(cell) < HEAD.size:
        return None
    mark, kind, height, width, channels, named = HEAD.unpack_from(cell)
    start = HEAD.size + named
    whole = len(cell) == start + height * width * channels and height * width * channels > 0
    if mark != MARK or kind != letter or not whole:
        return None
    pixels = np.frombuffer(cell, np.uint8, offset=start).reshape(height, width, channels)
    return Grid(pixels, cell[HEAD.size : start].decode(errors="replace"))


def failed(letter: bytes, name: str, why: str) -> bytes:
    """Return the cell of a value that could not be opened, which says why."""
    said = f"{name}: {why}" if name else why
    return FAILURE + letter + said.encode()


def why_failed(cell: bytes) -> str | None:
    """Return what the cell of a value says that could not be opened; None if it is no such cell."""
    if not cell.startswith(FAILURE):
        return None
    return cell[len(FAILURE) + 1 :].decode(errors="replace")[:MOST_NAME]


def in_words(cell: bytes) -> str:
    """Return the name of a cell's file, or its size, or why it could not be opened.

    Other bytes are only counted.
    """
    if (why := why_failed(cell)) is not None:
        return why
    if len(cell) < HEAD.size or not cell.startswith(MARK):
        return say_plural("{count:,} byte", "{count:,} bytes", len(cell))
    _, _, height, width, channels, named = HEAD.unpack_from(cell)
    if channels == FLOAT:
        return say_plural("{count:,} reading", "{count:,} readings", width)
    name = cell[HEAD.size : HEAD.size + named].decode(errors="replace")
    return name or f"{width} × {height}"


def are_cells(raw: pl.Series, letter: bytes = b"") -> bool:
    """Whether a column holds cells of this kind, or of any kind, opened or not."""
    if raw.dtype != pl.Binary:
        return False
    first = raw.drop_nulls().head(1)
    return len(first) > 0 and first[0].startswith((MARK + letter, FAILURE + letter))


def called(raw: pl.Series) -> pl.Series:
    """Return a column of cells as texts, each `in_words`, and any other column as it is."""
    if not are_cells(raw):
        return raw
    texts = [None if cell is None else in_words(cell) for cell in raw]
    return pl.Series(raw.name, texts, pl.String)


def grids_of(cells: pl.Series, letter: bytes) -> list[Grid | None]:
    """Return the grid of each value; None where it is missing or no cell of this kind."""
    return [None if cell is None else unpacked(cell, letter) for cell in cells]


def brightness(cells: pl.Series) -> pl.Series:
    """Return the mean number of each grid of a typed column; null where missing.

    Numbers are bytes, 0 to 255, or float32 that lie in `FLOAT` channels.
    """
    means = [None if cell is None else float(_numbers_of(cell).mean()) for cell in cells]
    return pl.Series(cells.name, means, pl.Float64)


def _numbers_of(cell: bytes) -> np.ndarray:
    *_, channels, named = HEAD.unpack_from(cell)
    if channels != FLOAT:
        return np.frombuffer(cell, np.uint8, offset=HEAD.size + named)
    numbers = np.frombuffer(cell, "<f4", offset=HEAD.size + named).astype(float)
    return numbers[np.isfinite(numbers)] if np.isfinite(numbers).any() else np.zeros(1)
