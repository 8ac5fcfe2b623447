"""The row groups of a Parquet file, as its last bytes list them.

Whoever reads one row reads its whole group, and polars does not say how large groups are. The list
is Thrift in its compact protocol: https://github.com/apache/thrift/blob/master/doc/specs.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

END = 8  # bytes: the length of the list, and "PAR1"
MOST_BYTES = 2**28  # of a list
DEEPEST = 16
ROW_GROUPS, BYTES, ROWS = 4, 2, 3  # numbers of fields
TRUE, FALSE, BYTE, DOUBLE, BINARY, LISTS, MAP, STRUCT = 1, 2, 3, 7, 8, (9, 10), 11, 12


class RowGroup(NamedTuple):
    """Rows that are read together, and their bytes once they are unpacked."""

    rows: int
    bytes: int


def row_groups(path: Path) -> list[RowGroup]:
    """Return the row groups of a Parquet file; none where its list cannot be read.

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
    if kind in (TRUE, FALSE, BYTE):  # of a list, a truth is a byte
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
    """Read seven bits a byte, the last of which has its eighth bit unset."""
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
