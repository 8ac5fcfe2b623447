"""Counterfactuals of a row, training rows that are alike, and training rows of influence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.forks import refuse_after_fork

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.alike import AlikeRows
    from gradum.show.counterfactual import Counterfactuals
    from gradum.show.influence import InfluentialRows


def counterfactuals(
    self: Model,
    data: Any = None,
    *,
    rows: int | Sequence[int],
    frozen: str | Sequence[str] = (),
    upward: str | Sequence[str] = (),
    downward: str | Sequence[str] = (),
    towards: Any = None,
    count: int = 3,
    background: Any = None,
    rung: str | None = None,
) -> Counterfactuals:
    """Say what would have changed an answer: the least changes of a row that do.

    The answer is the one of `predict`, which each change is replayed through. A change costs
    Σ |Δ| / (median absolute deviation) over numbers and dates, and 1 for each other level.
    Numbers stay within the range that was learned and keep their decimals, dates move by whole
    days, levels are known ones; what is missing stays so, and texts are not changed. Changes of
    one column and of two are all tried, on a grid, and then refined; more columns by a beam.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        The table of the rows; a loaded run's own if left out.
    rows : int or sequence of int
        Numbers of rows, from 1.
    frozen : str or sequence of str
        Columns that may not change.
    upward, downward : str or sequence of str
        Numbers that may only rise, or only fall; dates that may only become later, or earlier.
    towards : label or float, optional
        The class to reach; any other if left out. A number has to be given: at least it where
        it is above the present answer, at most it where it is below.
    count : int
        How many for each row, each changing other columns.
    background : path or data frame, optional
        Rows that the deviations are measured on; those that the run keeps if left out.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    Counterfactuals
        They show themselves; ``frame`` has one line a changed column.

    Raises
    ------
    SpecError
        There is no such row, column, class or rung, a column has two limits, the answer is
        what is to be reached already, or there are no background rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.api.counterfactual import counterfactuals_of_model

    return counterfactuals_of_model(
        self,
        data,
        rows=rows,
        frozen=frozen,
        upward=upward,
        downward=downward,
        towards=towards,
        count=count,
        background=background,
        rung=rung,
    )


def alike(
    self: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 5,
    rung: str | None = None,
) -> AlikeRows:
    """Find the rows that the model learned from and takes to be most like a row.

    Rows are alike if the last layer makes the same of them; see
    `gradum.study.explanation.alike`. The run's table is read again, if the model was loaded.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        A table with the row; a loaded run's own table if left out, and then the row itself is
        none of those like it.
    row : int, optional
        Its number, from 1; to be left out of a table of one row.
    count : int
        How many to find.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    AlikeRows
        It shows itself; ``frame`` has one line a row with its target, what the model says of
        it, and how near it is; ``values`` has their columns.

    Raises
    ------
    SpecError
        There is no such row or rung, or the rows learned from are not kept.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.api.alike import alike_model

    return alike_model(self, data, row=row, count=count, rung=rung)


def influence(
    self: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 10,
    rung: str | None = None,
) -> InfluentialRows:
    """Find the rows learned from that push an answer, or answers on the whole, most.

    A row's push is the answer less what it would be if the last layer had been refitted
    without the row, all before it held: exact for least squares, one Newton step for other
    losses; see `gradum.study.explanation.influence`.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        A table with the row asked about; a loaded run's own table if left out.
    row : int, optional
        Its number, from 1. With no table and no row, up to 200 of the rows learned from are
        asked about.
    count : int
        How many to find.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    InfluentialRows
        It shows itself; ``frame`` has one line a row with its target and its push.

    Raises
    ------
    SpecError
        There is no such row or rung, the rows learned from are not kept, or the rung learned
        by a loss without curvature.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.api.alike import influence_model

    return influence_model(self, data, row=row, count=count, rung=rung)
