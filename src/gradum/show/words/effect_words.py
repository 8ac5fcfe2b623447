"""Effects of columns in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from gradum.margins import EQUAL, first_greatest, first_least
from gradum.messages import say, say_plural
from gradum.show.words.answer_words import answer_text
from gradum.study.explanation.effect import Effect
from gradum.study.explanation.effects import Effects
from gradum.study.explanation.scale import Scale
from gradum.tables.kinds.step import MISSING
from gradum.tables.wording import shortened, value_text

ANSWER_DIGITS = 3


def effect_title(found: Effects, effect: Effect, answer: int) -> str:
    """Say which column's effect on which answer is shown."""
    column = shortened(effect.column)
    if found.scale == "target":
        return say("Effect of {column} on {target}", column=column, target=shortened(found.target))
    label = repr(shortened(found.answers[answer]))
    if found.scale == "probability":
        return say("Effect of {column} on the probability of {label}", column=column, label=label)
    return say("Effect of {column} on the log-odds of {label}", column=column, label=label)


def mean_ends(found: Effects, effect: Effect, answer: int) -> tuple[str, str] | None:
    """Return the least and the greatest mean answer with their values; None if all are equal."""
    return _ends(found.scale, effect.grid.values, effect.dependence.values[:, answer])


def row_ends(found: Effects, effect: Effect, answer: int, row: int) -> tuple[str, str] | None:
    """Return the same ends for a given row's own answers."""
    extremes = effect.extremes(row)
    return _ends(found.scale, extremes.values, extremes.answers[:, answer])


def _ends(scale: Scale, values: pl.Series, curve: np.ndarray) -> tuple[str, str] | None:
    low, high = int(first_least(curve)), int(first_greatest(curve))
    if curve[high] - curve[low] <= EQUAL * np.abs(curve).max():
        return None
    least, greatest = (
        say(
            "{answer} at {value}",
            answer=answer_text(scale, curve[place], digits=ANSWER_DIGITS),
            value=value_or_missing(values[place]),
        )
        for place in (low, high)
    )
    return least, greatest


def reading(found: Effects) -> tuple[str, str]:
    """Say what partial dependence and accumulated local effects are."""
    return (
        say_plural(
            "Partial dependence is the answer for {count:,} background row when it is given the "
            "value.",
            "Partial dependence is the mean answer for {count:,} background rows when all of "
            "them are given the value; the 95% band is for the curve's shape.",
            found.background,
        ),
        say(
            "Accumulated local effects move each row only between values that similar rows have, "
            "which separates the effects of correlated columns; they are centred on the mean "
            "answer."
        ),
    )


def value_or_missing(value: Any) -> str:
    """Write a value of a column; the name for a missing value is never that of a level."""
    return MISSING if value is None else value_text(value)
