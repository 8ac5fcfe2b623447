"""A row's text with its words marked by what they add to the answer, and the sentence on them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradum.margins import falling
from gradum.messages import listed, say
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95
from gradum.show.words.answer_words import answer_text
from gradum.show.words.explanation_words import ROUNDING, with_error
from gradum.show.words.visible import visible
from gradum.study.explanation.scale import Scale
from gradum.study.explanation.tiles import TileValues
from gradum.tables.wording import shortened

MOST_NAMED = 3  # words that raise the answer, and that lower it, in the sentence
LEAST_NAMED = 0.1  # of what the strongest word adds
DARKEST = 0.85  # the opacity of the word that adds most


@dataclass(frozen=True)
class MarkedWord:
    """A word, or a run of words, of a text: its colour and what it adds."""

    text: str
    up: bool
    opacity: float
    words: str


@dataclass(frozen=True)
class MarkedText:
    """A text whose words are marked, and all that replaces colours where they are not seen."""

    title: str
    marked: tuple[MarkedWord, ...]
    description: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The numbers of every word, as text."""


def where_in_text(found: TileValues, answer: int, scale: Scale) -> str:
    """Say what the answer is without the words, and which of them make the difference."""
    base, output = (float(end[answer]) for end in (found.shapley.base, found.shapley.output))
    without = say(
        "Without the words of {column!r}, the answer is {base} instead of {output}",
        column=found.column,
        base=answer_text(scale, base),
        output=answer_text(scale, output),
    )
    values, known = _clear(found, answer)
    if np.abs(values).sum() <= ROUNDING * max(abs(output), abs(base)) or not known.any():
        return visible(
            say("{without}; no word by itself makes a clear difference.", without=without)
        )
    raised, lowered = (_named(found, sign * np.where(known, values, 0.0)) for sign in (1, -1))
    if raised and lowered:
        said = say(
            "{without}; it is raised most by {raised} and lowered most by {lowered}.",
            without=without,
            raised=raised,
            lowered=lowered,
        )
    elif raised:
        said = say("{without}; it is raised most by {raised}.", without=without, raised=raised)
    else:
        said = say("{without}; it is lowered most by {lowered}.", without=without, lowered=lowered)
    return visible(said)


def marked_text(found: TileValues, answer: int, scale: Scale, name: str) -> MarkedText:
    """Mark the words of a text by what they add to one answer, of this name.

    A word has a colour if what it adds is more than the half-width of its 95% interval.
    """
    values, known = _clear(found, answer)
    errors = found.shapley.error[:, answer]
    largest = max(float(np.abs(values).max()), np.finfo(float).tiny)
    adds = [
        with_error(value, None if np.isnan(error) else error)
        for value, error in zip(values.tolist(), errors.tolist(), strict=True)
    ]
    opacity = np.where(known, DARKEST * np.abs(values) / largest, 0.0)
    texts = _texts(found)
    marked = tuple(
        MarkedWord(visible(text), bool(value > 0), round(float(strength), 3), word)
        for text, value, strength, word in zip(texts, values, opacity, adds, strict=True)
    )
    caption = say(
        "Orange words raise the answer, blue ones lower it; the strongest colour stands for "
        "{largest}. Words without a colour are not told apart from 0.",
        largest=figure(largest, digits=2),
    )
    lost = found.occlusion[:, answer].tolist()
    order = falling(np.abs(values))
    rows = tuple((texts[at].strip(), adds[at], with_error(lost[at], None)) for at in order)
    header = (say("word"), say("adds"), say("the answer loses without it"))
    return MarkedText(name, marked, where_in_text(found, answer, scale), caption, header, rows)


def _clear(found: TileValues, answer: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what each word adds, and whether it is clearly not 0."""
    values, errors = found.shapley.values[:, answer], found.shapley.error[:, answer]
    return values, np.abs(values) > NORMAL_95 * np.nan_to_num(errors)


def _texts(found: TileValues) -> list[str]:
    words = found.grid[0, :, 0]
    return ["".join(words[begin:end]) for begin, end in pairwise(found.columns)]


def _named(found: TileValues, values: np.ndarray) -> str:
    """Name the words of the greatest values above 0."""
    texts, order = _texts(found), falling(values)[:MOST_NAMED]
    named = [texts[at] for at in order if values[at] > LEAST_NAMED * np.abs(values).max()]
    return listed([repr(shortened(text.strip(" ,.;:!?\n"))) for text in named], "and")
