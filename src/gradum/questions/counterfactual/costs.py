"""Costs of changes of one row: the unit of each column, the columns with an axis, and the sum.

A move costs |Δ| / unit, where the unit is the column's median absolute deviation; another level
costs 1 (S. Wachter and others, Counterfactual explanations without opening the black box, 2017).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl

from gradum.questions.counterfactual.limits import Limits
from gradum.run.fitted import Fitted
from gradum.tables.kinds.axis import Axis, place_of

DIGITS = 4  # significant digits of a move, as fine as anyone needs

Measure = Literal["median", "mean", "range", "one"]


@dataclass(frozen=True)
class Costs:
    """Costs of changes of one row: moves in units of their columns, and 1 for another level."""

    row: Mapping[str, Any]
    """The row's own values by column."""
    axes: Mapping[str, PricedAxis]
    """The columns in which a change has a size."""
    limits: Limits
    toll: float = 0.0
    """Added for each change beyond the limits, where these may be crossed. If it exceeds every sum
    of changes, as few limits as possible are crossed."""

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
        """Return the cost of several changes, given their new values."""
        return sum(self.with_toll(column, value) for column, value in changed.items())

    def beyond_limits(self, changed: Mapping[str, Any]) -> tuple[str, ...]:
        """Return which of several columns change beyond the limits."""
        return tuple(
            column
            for column, value in changed.items()
            if not self.limits.allow(column, self.row[column], value)
        )


@dataclass(frozen=True)
class PricedAxis:
    """A column's axis, and the cost of moves along it."""

    axis: Axis
    unit: Unit
    """The unit of the moves."""
    seen: np.ndarray
    """Positions of background rows on the axis, each once, rising."""

    @classmethod
    def of(cls, axis: Axis, background: pl.Series) -> PricedAxis:
        """Measure a column on background rows."""
        seen = np.array([place_of(value) for value in background.drop_nulls()], np.float64)
        return cls(axis, unit_of(seen, axis.low, axis.high), np.unique(seen))

    def value(self, place: float) -> Any:
        """Return the number, or the date and time, at a position."""
        return self.axis.value(place)

    def cost(self, start: float, place: Any) -> Any:
        """Return the cost of a move to one position or to several."""
        return np.abs(place - start) / self.unit.size

    @property
    def step_cost(self) -> float:
        """Return the cost of the smallest move; 0 where there is none."""
        decimals = self.axis.decimals
        return 0.0 if decimals is None else 10.0**-decimals / self.unit.size

    def grid(self, start: float, most: int) -> np.ndarray:
        """Return about ``most`` possible values within the range, rising.

        If the range has no more possible values, all of them are returned; otherwise the values of
        background rows at evenly spaced ranks, and the ends of the range.
        """
        low, high, decimals = self.axis.low, self.axis.high, self.axis.decimals
        count = math.inf if decimals is None else (high - low) * 10.0**decimals
        if count <= most:
            inner = self._between(low, high, start, decimals or 0, most)
        else:
            inner = self.seen[(self.seen > low) & (self.seen < high)]
            ranks = np.linspace(0, len(inner) - 1, min(most, len(inner)))
            inner = inner[np.round(ranks).astype(int)]
        places = np.concatenate([inner, [low, high]])
        if self.axis.dates:
            places = start + np.trunc(places - start)
            places = places[(places >= low) & (places <= high)]
        places = np.unique(places[~np.isin(places, self.axis.never)])
        return places[places != start]

    def within(self, start: float, reach: float, most: int) -> np.ndarray:
        """Return about ``most`` evenly spaced positions in the range that cost at most ``reach``.

        They are possible values, equally many on either side of ``start``, and the ends of the
        range.
        """
        low, high, far = self.axis.low, self.axis.high, reach * self.unit.size
        ends = (max(low, start - far), min(high, start + far))
        sides = [self.between(start, end, start, most // 2) for end in ends if end != start]
        if not self.axis.dates:
            sides.append(np.array([end for end in (low, high) if end in ends]))
        places = np.unique(np.concatenate([np.zeros(0), *sides]))
        places = places[(places >= low) & (places <= high) & ~np.isin(places, self.axis.never)]
        return places[places != start]

    def between(self, near: float, far: float, start: float, most: int) -> np.ndarray:
        """Return at most ``most`` possible values strictly between two, those near ``near`` first.

        Their moves from ``start`` have up to `DIGITS` significant digits.
        """
        decimals = DIGITS - 1 - math.floor(math.log10(abs(far - start)))
        if self.axis.decimals is not None:
            decimals = min(self.axis.decimals, decimals)
        low, high = min(near, far), max(near, far)
        places = self._between(low, high, start, 0 if self.axis.dates else decimals, most)
        places = places[~np.isin(places, self.axis.never)]
        return places if near < far else places[::-1]

    def _between(
        self, low: float, high: float, start: float, decimals: int, most: int
    ) -> np.ndarray:
        """Return multiples of 10^-decimals between two positions; dates by whole days."""
        origin = start if self.axis.dates else 0.0
        scale = 10.0**decimals
        first = math.floor((low - origin) * scale)
        last = math.ceil((high - origin) * scale)
        inside = last - first - 1
        if inside < 1:
            return np.zeros(0)
        steps = first + 1 + np.unique(np.round(np.linspace(0, inside - 1, min(most, inside))))
        places = origin + (steps / scale if decimals > 0 else steps * 10.0**-decimals)
        return places[(places > low) & (places < high)]


def priced_axes(fitted: Fitted, background: pl.DataFrame) -> dict[str, PricedAxis]:
    """Return the axis of every column that has one, with moves priced by background rows."""
    axes = fitted.encoder.axes(fitted.schema.features)
    return {name: PricedAxis.of(axis, background[name]) for name, axis in axes.items()}


class Unit(msgspec.Struct, frozen=True):
    """The unit of a column: a move of this size costs 1."""

    size: float
    """Above 0, in the column's own unit; days for dates."""
    measure: Measure
    """How the size was measured: the median or the mean of the absolute deviations from the median,
    the range of the column, or 1 if none of these is usable."""


def unit_of(values: np.ndarray, low: float, high: float) -> Unit:
    """Return a column's unit: the first of the following that is not 0.

    The median of |x − median x|, provided that no more than half of the values are equal; the mean
    of |x − median x|; the range of the rows that were learned from; 1.

    Parameters
    ----------
    values : ndarray (n,)
        x, the values of background rows without missing ones.
    low, high : float
        The range.
    """
    distances = np.abs(values - np.median(values)) if len(values) else np.zeros(1)
    measures: tuple[tuple[Measure, float], ...] = (
        ("median", float(np.median(distances))),
        ("mean", float(np.mean(distances))),
        ("range", high - low),
    )
    for measure, size in measures:
        if size > 0:
            return Unit(size, measure)
    return Unit(1.0, "one")
