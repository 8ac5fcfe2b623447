"""Untrusted files, read within bounds: UTF-8 text, TOML, and files packed by gzip.

Python's TOML parser goes through all prefixes of a dotted key: a key of twenty thousand parts, in a
file of 40 kB, takes it a quarter of a minute and two gigabytes.
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
"""The most bytes of a text, far more than anybody writes by hand."""

DEEPEST = 20
"""The most parts of a dotted key."""
LONGEST = 2**22
"""The most bytes of a file that gradum writes, enough for the hashes of 27,000 files."""

# A string, up to its end, or a comment: what cannot be a dotted key is skipped.
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
        What the user can do if there is no such file, or if it is the wrong one.

    Raises
    ------
    GradumError
        This has the type ``error``: the file cannot be read, is too long, or is not UTF-8; the
        message names the path, and the line that is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as refused:  # a name may contain a null byte
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
    """Return the content of a TOML text.

    Raises
    ------
    ValueError or RecursionError
        The text is not TOML, not of this kind, or nested too deeply; the message says which.
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
        The most bytes of the content.
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
