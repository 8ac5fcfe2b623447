"""Free text: sentences, read as words rather than as levels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.tables.kinds.kind import Kind, NumericScale, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.raw import Raw, Tokens
from gradum.tables.kinds.step import MISSING, Step
from gradum.tables.kinds.text.character_ngrams import LONGEST
from gradum.tables.kinds.text.step import APOSTROPHES, Text
from gradum.tables.kinds.text.step import WORD as WORD_OF_ANY
from gradum.tables.kinds.values import Values, clean, markers_of
from gradum.tables.unspaced import (
    IDEOGRAPH,
    LETTERS_PER_WORD,
    MARK,
    SYLLABLE,
    are_unspaced,
    letters,
    spaced_out,
)
from gradum.tables.wording import number

if TYPE_CHECKING:
    from gradum.tables.columns import Column

FEWEST_WORDS = 3.0  # a value, on average
LEAST_DISTINCT = 0.3  # of the rows that have a value
MANY_DISTINCT = 1000
SAMPLE = 2000
CHARACTERS = Tokens(r"[\s\S]", joint="", longest=LONGEST, padding=" ")
WORD = r"\p{L}[\p{L}'’-]*"  # "1 234 567" has no words
SURROGATES = range(0xD800, 0xE000)  # no characters
END = 0x110000


class TextKind(Kind):
    """Sentences; strings, null where missing."""

    name, turn = "text", 4
    step = Text
    raw_type = "text"
    sayable = holds_words = may_be_numbers = has_scale = True

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if values have several words and seldom repeat."""
        if not values.is_text or not values.present or values.plain_numbers:
            return None
        if values.distinct <= LEAST_DISTINCT * values.present and values.distinct <= MANY_DISTINCT:
            return None
        words = _mean_words(values)
        return _reading(values, words) if words >= FEWEST_WORDS else None

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column that the user says is text."""
        return _reading(values, _mean_words(values))

    def scale(self, values: pl.Series) -> NumericScale:
        """Return how many words each text has."""
        words = values.str.count_matches(WORD_OF_ANY).cast(pl.Float64).to_numpy()
        return NumericScale(words, number, _of_words)

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Count words and n-grams; a missing text has none."""
        assert isinstance(step, Text)
        gone = raw.looked_up(dict.fromkeys((MISSING, *markers_of(column.parse)), 1), 0) > 0
        words = Tokens(word_pattern(letters=step.letters))
        counts = np.where(gone, np.float32(0), raw.tokens(words, step.ngrams))
        weights = [step.words.weights_of(counts[:, 1:])] if step.ngrams else []
        if (characters := step.characters) is not None:
            found = np.where(gone, np.float32(0), raw.tokens(CHARACTERS, characters.ngrams))
            weights.append(characters.weights_of(found[:, 1:]))
        return {"dense": step.dense_numbers(counts[:, :1], gone), "sparse": weights}

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the column as stripped strings."""
        return clean(raw, how)


def _of_words(numbers: str) -> str:
    return say("1 word") if numbers == "1" else say("{numbers} words", numbers=numbers)


def _mean_words(values: Values) -> float:
    sample = values.levels["level"].head(SAMPLE)
    if not are_unspaced(sample):
        return float(sample.str.count_matches(WORD).mean() or 0.0)  # type: ignore[arg-type]
    words = spaced_out(sample).str.count_matches(WORD) - letters(sample)
    words = words.cast(pl.Float64) + letters(sample) / LETTERS_PER_WORD
    return float(words.mean() or 0.0)  # type: ignore[arg-type]


def _reading(values: Values, words: float) -> Reading:
    reason = say(
        "Text of {words} words on average, {distinct:,} different",
        words=number(round(words, 1)),
        distinct=values.distinct,
    )
    return Reading("text", reason, Parse(missing=tuple(values.markers)))


@cache
def word_pattern(*, letters: bool) -> str:
    r"""Return a regular expression of one word in lower-cased texts, without names of classes.

    Programs differ in what they call a letter: in RE2, `\w` is ASCII, and each knows another
    version of Unicode. With every class of characters written out, the rule means the same to all.

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
