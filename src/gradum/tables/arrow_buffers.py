"""The lengths that packed buffers of an Arrow file or stream claim to have once they are unpacked.

polars asks for that much memory before it unpacks a buffer, and ends the process where there is not
so much. The format: https://arrow.apache.org/docs/format/Columnar.html (IPC); its messages are
FlatBuffers, https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

from gradum.messages import say
from gradum.tables.bounds import refuse_more_than_memory
from gradum.tables.encoding import Content, stream
from gradum.tables.wording import size

FILE = b"ARROW1"  # with which a file begins and ends; a stream has neither
END = len(FILE) + 4
CONTINUED = 0xFFFFFFFF  # before the length of a message, since version 0.15
DICTIONARY, RECORDS = 2, 3  # types of messages
HEADER_TYPE, HEADER, BODY_LENGTH = 1, 2, 3  # fields of a message,
OF_DICTIONARY, BUFFERS, COMPRESSION = 1, 2, 3  # of batches,
DICTIONARIES, BATCHES = 2, 3  # and of what stands at the end of a file
BLOCK = struct.Struct("<qi4xq")  # where a message lies: its start, length of its head, of its body
BUFFER = struct.Struct("<qq")  # start in the body, and length
DAMAGE = (struct.error, LookupError, ValueError, OverflowError, EOFError)


def refuse_false_lengths(content: Content, source: str) -> None:
    """Refuse a file of which a batch of rows claims to unpack to more than memory holds.

    What is damaged in another way is for its reader to refuse.

    Raises
    ------
    TableError
        It says what the batch would take.
    """
    with stream(content) as file:
        largest = 0
        try:
            for length in _unpacked_lengths(file):
                largest = max(largest, length)
        except DAMAGE:
            pass
    refuse_more_than_memory(largest, say("{length} of values", length=size(largest)), source)


def _unpacked_lengths(file: BinaryIO) -> Iterator[int]:
    """Yield the bytes that each message says it unpacks to; what is not packed takes none."""
    whole = file.seek(0, io.SEEK_END)
    heads = 0
    for start in _starts(file, whole):
        message, body = _message(file, start)
        heads += len(message)
        if heads > whole:  # messages are listed again and again, which might take for ever
            yield sys.maxsize
            return
        fields = _fields(message, _offset(message, 0))
        kind = message[fields[HEADER_TYPE]]
        if kind not in (DICTIONARY, RECORDS):
            continue
        batch = _fields(message, _offset(message, fields[HEADER]))
        if kind == DICTIONARY:
            batch = _fields(message, _offset(message, batch[OF_DICTIONARY]))
        if batch.get(COMPRESSION) is None:
            continue
        length = 0
        for offset, packed in _vector(message, batch[BUFFERS], BUFFER):
            if packed:
                file.seek(body + offset)
                length += max(0, *struct.unpack("<q", file.read(8)))
        yield length


def _starts(file: BinaryIO, whole: int) -> Iterator[int]:
    """Yield where the messages of a file begin, as its end lists them; or of a stream, in order."""
    file.seek(0)
    if file.read(len(FILE)) == FILE:
        file.seek(whole - END)
        (length,) = struct.unpack("<i", file.read(4))
        file.seek(whole - END - length)
        footer = file.read(length)
        fields = _fields(footer, _offset(footer, 0))
        for listed in (DICTIONARIES, BATCHES):
            if listed in fields:
                yield from (start for start, _, _ in _vector(footer, fields[listed], BLOCK))
        return
    start = 0
    while start < whole:
        yield start
        message, body = _message(file, start)
        fields = _fields(message, _offset(message, 0))
        start = body
        if BODY_LENGTH in fields:
            (length,) = struct.unpack_from("<q", message, fields[BODY_LENGTH])
            start += max(length, 0)


def _message(file: BinaryIO, start: int) -> tuple[bytes, int]:
    """Return the head of a message, and where its body begins; EOFError at the end of all."""
    file.seek(start)
    (length,) = struct.unpack("<I", file.read(4))
    if length == CONTINUED:
        (length,) = struct.unpack("<I", file.read(4))
    if not length:
        raise EOFError
    return file.read(length), file.tell()


def _offset(data: bytes, place: int) -> int:
    return place + struct.unpack_from("<I", data, place)[0]


def _fields(data: bytes, table: int) -> dict[int, int]:
    """Return where the fields of a table lie that are there, by their numbers."""
    places = table - struct.unpack_from("<i", data, table)[0]
    (length,) = struct.unpack_from("<H", data, places)
    offsets = struct.unpack_from(f"<{length // 2 - 2}H", data, places + 4)
    return {number: table + offset for number, offset in enumerate(offsets) if offset}


def _vector(data: bytes, place: int, kind: struct.Struct) -> Iterator[tuple[int, ...]]:
    start = _offset(data, place)
    (count,) = struct.unpack_from("<I", data, start)
    return kind.iter_unpack(data[start + 4 : start + 4 + count * kind.size])
