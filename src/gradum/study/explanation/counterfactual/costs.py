"""Costs of changes of one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.explanation.counterfactual.priced_axis import PricedAxis
from gradum.tables.kinds.axis import place_of


@dataclass(frozen=True)
class Costs:
    """What changes of one row cost: moves in units of their columns, another level 1.

    Parameters
    ----------
    row : dict
        Its own values by column.
    axes : dict
        The columns in which a change has a size.
    limits : Limits
    toll : float
        Added for each change beyond the limits, where these may be crossed: if it exceeds every
        sum of changes, as few limits are crossed as can be.
    """

    row: Mapping[str, Any]
    axes: Mapping[str, PricedAxis]
    limits: Limits
    toll: float = 0.0

    def of(self, column: str, value: Any) -> float:
        """Return the cost of one change, without the toll."""
        if column not in self.axes:
            return 1.0
        return float(self.axes[column].cost(place_of(self.row[column]), place_of(value)))

    def with_toll(self, column: str, value: Any) -> float:
        """Return the cost of one change."""
        allowed = self.limits.allow(column, self.row[column], value)
        return self.of(column, value) + (0.0 if allowed else self.toll)

    def together(self, changed: Mapping[str, Any]) -> float:
        """Return the cost of several, by their new values."""
        return sum(self.with_toll(column, value) for column, value in changed.items())

    def beyond_limits(self, changed: Mapping[str, Any]) -> tuple[str, ...]:
        """Return which of several columns change beyond the limits."""
        return tuple(
            column
            for column, value in changed.items()
            if not self.limits.allow(column, self.row[column], value)
        )
