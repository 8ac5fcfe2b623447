r"""The rule of what a word is, with every class of characters written out.

Programs differ in what they call a letter: in RE2, `\w` is ASCII, and each knows another version of
Unicode. Written out, the rule means the same to all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl

from gradum.tables.kinds.text.step import APOSTROPHES
from gradum.tables.unspaced import IDEOGRAPH, MARK, SYLLABLE

SURROGATES = range(0xD800, 0xE000)  # no characters
END = 0x110000


@cache
def word_pattern(*, letters: bool) -> str:
    """Return a regular expression of one word in lower-cased texts, without names of classes.

    With ``letters``, each letter of a script without spaces is a word, as it is after `spaced_out`.
    """
    classes = (r"\w", IDEOGRAPH, SYLLABLE, MARK) if letters else (r"\w",)
    word, *others = _members(classes)
    if not letters:
        return _run(word)
    alone, marked, marks = others
    syllable = f"{_written(marked)}{_written(marks)}*"
    return f"{_written(alone & word)}|{syllable}|{_run(word & ~alone & ~marked)}"


def _run(members: np.ndarray) -> str:
    one = _written(members)
    return f"{one}+(?:{APOSTROPHES}{one}+)*"


def _members(classes: Sequence[str]) -> np.ndarray:
    """Return which code points are in each class (c, m)."""
    points = np.concatenate([np.arange(SURROGATES.start), np.arange(SURROGATES.stop, END)])
    characters = pl.Series([chr(point) for point in points])
    found = np.zeros((len(classes), END), bool)
    for members, pattern in zip(found, classes, strict=True):
        members[points] = characters.str.contains(pattern)
    return found


def _written(members: np.ndarray) -> str:
    """Return a class of characters as the ranges that it consists of."""
    edges = np.flatnonzero(np.diff(members.astype(np.int8), prepend=0, append=0))
    pairs = edges.reshape(-1, 2) - [0, 1]
    return f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in pairs)}]"
