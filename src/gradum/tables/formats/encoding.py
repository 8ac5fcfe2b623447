"""Text files as UTF-8 with plain line ends, whatever their original encoding."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gradum.errors import SpecError, TableError
from gradum.files.atomic import filling
from gradum.messages import listed, say
from gradum.tables.formats.letter_likelihood import (
    JAPANESE_TEXT,
    KOREAN_TEXT,
    RUSSIAN_TEXT,
    SIMPLIFIED_CHINESE,
    TRADITIONAL_CHINESE,
    WESTERN_TEXT,
)
from gradum.tables.wording import nearest_names, shortened

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
WESTERN = ("cp1252", "Windows-1252", WESTERN_TEXT)
OTHERS = (
    ("gb18030", "GB18030", SIMPLIFIED_CHINESE),
    ("cp950", "Big5", TRADITIONAL_CHINESE),
    ("big5hkscs", "Big5-HKSCS", TRADITIONAL_CHINESE),
    ("cp932", "Shift-JIS", JAPANESE_TEXT),
    ("euc_jp", "EUC-JP", JAPANESE_TEXT),
    ("cp949", "EUC-KR", KOREAN_TEXT),
    ("cp1251", "Windows-1251", RUSSIAN_TEXT),
    ("koi8_r", "KOI8-R", RUSSIAN_TEXT),
)
SURE = log(100)  # how much likelier a reading must be than another, or than the Western one
LIKELIER = log(20)  # how much likelier than the Western reading another must be to be named
TELLING_BYTES = 20_000  # of lines with letters beyond ASCII
NO_TABLES = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")
USUAL = ("GB18030", "Big5", "Shift-JIS", "EUC-JP", "EUC-KR", "Windows-1251", "KOI8-R")


def stream(content: Content) -> BinaryIO:
    """Open a content for reading, as a context manager."""
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def blocks(content: Content) -> Iterator[bytes]:
    """Yield a content piece by piece."""
    with stream(content) as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def count_lines(content: Content) -> int:
    """Count the lines of a content, including a last one without a line feed."""
    count, last = 0, b"\n"
    for block in blocks(content):
        count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


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


def as_utf8(content: Content, source: str, named: str | None = None) -> tuple[Content, str]:
    """Return a text in UTF-8 with line feeds between lines, and the name of its encoding.

    A file that already has this form stays on disk. ``named`` is the encoding that the user names.

    Raises
    ------
    TableError
        It is damaged, no text, or not in the named encoding.
    """
    head = sample(content)
    codec, name = _encoding(content, head, source, named)
    if codec == "utf-8" and _is_plain(content):
        return content, name
    whole = content if isinstance(content, bytes) else content.read_bytes()
    if codec != "utf-8":
        whole = _recoded(whole, codec, name, source)
    if b"\r" in whole:  # line ends of Windows, and of old Macintosh files
        whole = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if whole.endswith(b"\n\n"):
        whole = whole.rstrip(b"\n")
    return whole, name


def convert_to_utf8(
    content: Content, source: str, out: Path, named: str | None = None
) -> tuple[Content, str]:
    """Do what `as_utf8` does, but write a changed text to a file and never hold it as a whole."""
    head = sample(content)
    codec, name = _encoding(content, head, source, named)
    if codec == "utf-8" and _is_plain(content):
        return content, name
    try:
        with (
            filling(say("{source} as UTF-8", source=source)),
            io.TextIOWrapper(stream(content), encoding=codec, newline=None) as text,
            out.open("w", encoding="utf-8", newline="\n") as file,
        ):
            ends = ""
            while block := text.read(BLOCK_BYTES):
                block = ends + block
                whole = block.rstrip("\n")  # line ends wait for what follows them
                ends = block[len(whole) :]
                file.write(whole)
    except UnicodeError:
        raise TableError(
            "{source} is damaged: it is not {name}.", "Save it afresh.", source=source, name=name
        ) from None
    return out, name


def check_encoding(name: str) -> str:
    """Return the codec of an encoding's name.

    Raises
    ------
    SpecError
        No encoding of text has the name.
    """
    try:
        codec = codecs.lookup(name)
        usable = codec._is_text_encoding and codec.name.replace("-", "_") not in NO_TABLES
    except (LookupError, ValueError, UnicodeError):  # a name may hold anything
        usable = False
    if not usable:
        near = nearest_names(name, (*USUAL, "UTF-8", "UTF-16", "Windows-1252", "Latin-1"))
        remedy = (
            say("Did you mean {name}?", name=near[0])
            if near
            else say("Give one such as {names}.", names=listed(USUAL))
        )
        raise SpecError(say("There is no encoding {name!r}.", name=shortened(name)), remedy)
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
    return wider.get(codec.name, codec.name)


def _encoding(content: Content, head: bytes, source: str, named: str | None) -> tuple[str, str]:
    """Return the codec that reads a text, and the name of its encoding."""
    if named is not None:
        return _codec_named(content, head, source, named)
    for mark, codec, name in MARKS:
        if head.startswith(mark):
            return codec, name
    if head.count(0) > len(head) / 4:  # UTF-16 without its mark: every other byte of English is 0
        codec = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        if not CONTROL.search(head.decode(codec, errors="replace").encode()):
            return codec, "UTF-16"
    if CONTROL.search(head):
        raise TableError(
            "{source} is not a table of text: it holds binary data.",
            "Give a CSV, TSV, JSON, Parquet or Arrow file.",
            source=source,
        )
    if _reads(content, "utf-8"):
        return "utf-8", "UTF-8"
    return _likeliest(content)


def _codec_named(content: Content, head: bytes, source: str, named: str) -> tuple[str, str]:
    """Return the codec of an encoding that the user names; refuse a text that is not in it."""
    codec = check_encoding(named)
    name = next((name for known, name, _ in (*OTHERS, WESTERN) if known == codec), named)
    if codec == "utf-8" and head.startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    if not _reads(content, codec) or CONTROL.search(head.decode(codec, errors="ignore").encode()):
        raise TableError(
            "{source} is not in {name}, which --encoding names.",
            "Name another encoding, or leave --encoding out.",
            source=source,
            name=name,
        )
    return codec, "UTF-8" if codec.startswith("utf-8") else name


class _Guess(NamedTuple):
    """A way to read a text, and the log-probability of the letters that it yields."""

    score: float
    codec: str
    name: str
    text: str


def _likeliest(content: Content) -> tuple[str, str]:
    """Return the encoding in which a text's letters are likeliest, and its name.

    A Western encoding is taken unless another is far likelier. If a second one is nearly as likely,
    the name says so.
    """
    telling = _telling_lines(content)
    codec, name, language = WESTERN
    text = telling.decode(codec, errors="replace")
    western = _Guess(language.log_probability(text) + SURE, codec, name, text)
    guesses = [western]
    for codec, name, language in OTHERS:
        if _decodes(telling, codec):
            text = telling.decode(codec)
            guesses.append(_Guess(language.log_probability(text), codec, name, text))
    guesses.sort(key=lambda guess: -guess.score)
    best = next(guess for guess in guesses if guess is western or _reads(content, guess.codec))
    if best is western and not _reads(content, best.codec):
        return "latin-1", "Latin-1"
    enough = SURE - LIKELIER if best is western else SURE
    rivals = [
        guess.name
        for guess in guesses
        if 0 <= best.score - guess.score < enough and guess.text != best.text
    ]
    if not rivals:
        return best.codec, best.name
    return best.codec, say(
        "{name}, perhaps {rival}: --encoding decides", name=best.name, rival=rivals[0]
    )


def _telling_lines(content: Content) -> bytes:
    """Return the first lines that hold letters beyond ASCII."""
    lines: list[bytes] = []
    length = 0
    with stream(content) as file:
        while length < TELLING_BYTES and (line := file.readline(MOST_SAMPLE_BYTES)):
            if not line.isascii():
                lines.append(line)
                length += len(line)
    return b"".join(lines)[:MOST_SAMPLE_BYTES]


def _decodes(text: bytes, codec: str) -> bool:
    try:
        text.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _reads(content: Content, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for block in blocks(content):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _is_plain(content: Content) -> bool:
    """Whether a UTF-8 text can be read in place: with plain line ends, and no superfluous ones."""
    last = b""
    for block in blocks(content):
        if b"\r" in block:
            return False
        last = (last + block)[-2:]
    return last != b"\n\n"


def _recoded(whole: bytes, codec: str, name: str, source: str) -> bytes:
    try:
        if codec not in ("cp1252", "latin-1"):
            return whole.decode(codec).encode()
        pieces = range(0, len(whole), BLOCK_BYTES)  # a letter is one byte: any place can be cut
        return b"".join(whole[at : at + BLOCK_BYTES].decode(codec).encode() for at in pieces)
    except UnicodeError as error:
        raise TableError(
            say(
                "{source} is damaged: byte {place:,} is not {name}.",
                source=source,
                place=error.start,
                name=name,
            )
            if isinstance(error, UnicodeDecodeError)
            else say("{source} is damaged: its text is not {name}.", source=source, name=name),
            say("Save it afresh."),
        ) from None
