"""Text files as UTF-8 with plain line ends, whatever they were written in."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gradum.errors import TableError
from gradum.files.scratch import filling

Content = bytes | Path
"""A file's content: in memory, or where it lies on disk."""

SAMPLE_BYTES = 100_000
SAMPLE_LINES = 5  # at least so many, where lines are long
MOST_SAMPLE_BYTES = 2**24
BLOCK_BYTES = 2**20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1e]")


def stream(content: Content) -> BinaryIO:
    """Open a content for reading; to be closed by a ``with``."""
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def blocks(content: Content) -> Iterator[bytes]:
    """Yield a content piece by piece."""
    with stream(content) as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def sample(content: Content) -> bytes:
    """Return the first lines of a content, each of them whole unless it is endless."""
    with stream(content) as file:
        head = file.read(SAMPLE_BYTES)
        while head.count(b"\n") < SAMPLE_LINES and len(head) < MOST_SAMPLE_BYTES:
            more = file.read(len(head))
            if not more:
                return head
            head += more
        goes_on = bool(file.read(1))
    return head[: head.rfind(b"\n") + 1] or head if goes_on else head


def as_utf8(content: Content, source: str) -> tuple[Content, str]:
    """Return a text in UTF-8 with line feeds between lines, and the name of its encoding.

    A file that is so already stays on disk.

    Raises
    ------
    TableError
        It is damaged, or no text.
    """
    head = sample(content)
    codec, name = _encoding(content, head, source)
    if codec == "utf-8" and _is_plain(content, head):
        return content, name
    whole = content if isinstance(content, bytes) else content.read_bytes()
    if codec != "utf-8":
        whole = _recoded(whole, codec, name, source)
    if b"\r" in whole:  # line ends of Windows, and of old Macintosh files
        whole = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if whole.startswith(b"\n") or whole.endswith(b"\n\n"):
        whole = whole.strip(b"\n")
    return whole, name


def convert_to_utf8(content: Content, source: str, out: Path) -> tuple[Content, str]:
    """As `as_utf8`, but what has to be changed is written to a file and never held as a whole."""
    head = sample(content)
    codec, name = _encoding(content, head, source)
    if codec == "utf-8" and _is_plain(content, head):
        return content, name
    try:
        with (
            filling(f"{source} as UTF-8"),
            io.TextIOWrapper(stream(content), encoding=codec, newline=None) as text,
            out.open("w", encoding="utf-8", newline="\n") as file,
        ):
            begun, ends = False, ""
            while block := text.read(BLOCK_BYTES):
                block = ends + block if begun else block.lstrip("\n")
                begun = begun or bool(block)
                whole = block.rstrip("\n")  # the ends of lines wait for what follows them
                ends = block[len(whole) :]
                file.write(whole)
    except UnicodeError:
        raise TableError(f"{source} is damaged: it is not {name}.", "Save it afresh.") from None
    return out, name


def _encoding(content: Content, head: bytes, source: str) -> tuple[str, str]:
    """Return the codec that reads a text, and the name of its encoding."""
    for mark, codec, name in MARKS:
        if head.startswith(mark):
            return codec, name
    if head.count(0) > len(head) / 4:  # UTF-16 without its mark: every other byte of English is 0
        codec = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        if not CONTROL.search(head.decode(codec, errors="replace").encode()):
            return codec, "UTF-16"
    if CONTROL.search(head):
        raise TableError(
            f"{source} is not a table of text: it holds binary data.",
            "Give a CSV, TSV, JSON, Parquet or Arrow file.",
        )
    for codec, name in (("utf-8", "UTF-8"), ("cp1252", "Windows-1252")):
        if _reads(content, codec):
            return codec, name
    return "latin-1", "Latin-1"


def _reads(content: Content, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for block in blocks(content):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_plain(content: Content, head: bytes) -> bool:
    """Whether a text in UTF-8 can be read where it is: no other line ends, none to spare."""
    last = b""
    for block in blocks(content):
        if b"\r" in block:
            return False
        last = (last + block)[-2:]
    return not head.startswith(b"\n") and last != b"\n\n"


def _recoded(whole: bytes, codec: str, name: str, source: str) -> bytes:
    try:
        if codec not in ("cp1252", "latin-1"):
            return whole.decode(codec).encode()
        pieces = range(0, len(whole), BLOCK_BYTES)  # a byte is a letter: it can be cut anywhere
        return b"".join(whole[at : at + BLOCK_BYTES].decode(codec).encode() for at in pieces)
    except UnicodeError as error:
        where = f"byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else "its text"
        raise TableError(
            f"{source} is damaged: {where} is not {name}.", "Save it afresh."
        ) from None
