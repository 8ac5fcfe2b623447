"""The size of a table, estimated from a file's first rows and what it states about the others.

Nothing is read as a whole: the memory that a fit needs must be known before the fit takes it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import GradumError
from gradum.tables.formats.calendar_range import within_calendar
from gradum.tables.formats.columnar import ARROW, DAMAGE, PARQUET, refuse_false_lengths
from gradum.tables.formats.content import DAMAGE as UNPACKING_DAMAGE
from gradum.tables.formats.content import PACKINGS, is_packed
from gradum.tables.formats.delimited import read_delimited
from gradum.tables.formats.encoding import as_utf8
from gradum.tables.formats.parquet import first_rows, length
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.records import looks_like_json
from gradum.tables.paths import STANDARD_INPUT, files_of, is_file
from gradum.tables.sources.fetched import PLAINLY, Fetched
from gradum.tables.table import Table

HEAD_ROWS = 1_000
HEAD_BYTES = 2**20  # of a text
MOST_UNPACKED = 2**26  # of a packed file's content
MOST_PACKED = 2**21  # of the packed file, to tell how far it shrank
VIEW, INLINE = 16, 12  # bytes of a text's entry in a column, and of a text that fits into its entry


@dataclass(frozen=True)
class Extent:
    """The size of a table, as far as it is known before the table is read."""

    rows: int
    """Stated by the file, or estimated from the length of its first rows; 0 if not known."""
    size: int
    """Bytes of the files, unpacked."""
    held: int
    """How many of these bytes are in memory while the table is made from them."""
    head: Table | None
    """The first rows; None if they cannot be read apart from the others."""
    divisible: bool = True
    """Whether the rows can be read in blocks."""

    @property
    def row_bytes(self) -> float:
        """The memory that a row takes as it is read, on average over the first rows."""
        if self.head is None:
            return 0.0
        frame = self.head.frame
        return sum(map(_bytes_of, frame)) / max(len(frame), 1)


NOTHING = Extent(0, 0, 0, None)


def extent_of(data: Any) -> Extent:
    """Return the extent of files that lie on the disk, or of a `Table`.

    Nothing is known of anything else, such as standard input: its extent is `NOTHING`. For a file
    that cannot be read, only the size is given; the reader will say what is wrong with it. What is
    inside a database or on another machine has to be `brought` first.
    """
    if isinstance(data, Table):
        rows = len(data.frame)
        return Extent(rows, 0, 0, Table(data.frame.head(HEAD_ROWS), data.source, typed=data.typed))
    if isinstance(data, Fetched):
        files = [file.path for file in data.files if file.where != STANDARD_INPUT]
        reading = data.reading
        return _together([_of_file(path, reading) for path in files if is_file(path)])
    names = data if isinstance(data, list | tuple) else [data]
    if not all(isinstance(name, str | os.PathLike) for name in names):
        return NOTHING
    return _together([_of_file(path) for name in names for path in files_of(os.fspath(name))])


def _bytes_of(column: pl.Series) -> float:
    if column.dtype != pl.String:
        return float(column.estimated_size())
    lengths = column.str.len_bytes()
    return VIEW * len(column) + float(lengths.filter(lengths > INLINE).sum() or 0)


def _together(extents: Sequence[Extent]) -> Extent:
    if not extents:
        return NOTHING
    return Extent(
        sum(extent.rows for extent in extents),
        sum(extent.size for extent in extents),
        max(extent.held for extent in extents),
        next((extent.head for extent in extents if extent.head is not None), None),
        all(extent.divisible for extent in extents),
    )


def _of_file(path: Path, reading: ReadingOptions = PLAINLY) -> Extent:
    try:
        with path.open("rb") as file:
            start, size = file.read(16), path.stat().st_size
        if is_packed(start):
            content, size = _unpacked(path, start, size)
            return _of_text(content, path.name, size, reading, held=size)
        if start.startswith((PARQUET, ARROW)):
            return _of_columns(path, start, size)
        with path.open("rb") as file:
            return _of_text(file.read(HEAD_BYTES), path.name, size, reading, held=0)
    except OSError:
        return NOTHING


def _of_columns(path: Path, start: bytes, size: int) -> Extent:
    try:
        if start.startswith(PARQUET):
            count, head = length(path), first_rows(path, HEAD_ROWS)
        else:
            refuse_false_lengths(path, path.name)
            rows = pl.scan_ipc(path, glob=False)
            count, head = rows.select(pl.len()).collect().item(), rows.head(HEAD_ROWS).collect()
        return Extent(count, size, 0, Table(within_calendar(head), path.name))
    except DAMAGE:
        return Extent(0, size, 0, None)


def _unpacked(path: Path, start: bytes, packed: int) -> tuple[bytes, int]:
    """Return the first bytes of a packed file's content, and about how many bytes it has in all."""
    opened = next(opened for magic, (_, opened) in PACKINGS.items() if start.startswith(magic))
    head, count = b"", 0
    with path.open("rb") as file:
        try:
            with opened(file) as unpacking:
                while count < MOST_UNPACKED and file.tell() < MOST_PACKED:
                    block = unpacking.read(HEAD_BYTES)
                    head, count = head or block, count + len(block)
                    if not block:
                        return head, count
        except UNPACKING_DAMAGE:
            return head, max(count, packed)
        return head, count * packed // max(file.tell(), 1)


def _of_text(head: bytes, name: str, size: int, reading: ReadingOptions, *, held: int) -> Extent:
    """Return the extent of a text, given its first bytes."""
    unknown = Extent(0, size, held, None)
    if head.startswith((PARQUET, ARROW)):  # packed; its size stands at its end
        return unknown
    if size > len(head):
        head = head[: head.rfind(b"\n") + 1]
    try:
        text, encoding = as_utf8(head, name, reading.encoding)
        if looks_like_json(text):
            return Extent(0, size, max(held, size), None, divisible=False)
        table = read_delimited(text, name, encoding, reading.skip_rows)
    except (GradumError, pl.exceptions.PolarsError):
        return unknown
    rows = len(table.frame) * size // max(len(head), 1)
    first = Table(table.frame.head(HEAD_ROWS), name, typed=False, decimal=table.decimal)
    return Extent(rows, size, held, first)
