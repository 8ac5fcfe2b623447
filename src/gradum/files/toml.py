"""TOML that anybody may have written: its length and the depth of its keys are bounded.

Python's parser goes through all beginnings of a dotted key: one of twenty thousand parts, in a file
of 40 kB, takes it a quarter of a minute and two gigabytes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from gradum.messages import say

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
