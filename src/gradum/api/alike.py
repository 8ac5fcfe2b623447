"""Rows learned from that matter to a row: those most like it, and those that push its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from gradum.api.explanation import asked_rows
from gradum.api.learned_rows import learned_rows
from gradum.errors import SpecError
from gradum.messages import say
from gradum.show.alike import AlikeRows
from gradum.show.influence import InfluentialRows
from gradum.study.explanation.alike import alike
from gradum.study.explanation.influence import influence

if TYPE_CHECKING:
    from gradum.api.model import Model


def alike_model(
    model: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 5,
    rung: str | None = None,
) -> AlikeRows:
    """Find the rows learned from that are like a row; see `Model.alike`."""
    rows = learned_rows(model, rung)
    asked, number = _row(model, data, row)
    if data is None:  # a row of the run's own table is most like itself
        rows = rows.without(number)
    return AlikeRows(alike(rows, asked, number=number, count=count), model.fitted)


def influence_model(
    model: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 10,
    rung: str | None = None,
) -> InfluentialRows:
    """Find the rows learned from that push an answer most; see `Model.influence`."""
    rows = learned_rows(model, rung)
    asked = number = None
    if data is not None or row is not None:
        asked, number = _row(model, data, row)
    return InfluentialRows(influence(rows, asked, number=number, count=count), model.fitted)


def _row(model: Model, data: Any, row: int | None) -> tuple[pl.DataFrame, int]:
    """Return the features of one row of a table, and its number."""
    frame, numbers = asked_rows(model, data, None if row is None else [row])
    if len(frame) != 1:
        raise SpecError(
            say("The table has {count:,} rows.", count=len(frame)),
            say("Say which with row, a number from 1."),
        )
    return frame, int(numbers[0])
