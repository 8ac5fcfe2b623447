"""The explanation of one answer for one row: a class, or its number."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from gradum.margins import falling, first_greatest
from gradum.messages import listed, say
from gradum.study.explanation.explain import Explanations
from gradum.study.explanation.game import Player
from gradum.study.explanation.scale import Scale
from gradum.tables.wording import quoted_text

MOST_VALUES = 3  # of columns that count as one


class Contribution(msgspec.Struct, frozen=True):
    """What one column, or several that count as one, adds to the answer.

    Parameters
    ----------
    column : str
    value : str
        The row's, as text; empty where more than `MOST_VALUES` columns count as one.
    contribution : float
        φ.
    error : float or None
        Its standard error; None where it is unknown.
    """

    column: str
    value: str
    contribution: float
    error: float | None


class RowExplanation(msgspec.Struct, frozen=True):
    """How one answer comes about: base + Σ contributions = output.

    Parameters
    ----------
    row : int
        Its number in the table, from 1.
    answer : str or None
        The class, or the quantile, that all numbers are of; None for a number.
    scale : str
        ``target``, ``probability`` or ``log-odds``.
    output, base : float
        The answer, and the mean answer over the background rows.
    contributions : tuple of Contribution
        By falling size.
    """

    row: int
    answer: str | None
    scale: Scale
    output: float
    base: float
    contributions: tuple[Contribution, ...]


def row_explanation(found: Explanations, place: int, answer: int | None = None) -> RowExplanation:
    """Return the explanation of the row at a place among those that were explained.

    ``answer`` is the place of the class that it is of; left out, of the likeliest, or of the middle
    one of quantiles.
    """
    part = found.parts[place]
    if answer is None:
        numbers = found.scale == "target"
        answer = len(found.answers) // 2 if numbers else int(first_greatest(part.output[None])[0])
    values, errors = part.values[:, answer], part.error[:, answer]
    label = found.answers[answer]
    return RowExplanation(
        int(found.rows[place]),
        None if label is None else str(label),
        found.scale,
        float(part.output[answer]),
        float(part.base[answer]),
        tuple(
            Contribution(
                found.names[i],
                _values_of(found, place, found.players[i]),
                float(values[i]),
                None if np.isnan(errors[i]) else float(errors[i]),
            )
            for i in falling(np.abs(values))
        ),
    )


def _values_of(found: Explanations, place: int, player: Player) -> str:
    if len(player) > MOST_VALUES:
        return ""
    return listed([value_words(found.values[place, column]) for column in player])


def value_words(value: Any) -> str:
    """Write a value of a table as it stands in a sentence, a text in quotes."""
    if value is None:
        return say("missing")
    return quoted_text(value)
