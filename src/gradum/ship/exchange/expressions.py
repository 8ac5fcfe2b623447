"""Expressions in brackets, as SMT-LIB and VNN-LIB write them, with the lines they begin on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gradum.errors import PropertyError
from gradum.messages import say

DEPTH_LIMIT = 64

_TOKEN = re.compile(r"(?P<line>\n)|(?P<blank>[^\S\n]+|;[^\n]*)|(?P<text>[()]|[^\s();]+)")


@dataclass(frozen=True, slots=True)
class Atom:
    """A word or a number."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Compound:
    """What stands between two brackets, the first of which is on this line."""

    parts: list[Atom | Compound]
    line: int

    @property
    def head(self) -> str:
        """The first word, empty where there is none."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Atom) else ""


Expression = Atom | Compound


def expressions(text: str) -> Iterator[Compound]:
    """Yield the outermost expressions of a text, in time linear in its length.

    A semicolon begins a comment, which ends with its line.

    Raises
    ------
    PropertyError
        Brackets do not match, something stands outside them, or they are nested deeper than
        ``DEPTH_LIMIT``. The message names the line.
    """
    unfinished: list[Compound] = []
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "line":
            line += 1
            continue
        if match.lastgroup == "blank":
            continue
        token = match["text"]
        if token == "(":
            if len(unfinished) == DEPTH_LIMIT:
                raise PropertyError(
                    say(
                        "Line {line}: brackets are nested deeper than {limit}.",
                        line=line,
                        limit=DEPTH_LIMIT,
                    )
                )
            unfinished.append(Compound([], line))
        elif not unfinished:
            raise PropertyError(say("Line {line}: a bracket should open here.", line=line))
        elif token == ")":
            bracket = unfinished.pop()
            if unfinished:
                unfinished[-1].parts.append(bracket)
            else:
                yield bracket
        else:
            unfinished[-1].parts.append(Atom(token, line))
    if unfinished:
        raise PropertyError(
            say("Line {line}: this bracket is never closed.", line=unfinished[-1].line)
        )
