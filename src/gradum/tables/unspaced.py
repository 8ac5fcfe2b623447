"""Scripts that put no spaces between words: Chinese, Japanese, Thai and their neighbours."""

from __future__ import annotations

from typing import overload

import polars as pl

IDEOGRAPH = r"[\p{Han}\p{Hiragana}\p{Katakana}ー]"
SYLLABLE, MARK = r"[[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]&&\p{L}]", r"\p{M}"
LETTER = rf"{IDEOGRAPH}|{SYLLABLE}{MARK}*"
"""A letter of such a script, with its marks."""

LETTER_OF_PYTHON = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Such a letter, marks included, in the terms of Python's expressions, roughly: by its block."""

GAP = rf"(?:{LETTER})\s+(?:{LETTER})"
LEAST_SHARE = 0.2  # of a text's letters
LETTERS_PER_GAP = 8  # at least, if spaces divide phrases rather than words
LETTERS_PER_WORD = 2


def letters(texts: pl.Series) -> pl.Series:
    """Count the letters of such scripts in each text."""
    return texts.str.count_matches(LETTER)


def are_unspaced(texts: pl.Series) -> bool:
    """Whether a good part of texts is written without spaces between words."""
    unspaced = int(letters(texts).sum() or 0)
    if not unspaced:
        return False
    others = int(texts.str.count_matches(r"\p{L}").sum() or 0)
    gaps = int(texts.str.count_matches(GAP).sum() or 0)
    return unspaced >= LEAST_SHARE * others and gaps * LETTERS_PER_GAP <= unspaced


@overload
def spaced_out(texts: pl.Series) -> pl.Series: ...
@overload
def spaced_out(texts: pl.Expr) -> pl.Expr: ...
def spaced_out(texts: pl.Series | pl.Expr) -> pl.Series | pl.Expr:
    """Return texts with spaces around each letter of such a script, as if it were a word."""
    return texts.str.replace_all(f"({LETTER})", " ${1} ")
