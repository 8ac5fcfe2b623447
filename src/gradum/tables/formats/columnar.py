"""Files that state the types of their columns: Parquet and Arrow.

The packed buffers of an Arrow file or stream state their unpacked lengths. polars asks for that
much memory before it unpacks a buffer, and ends the process if there is not so much. The format:
https://arrow.apache.org/docs/format/Columnar.html (IPC); its messages are FlatBuffers,
https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.formats.encoding import Content, stream
from gradum.tables.formats.size_limits import refuse_more_than_memory, refuse_width
from gradum.tables.table import Table
from gradum.tables.wording import row_count, size

PARQUET, ARROW = b"PAR1", b"ARROW1"  # their files begin with these
FORMATS: dict[bytes, tuple[str, Callable[..., pl.DataFrame]]] = {
    PARQUET: ("Parquet", pl.read_parquet),
    ARROW: ("Arrow", pl.read_ipc),
    b"\xff\xff\xff\xff": ("Arrow", pl.read_ipc_stream),
}
SCANS: dict[bytes, Callable[..., pl.LazyFrame]] = {PARQUET: pl.scan_parquet, ARROW: pl.scan_ipc}
LOOKED_AT = 64  # rows; each bit of a boolean counts
TEXT_BYTES = 16  # that a text takes besides its letters; polars does not count them
# polars reports some damage as a panic, which is no Exception
DAMAGE = (pl.exceptions.PolarsError, OSError, ValueError, pl.exceptions.PanicException)

END = len(b"ARROW1") + 4
CONTINUED = 0xFFFFFFFF  # stands before the length of a message, since version 0.15
DICTIONARY, RECORDS = 2, 3  # types of messages
HEADER_TYPE, HEADER, BODY_LENGTH = 1, 2, 3  # fields of a message
OF_DICTIONARY, BUFFERS, COMPRESSION = 1, 2, 3  # fields of batches
DICTIONARIES, BATCHES = 2, 3  # fields of the footer of a file
BLOCK = struct.Struct("<qi4xq")  # where a message lies: its start, length of its head, of its body
BUFFER = struct.Struct("<qq")  # start in the body, and length
BROKEN = (struct.error, LookupError, ValueError, OverflowError, EOFError)


def is_columnar(start: bytes) -> bool:
    """Whether a file's first bytes are those of Parquet or Arrow."""
    return start.startswith(tuple(FORMATS))


def read_columnar(content: Content, source: str) -> Table:
    """Return the columns of a Parquet file, an Arrow file (Feather version 2) or an Arrow stream.

    A file on disk is read piece by piece; its bytes are never in memory as a whole.

    Raises
    ------
    TableError
        It is damaged, or has no rows.
    """
    with stream(content) as file:
        start = file.read(8)
    name, reader = next(
        candidate for magic, candidate in FORMATS.items() if start.startswith(magic)
    )
    try:
        if not start.startswith(PARQUET):
            refuse_false_lengths(content, source)
        _refuse_many_values(content, start, source)
        with stream(content) as file:  # opened anew: polars does not know of Python's buffer
            frame = reader(file)
    except TableError:
        raise
    except DAMAGE:
        raise TableError(
            "{source} is a damaged or truncated {name} file.",
            "Copy or write it anew.",
            source=source,
            name=name,
        ) from None
    refuse_width(frame.width, source)
    if not frame.width or not frame.height:
        raise TableError("{source} has no rows.", "Give a file with rows.", source=source)
    return Table(frame, source)


def _refuse_many_values(content: Content, start: bytes, source: str) -> None:
    """Refuse a file that states more rows than fit in memory, or too many columns."""
    scan = next((candidate for magic, candidate in SCANS.items() if start.startswith(magic)), None)
    if scan is None:
        return
    rows = scan(content, glob=False)
    schema = rows.collect_schema()
    refuse_width(len(schema), source)
    height = rows.select(pl.len()).collect().item()
    row = pl.DataFrame(schema=schema).clear(LOOKED_AT).estimated_size() / LOOKED_AT
    row += TEXT_BYTES * sum(dtype in (pl.String, pl.Binary) for dtype in schema.values())
    refuse_more_than_memory(row * height, row_count(height), source)


def refuse_false_lengths(content: Content, source: str) -> None:
    """Refuse a file if one of its batches of rows claims to unpack to more than fits in memory.

    Other damage is left for the file's reader to refuse.

    Raises
    ------
    TableError
        The message says what the batch would take.
    """
    with stream(content) as file:
        largest = 0
        try:
            for length in _unpacked_lengths(file):
                largest = max(largest, length)
        except BROKEN:
            pass
    refuse_more_than_memory(largest, say("{length} of values", length=size(largest)), source)


def _unpacked_lengths(file: BinaryIO) -> Iterator[int]:
    """Yield the bytes that each message says it unpacks to; 0 for what is not packed."""
    whole = file.seek(0, io.SEEK_END)
    heads = 0
    for start in _starts(file, whole):
        message, body = _message(file, start)
        heads += len(message)
        if heads > whole:  # the same messages are listed repeatedly, which might take forever
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
    """Yield where the messages begin: as the end of a file lists them; in order, for a stream."""
    file.seek(0)
    if file.read(len(ARROW)) == ARROW:
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
    """Return the head of a message, and where its body begins; EOFError after the last message."""
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
    """Return where the fields present in a table lie, by their numbers."""
    places = table - struct.unpack_from("<i", data, table)[0]
    (length,) = struct.unpack_from("<H", data, places)
    offsets = struct.unpack_from(f"<{length // 2 - 2}H", data, places + 4)
    return {number: table + offset for number, offset in enumerate(offsets) if offset}


def _vector(data: bytes, place: int, kind: struct.Struct) -> Iterator[tuple[int, ...]]:
    start = _offset(data, place)
    (count,) = struct.unpack_from("<I", data, start)
    return kind.iter_unpack(data[start + 4 : start + 4 + count * kind.size])
