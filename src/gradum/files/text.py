"""Texts that people write and edit, such as TOML: in UTF-8, with or without a byte order mark."""

from __future__ import annotations

import os
from pathlib import Path

from gradum.errors import GradumError
from gradum.files.atomic import cause_of
from gradum.messages import say

LARGEST = 2**20
"""Bytes of a text: far more than anybody writes by hand."""


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
