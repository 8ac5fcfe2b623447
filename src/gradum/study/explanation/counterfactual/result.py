"""The counterfactuals that were found, as plain values."""

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
        The sum of the changes' costs.
    output : label or float
        The answer of the changed row.
    probability_before, probability : float or None
        The probability of that class, for the row as it is and for the changed row; None for
        numbers.
    """

    changes: tuple[ColumnChange, ...]
    cost: float
    output: Any
    probability_before: float | None
    probability: float | None


class RowCounterfactuals(msgspec.Struct, frozen=True):
    """Changes that would have changed the answer for one row.

    Parameters
    ----------
    row : int
        The row's number, from 1.
    output : label or float
        The present answer.
    counterfactuals : tuple of Counterfactual
        The cheapest first.
    complete : bool
        Whether every possibly cheaper change of one or two columns was tried, on the grid of
        candidates.
    without_limits : Counterfactual or None
        If there is none within the limits: the cheapest of those that cross the fewest limits.
    beyond_limits : tuple of str
        The columns that ``without_limits`` changes although they must not change, or not that way.
    missing : tuple of str
        Columns without a value in this row, which stay missing.
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
    """Changes that would have changed the answers for some rows.

    Parameters
    ----------
    rung : str
        The rung that answers.
    axes : dict of str to PricedAxis
        The columns in which a change has a size, with its unit.
    background : int
        The number of rows on which the units were measured.
    wanted : label, float or None
        The answer to reach; None for any other class.
    count : int
        How many counterfactuals were asked for per row.
    """

    rung: str
    rows: tuple[RowCounterfactuals, ...]
    axes: dict[str, PricedAxis]
    limits: Limits
    background: int
    wanted: Any
    count: int
