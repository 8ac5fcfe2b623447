"""Files of strangers, read within bounds: texts in UTF-8, TOML, and what gzip has packed.

Python's parser goes through all beginnings of a dotted key: one of twenty thousand parts, in a file
of 40 kB, takes it a quarter of a minute and two gigabytes.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path
from typing import TypeVar

import msgspec

from gradum.errors import GradumError
from gradum.files.atomic import cause_of
from gradum.messages import say

LARGEST = 2**20
"""Bytes of a text: far more than anybody writes by hand."""

DEEPEST = 20
"""Parts of a dotted key."""
LONGEST = 2**22
"""Bytes of a file that gradum writes: the hashes of 27,000 files fit in."""

# A string, as far as it goes, or a comment; what cannot be a key is not looked into.
STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+",
    re.DOTALL,
)
DEEP_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}")

Kind = TypeVar("Kind")

_GZIP = b"\x1f\x8b"


def read_text(path: str | os.PathLike, error: type[GradumError], remedy: str) -> str:
    """Return the text of a file of up to `LARGEST` bytes.

    Parameters
    ----------
    path : path
    error : type
        The error to raise.
    remedy : str
        What helps if there is no such file, or if it is not meant.

    Raises
    ------
    GradumError
        Of that type: the file cannot be read, is too long, or is not UTF-8; the message names the
        path, and the line that is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as refused:  # a name may hold a null byte
        cause = cause_of(refused) if isinstance(refused, OSError) else str(refused)
        raise error(
            say("{path} cannot be read: {cause}.", path=path, cause=cause), remedy
        ) from None
    if len(content) > LARGEST:
        raise error(say("{path} is longer than such a file can be.", path=path), remedy)
    return decoded(content, path, error)


def decoded(content: bytes, path: str | os.PathLike, error: type[GradumError]) -> str:
    """Return a file's content as text, without a byte order mark; raise if it is not UTF-8."""
    try:
        text, end = content.decode("utf-8-sig"), content.find(b"\0")
    except UnicodeDecodeError as wrong:
        text, end = "", wrong.start
    if end >= 0:
        line = content.count(b"\n", 0, end) + 1
        raise error(
            say("{path} is not written in UTF-8: see line {line:,}.", path=path, line=line),
            say("Save it in the encoding UTF-8."),
        )
    return text


def bounded_content(path: Path) -> bytes:
    """Return the content of a file; OSError if it cannot be read, ValueError if it is too long."""
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(say("it is longer than such a file can be"))
    return content


def parsed_toml(text: str, kind: type[Kind]) -> Kind:
    """Return what a text of TOML says.

    Raises
    ------
    ValueError or RecursionError
        It is no TOML, not of that kind, or nested too deeply; the message says why.
    """
    if DEEP_KEY.search(STRING.sub("s", text)):
        raise ValueError(say("a key has more than {most} parts", most=DEEPEST))
    return msgspec.toml.decode(text, type=kind)


def read_unpacked(path: str | os.PathLike, limit: int, refusal: type[GradumError]) -> bytes:
    """Return the content of a file, unpacked if it is packed by gzip.

    Parameters
    ----------
    path : path
    limit : int
        Bytes of the content, at most.
    refusal : type
        The error that is raised if the file cannot be read, or is larger.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            data = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        cause = cause_of(error) if isinstance(error, OSError) and error.errno else str(error)
        raise refusal(say("{path} cannot be read: {cause}.", path=path, cause=cause)) from None
    if len(data) > limit:
        raise refusal(say("{path} has more than {limit:,} bytes.", path=path, limit=limit))
    return data
