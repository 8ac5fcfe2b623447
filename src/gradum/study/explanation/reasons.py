"""Reason codes: the columns that count most against the answer that somebody hoped for.

They go into letters to applicants. So a column is a reason only if its value φ exceeds its errors,
and rounding does not decide which of two equal columns comes first: it is the first in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.margins import falling
from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.scores.interval import NORMAL_95
from gradum.study.explanation.explain import Explanations
from gradum.study.explanation.game import Player
from gradum.study.explanation.shapley import Shapley
from gradum.tables.columns import Column, KindName, Label
from gradum.tables.counts import counted
from gradum.tables.wording import nearest

COUNT = 4
DIRECTIONS = {"high": 1.0, "low": -1.0}  # for numbers: which of them is favourable
ROUNDING = 1e-6  # as a share of an answer; less is no reason, and does not order reasons


@dataclass(frozen=True)
class Favourable:
    """The answer that somebody hopes for."""

    name: Label
    """A class, or ``high`` or ``low``."""
    sign: float
    """-1 where a low number is favourable, else 1."""


@dataclass(frozen=True)
class Value:
    """A row's value of a column, next to the common value."""

    column: str
    value: Any
    """None where it is missing."""
    common: Any
    """The median of the background rows' numbers or dates, or their most frequent level."""
    kind: KindName
    """The column's kind."""


@dataclass(frozen=True)
class Reason:
    """A column, or several that count as one, that counts against the favourable answer."""

    player: Player
    values: tuple[Value, ...]
    """The values of each of its columns."""
    contribution: float
    """φ, by how much it moves the answer, on the answer's scale: below 0, unless a low number is
    favourable."""
    error: float
    """The standard error of φ."""


def favourable_answer(fitted: Fitted, name: Label | None) -> Favourable:
    """Return the answer named by a label or its text, or for a number, by ``high`` or ``low``.

    Raises
    ------
    SpecError
        No answer is named, or there is no such answer.
    """
    possible = tuple(fitted.classes) or tuple(DIRECTIONS)
    labels = [str(label) for label in possible]
    remedy = nearest("" if name is None else str(name), labels, say("answers"))
    if name is None:
        raise SpecError(
            say("Reasons speak against a favourable answer, and none is named."),
            sentences([say("Name it with --favourable, in Python favourable=…."), remedy]),
        )
    for label in possible:
        if name in (label, str(label)):
            return Favourable(label, 1.0 if fitted.classes else DIRECTIONS[str(label)])
    raise SpecError(say("{name!r} is no answer of this model.", name=name), remedy)


def reasons_against(
    found: Explanations, fitted: Fitted, favourable: Favourable, count: int = COUNT
) -> tuple[tuple[Reason, ...], ...]:
    """Return at most ``count`` reasons for each row, the strongest first.

    A reason has -φ > 1.96 s.e., where the squared errors from drawing orders and from the
    background are added; with a single background row, the second is unknown and left out.

    Raises
    ------
    SpecError
        The count is not a number above 0.
    """
    if count < 1:
        raise SpecError("The number of reasons is {count}.", "Give a number above 0.", count=count)
    answer = answer_of(found, favourable)
    common = common_values(found.background_rows, fitted.schema.features)
    rows = []
    for place, part in enumerate(found.parts):
        values = found.values.row(place, named=True)
        rows.append(
            tuple(
                Reason(
                    found.players[i],
                    tuple(
                        Value(column, values[column], *common[column])
                        for column in found.players[i]
                    ),
                    float(part.values[i, answer]),
                    float(_errors(part, answer)[i]),
                )
                for i in _strongest(part, answer, favourable.sign)[:count]
            )
        )
    return tuple(rows)


def answer_of(found: Explanations, favourable: Favourable) -> int:
    """Return the position of the favourable class among the answers, or of the middle quantile."""
    if favourable.name in found.answers:
        return found.answers.index(favourable.name)
    return len(found.answers) // 2


def common_values(rows: pl.DataFrame, columns: Sequence[Column]) -> dict[str, tuple[Any, KindName]]:
    """Return each column's common value, a median or the most frequent value, and its kind.

    Of two middle dates the earlier counts; of equally frequent values, the first by name. It is
    None for texts, which all differ.
    """
    common: dict[str, tuple[Any, KindName]] = {}
    for column in columns:
        name, value = column.name, None
        kind = column.traits
        if kind.is_time:
            value = rows[name].quantile(0.5, "lower")  # there is no day between two days
        elif kind.lies_on_line:
            value = rows[name].median()
        elif kind.has_levels:
            counts = counted(rows[name])
            order = counts.sort("rows", "value", descending=[True, False], nulls_last=True)
            value = order["value"][0]
        common[name] = value, column.kind
    return common


def _strongest(part: Shapley, answer: int, sign: float) -> np.ndarray:
    """Return the players that count against an answer beyond their errors, the strongest first."""
    against = -sign * part.values[:, answer]
    size = max(abs(float(part.output[answer])), abs(float(part.base[answer])))
    beyond = against > np.maximum(NORMAL_95 * _errors(part, answer), ROUNDING * size)
    order = falling(against, equal=ROUNDING)
    return order[beyond[order]]


def _errors(part: Shapley, answer: int) -> np.ndarray:
    background = np.nan_to_num(part.background_error[:, answer])
    return np.hypot(part.sampling_error[:, answer], background)
