"""The memory that an ONNX file can take once it is parsed, counted from its bytes alone.

Two bytes can make an empty operator or attribute of a hundred bytes in memory. So the fields of a
file are counted before it is parsed. What this module does not know counts by the byte.

Protocol Buffers, "Encoding": a message is a row of fields; a field is a tag, which is eight times
its number plus its wire type, and a value: a varint (0), eight bytes (1), a length and as many
bytes (2), or four bytes (5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

FIELD_LIMIT = 2**20
"""Fields of a file, together with the bytes of what is not known."""

_LENGTHS = {1: 8, 5: 4}
_VARINT_LENGTH = 10
_FLAT: Mapping[int, Mapping] = {}

# Of each message: the fields that are messages, with theirs in turn, and those that are flat, that
# is texts, bytes and packed numbers, which take no more than eight times their bytes.
_TENSOR = dict.fromkeys((1, 4, 5, 7, 8, 9, 10, 11, 12), _FLAT)
_ATTRIBUTE = {**dict.fromkeys((1, 4, 7, 8, 13, 21), _FLAT), 5: _TENSOR}
_NODE = {**dict.fromkeys((1, 2, 3, 4, 6, 7, 8), _FLAT), 5: _ATTRIBUTE}
_GRAPH = {**dict.fromkeys((2, 10), _FLAT), 1: _NODE, 5: _TENSOR}
_MODEL = {**dict.fromkeys((2, 3, 4, 6), _FLAT), 7: _GRAPH}


class _Field(NamedTuple):
    number: int
    start: int
    stop: int
    has_length: bool


def is_small(data: bytes) -> bool:
    """Return whether a file has at most ``FIELD_LIMIT`` fields and bytes that are not known.

    Raises
    ------
    ValueError
        The bytes are not fields.
    """
    count = 0
    unread: list[tuple[int, int, Mapping[int, Mapping]]] = [(0, len(data), _MODEL)]
    while unread:
        start, stop, known = unread.pop()
        for field in _fields(data, start, stop):
            count += 1
            if field.has_length and field.number not in known:
                count += field.stop - field.start
            elif field.has_length and known[field.number]:
                unread.append((field.start, field.stop, known[field.number]))
            if count > FIELD_LIMIT:
                return False
    return True


def _fields(data: bytes, position: int, stop: int) -> Iterator[_Field]:
    while position < stop:
        tag, position = _varint(data, position, stop)
        number, wire_type = tag >> 3, tag & 7
        start = position
        if wire_type == 0:
            _, position = _varint(data, position, stop)
        elif wire_type == 2:
            length, start = _varint(data, position, stop)
            position = start + length
        elif wire_type in _LENGTHS:
            position += _LENGTHS[wire_type]
        else:
            raise ValueError(wire_type)
        if position > stop:
            raise ValueError(position)
        yield _Field(number, start, position, wire_type == 2)


def _varint(data: bytes, position: int, stop: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for place in range(_VARINT_LENGTH):
        if position + place >= stop:
            break
        byte = data[position + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, position + place + 1
    raise ValueError(position)
