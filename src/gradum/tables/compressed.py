"""Compressed files, recognised by their first bytes and unpacked within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.messages import say
from gradum.tables.content import gathered
from gradum.tables.encoding import BLOCK_BYTES, Content, stream
from gradum.tables.memory import available_memory
from gradum.tables.wording import size

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKINGS: dict[bytes, tuple[str, Any]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
    b"\x28\xb5\x2f\xfd": ("zstd", zstd.open),
}
DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)
ALWAYS_ALLOWED = 2**28  # bytes
MOST_TIMES = 250  # as large as packed; tables shrink to a tenth, hardly ever to a hundredth


def is_packed(start: bytes) -> bool:
    """Whether a file's first bytes tell of a compression."""
    return start.startswith(tuple(PACKINGS))


def unpacked(content: Content, source: str) -> bytes:
    """Return what a compressed file holds.

    Raises
    ------
    TableError
        It is damaged, or it unpacks to more than 250 times its size (and 256 MiB), or to more
        than half of the memory that is left.
    """
    with stream(content) as file:
        most, why = _bound(file.seek(0, io.SEEK_END))
        file.seek(0)
        excess = TableError(
            say(
                "{source} unpacks to more than {most}, {why}.",
                source=source,
                most=size(most),
                why=why,
            ),
            say("Unpack it first if it can be trusted, and give fewer rows if they are many."),
        )
        return gathered(_blocks(file, source), most, excess)


def unpack(content: Content, source: str, out: Path) -> None:
    """Write what a compressed file holds to another file.

    Raises
    ------
    TableError
        It is damaged.
    DiskError
        The disk is full.
    """
    with (
        stream(content) as file,
        filling(say("{source}, unpacked", source=source)),
        out.open("wb") as unpacked_file,
    ):
        for block in _blocks(file, source):
            unpacked_file.write(block)


def most_unpacked(packed: int) -> int:
    """Return how many bytes may come out of so many packed ones."""
    return max(ALWAYS_ALLOWED, MOST_TIMES * packed)


def _bound(packed: int) -> tuple[int, str]:
    """Return how many bytes may come out, and what is wrong with more."""
    most, why = most_unpacked(packed), say("far more than a table would")
    memory = available_memory()
    if memory is not None and memory // 2 < most:
        return memory // 2, say("half of the memory that is left")
    return most, why


def _blocks(file: BinaryIO, source: str) -> Iterator[bytes]:
    start = file.read(8)
    file.seek(0)
    name, opened = next(packing for magic, packing in PACKINGS.items() if start.startswith(magic))
    try:
        with opened(file) as unpacking:
            while block := unpacking.read(BLOCK_BYTES):
                yield block
    except DAMAGE:
        raise TableError(
            say("{source} is a damaged or truncated {name} file.", source=source, name=name),
            say("Copy it anew."),
        ) from None
