"""Counterfactuals that were found, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from gradum.study.explanation.counterfactual.costs import PricedAxis
from gradum.study.explanation.counterfactual.limits import Limits


class ColumnChange(msgspec.Struct, frozen=True):
    """One column's change.

    Parameters
    ----------
    column : str
    before, after : number, str, bool or datetime
        ``from`` and ``to`` in JSON.
    cost : float
        |after − before| / unit, or 1 for another level.
    """

    column: str
    before: Any = msgspec.field(name="from")
    after: Any = msgspec.field(name="to")
    cost: float


class Counterfactual(msgspec.Struct, frozen=True):
    """Changes of a row that change its answer.

    Parameters
    ----------
    changes : tuple of ColumnChange
        In the table's order of columns.
    cost : float
        The sum of theirs.
    output : label or float
        The answer of the changed row.
    probability_before, probability : float or None
        Of that class, for the row as it is and for the changed one; None for numbers.
    """

    changes: tuple[ColumnChange, ...]
    cost: float
    output: Any
    probability_before: float | None
    probability: float | None


class RowCounterfactuals(msgspec.Struct, frozen=True):
    """What would have changed the answer for one row.

    Parameters
    ----------
    row : int
        Its number, from 1.
    output : label or float
        The answer as it is.
    counterfactuals : tuple of Counterfactual
        The cheapest first.
    complete : bool
        Whether every change of one column or two that could be cheaper was tried, on the grid of
        candidates.
    without_limits : Counterfactual or None
        Where there is none within the limits: the cheapest of those that cross the fewest.
    beyond_limits : tuple of str
        The columns that this one changes although they may not, or the other way than they may.
    missing : tuple of str
        Columns without a value in this row, which stay so.
    """

    row: int
    output: Any
    counterfactuals: tuple[Counterfactual, ...]
    complete: bool
    without_limits: Counterfactual | None = None
    beyond_limits: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class CounterfactualRows:
    """What would have changed the answers for some rows.

    Parameters
    ----------
    rung : str
        The rung that answers.
    rows : tuple of RowCounterfactuals
    axes : dict of str to PricedAxis
        The columns in which a change has a size, and its unit.
    limits : Limits
    background : int
        Rows that the units were measured on.
    wanted : label, float or None
        What is to be reached; None for any other class.
    count : int
        How many were asked for, for each row.
    """

    rung: str
    rows: tuple[RowCounterfactuals, ...]
    axes: dict[str, PricedAxis]
    limits: Limits
    background: int
    wanted: Any
    count: int
