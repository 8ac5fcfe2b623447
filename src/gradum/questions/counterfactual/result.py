"""The counterfactuals that were found, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from gradum.questions.counterfactual.costs import PricedAxis
from gradum.questions.counterfactual.limits import Limits


class ColumnChange(msgspec.Struct, frozen=True):
    """One column's change."""

    column: str
    before: Any = msgspec.field(name="from")
    after: Any = msgspec.field(name="to")
    """A number, text, bool or datetime. ``from`` and ``to`` in JSON."""
    cost: float
    """|after − before| / unit, or 1 for another level."""


class Counterfactual(msgspec.Struct, frozen=True):
    """Changes of a row that change its answer."""

    changes: tuple[ColumnChange, ...]
    """In the table's order of columns."""
    cost: float
    """The sum of the changes' costs."""
    output: Any
    """The answer of the changed row: a label or a number."""
    probability_before: float | None
    probability: float | None
    """The probability of that class, for the row as it is and for the changed row; None for
    numbers."""


class RowCounterfactuals(msgspec.Struct, frozen=True):
    """Changes that would have changed the answer for one row."""

    row: int
    """The row's number, from 1."""
    output: Any
    """The present answer: a label or a number."""
    counterfactuals: tuple[Counterfactual, ...]
    """The cheapest first."""
    complete: bool
    """Whether every possibly cheaper change of one or two columns was tried, on the grid of
    candidates."""
    without_limits: Counterfactual | None = None
    """If there is none within the limits: the cheapest of those that cross the fewest limits."""
    beyond_limits: tuple[str, ...] = ()
    """The columns that ``without_limits`` changes although they must not change, or not that
    way."""
    missing: tuple[str, ...] = ()
    """Columns without a value in this row, which stay missing."""


@dataclass(frozen=True)
class CounterfactualRows:
    """Changes that would have changed the answers for some rows."""

    rung: str
    """The rung that answers."""
    rows: tuple[RowCounterfactuals, ...]
    axes: dict[str, PricedAxis]
    """The columns in which a change has a size, with its unit."""
    limits: Limits
    background: int
    """The number of rows on which the units were measured."""
    wanted: Any
    """A label, a number or None. The answer to reach; None for any other class."""
    count: int
    """How many counterfactuals were asked for per row."""
