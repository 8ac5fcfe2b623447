"""Rows learned from that matter to a row: those most like it, and those that push its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from gradum.api.asked_rows import asked_rows
from gradum.api.learned_rows import learned_rows
from gradum.errors import SpecError
from gradum.forks import refuse_after_fork
from gradum.messages import say

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.alike import AlikeRows
    from gradum.show.influence import InfluentialRows


def alike(
    self: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 5,
    rung: str | None = None,
) -> AlikeRows:
    """Find the rows learned from that the model takes to be most like a given row.

    Rows are alike if the last layer treats them alike; see `gradum.study.explanation.alike`. The
    run's table is read again, if the model was loaded.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        A table with the row; if left out, a loaded run's own table, and the row itself is then not
        counted as like it.
    row : int, optional
        Its number, from 1; to be left out if the table has one row.
    count : int
        How many to find.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    AlikeRows
        It displays itself; ``frame`` has one line per row with its target, the model's answer, and
        how near it is; ``values`` has the columns of these rows.

    Raises
    ------
    SpecError
        There is no such row or rung, or the rows learned from are not kept.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.show.alike import AlikeRows
    from gradum.study.explanation.alike import alike

    rows = learned_rows(self, rung)
    asked, number = _row(self, data, row)
    if data is None:  # a row of the run's own table would be most like itself
        rows = rows.without(number)
    return AlikeRows(alike(rows, asked, number=number, count=count), self.fitted)


def influence(
    self: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 10,
    rung: str | None = None,
) -> InfluentialRows:
    """Find the rows learned from that push an answer, or answers on the whole, most.

    A row's push is the answer minus what it would be if the last layer were refitted without the
    row, with everything before that layer held fixed: exact for least squares, one Newton step for
    other losses; see `gradum.study.explanation.influence`.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        A table with the row in question; a loaded run's own table if left out.
    row : int, optional
        Its number, from 1. Without table and row, the question is about up to 200 of the rows
        learned from.
    count : int
        How many to find.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    InfluentialRows
        It displays itself; ``frame`` has one line per row with its target and its push.

    Raises
    ------
    SpecError
        There is no such row or rung, the rows learned from are not kept, or the rung's loss has no
        curvature.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.show.influence import InfluentialRows
    from gradum.study.explanation.influence import influence

    rows = learned_rows(self, rung)
    asked = number = None
    if data is not None or row is not None:
        asked, number = _row(self, data, row)
    return InfluentialRows(influence(rows, asked, number=number, count=count), self.fitted)


def _row(model: Model, data: Any, row: int | None) -> tuple[pl.DataFrame, int]:
    """Return the features of one row of a table, and its number."""
    frame, numbers = asked_rows(model, data, None if row is None else [row])
    if len(frame) != 1:
        raise SpecError(
            say("The table has {count:,} rows.", count=len(frame)),
            say("Say which with row, a number from 1."),
        )
    return frame, int(numbers[0])
