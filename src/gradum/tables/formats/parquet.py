"""Parquet files read without holding all rows in memory, however large their row groups.

A row group is read as a whole, and its writer chooses its size: a million rows of a wide table, as
pandas writes, can exceed the memory bound. Its columns can be read separately, though. polars does
not say how large groups are; the last bytes of a file list them, as Thrift in its compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs.
"""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import polars as pl

from gradum.files.atomic import filling
from gradum.messages import say

GROUP_BYTES = 2**27  # of a row group in memory
VIEW = 16  # bytes of a value of variable length

END = 8  # bytes: the length of the list, and "PAR1"
MOST_BYTES = 2**28  # of the list
DEEPEST = 16
ROW_GROUPS, BYTES, ROWS = 4, 2, 3  # numbers of fields
TRUE, FALSE, BYTE, DOUBLE, BINARY, LISTS, MAP, STRUCT = 1, 2, 3, 7, 8, (9, 10), 11, 12


def length(path: Path) -> int:
    """Return the number of rows."""
    return pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()


def first_rows(path: Path, rows: int) -> pl.DataFrame:
    """Return the given number of rows, or all if there are fewer."""
    scan = pl.scan_parquet(path, glob=False)
    return _beside([scan.select(names).head(rows).collect() for names in columns_together(path)])


def columns_together(path: Path) -> list[list[str]]:
    """Return the names of all columns, in stretches whose row groups are not too large."""
    names = pl.scan_parquet(path, glob=False).collect_schema().names()
    stretches = -(-_largest_group(path) // GROUP_BYTES)
    together = max(1, len(names) // max(stretches, 1))
    return [names[at : at + together] for at in range(0, len(names), together)] or [[]]


def has_large_groups(path: Path) -> bool:
    """Whether a row group takes more memory than a bound allows."""
    return _largest_group(path) > GROUP_BYTES


def with_smaller_groups(path: Path, scratch: Path, rows: int) -> list[Path]:
    """Rewrite a file as files of the given number of rows each, and return their paths.

    They lie beside ``scratch``, and their names begin with its name. First, stretches of columns
    are written to files of their own, one after the other.

    Raises
    ------
    DiskError
        The disk is full.
    """
    parts = []
    for names in columns_together(path):
        part = scratch.with_name(f"{scratch.name}-columns-{len(parts)}.parquet")
        with filling(say("the rows of {name}", name=path.name)):
            scan = pl.scan_parquet(path, glob=False, low_memory=True).select(names)
            scan.sink_parquet(part, row_group_size=rows)
        parts.append(part)
    files = list(_joined(parts, length(path), rows, scratch, path.name))
    for part in parts:
        part.unlink()
    return files


def _joined(parts: list[Path], count: int, rows: int, scratch: Path, name: str) -> Iterator[Path]:
    for start in range(0, count, rows):
        scans = [pl.scan_parquet(part, glob=False) for part in parts]
        file = scratch.with_name(f"{scratch.name}-rows-{start}.parquet")
        with filling(say("the rows of {name}", name=name)):
            _beside([scan.slice(start, rows).collect() for scan in scans]).write_parquet(file)
        yield file


def _beside(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="horizontal")


def _largest_group(path: Path) -> int:
    """Return the bytes that the largest row group takes in memory; 0 if none is listed."""
    types = pl.scan_parquet(path, glob=False).collect_schema().dtypes()
    width = sum(map(_bytes, types))
    return max((max(group.bytes, group.rows * width) for group in row_groups(path)), default=0)


def _bytes(dtype: pl.DataType) -> int:
    if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        return _FIXED.get(type(dtype), 8)
    return VIEW


_FIXED = {
    pl.Boolean: 1,
    pl.Int8: 1,
    pl.UInt8: 1,
    pl.Int16: 2,
    pl.UInt16: 2,
    pl.Int32: 4,
    pl.UInt32: 4,
    pl.Float32: 4,
    pl.Date: 4,
    pl.Decimal: 16,
    pl.Int128: 16,
}


class RowGroup(NamedTuple):
    """The number of rows that are read together, and their bytes when unpacked."""

    rows: int
    bytes: int


def row_groups(path: Path) -> list[RowGroup]:
    """Return the row groups of a Parquet file; none if its list cannot be read.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        whole = file.seek(0, io.SEEK_END)
        file.seek(max(whole - END, 0))
        length = int.from_bytes(file.read(4), "little")
        if not 0 < length <= min(whole - END, MOST_BYTES):
            return []
        file.seek(whole - END - length)
        listed = io.BytesIO(file.read(length))
    try:
        groups = _struct(listed, 0).get(ROW_GROUPS, [])
        return [RowGroup(int(group[ROWS]), int(group[BYTES])) for group in groups]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        return []


def groups_of(path: Path, first: int, last: int) -> str:
    """Name the row groups, from 1, that hold the rows from ``first`` to before ``last``.

    "?" stands for those of a file whose list cannot be read.
    """
    try:
        ends = list(accumulate(group.rows for group in row_groups(path)))
    except OSError:
        ends = []
    if not ends or ends[-1] < last:
        return "?"
    start, stop = bisect_right(ends, first) + 1, bisect_left(ends, last) + 1
    return f"{start}" if start == stop else f"{start}–{stop}"


def _struct(file: BinaryIO, depth: int) -> dict[int, Any]:
    """Read fields until one of type 0 ends them: number -> value."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    fields: dict[int, Any] = {}
    number = 0
    while head := file.read(1)[0]:
        step, kind = head >> 4, head & 15
        number = number + step if step else _signed(file)
        fields[number] = kind == TRUE if kind in (TRUE, FALSE) else _value(file, kind, depth)
    return fields


def _value(file: BinaryIO, kind: int, depth: int) -> Any:
    if kind in (TRUE, FALSE, BYTE):  # in a list, a boolean is a byte
        return file.read(1)[0]
    if kind == DOUBLE:
        return [file.read(1)[0] for _ in range(8)]
    if kind == BINARY:
        return file.read(_unsigned(file))
    if kind in LISTS:
        head = file.read(1)[0]
        count = head >> 4 if head >> 4 < 15 else _unsigned(file)
        return [_value(file, head & 15, depth + 1) for _ in range(count)]
    if kind == MAP:
        count = _unsigned(file)
        kinds = file.read(1)[0] if count else 0
        return [
            (_value(file, kinds >> 4, depth + 1), _value(file, kinds & 15, depth + 1))
            for _ in range(count)
        ]
    if kind == STRUCT:
        return _struct(file, depth + 1)
    return _signed(file)


def _unsigned(file: BinaryIO) -> int:
    """Read seven bits per byte; the last byte has its eighth bit unset."""
    value = shift = 0
    while True:
        byte = file.read(1)[0]
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value
        if shift > 63:
            raise ValueError("no number")


def _signed(file: BinaryIO) -> int:
    value = _unsigned(file)
    return value >> 1 ^ -(value & 1)
