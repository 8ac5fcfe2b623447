"""Columns whose values lie on a line, numbers and dates, and the values they may move to.

A place on the line is the number itself, or the days since 1970-01-01. A number has as many
decimals as its column is written with, so whole numbers stay whole; a date moves by whole days.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.study.explanation.counterfactual.unit import Unit, unit_of
from gradum.tables.columns import Column
from gradum.tables.encoders import Date, Numeric
from gradum.tables.encoders.date import EPOCH, MICROSECONDS_PER_DAY
from gradum.tables.kinds.numeric import listed_numbers

MOST_DECIMALS = 6
DIGITS = 4  # of a move: so many significant ones are as fine as anybody asks for


@dataclass(frozen=True)
class Axis:
    """Where the values of a column lie.

    Parameters
    ----------
    low, high : float
        The range that was learned.
    unit : Unit
    seen : ndarray
        Places of background rows, each once, rising.
    decimals : int or None
        Of the column's numbers; None where they have more than `MOST_DECIMALS`.
    dates : bool
        Whether places are days, and moves of whole ones.
    never : tuple of float
        Numbers that stand for a missing value.
    """

    low: float
    high: float
    unit: Unit
    seen: np.ndarray
    decimals: int | None
    dates: bool = False
    never: tuple[float, ...] = ()

    @classmethod
    def of(cls, column: Column, step: Numeric | Date, background: pl.Series) -> Axis | None:
        """Measure a column; None where no row that was learned from has a value."""
        if step.minimum is None or step.maximum is None:
            return None
        dates = isinstance(step, Date)
        seen = np.array([place_of(value) for value in background.drop_nulls()], np.float64)
        return cls(
            step.minimum,
            step.maximum,
            unit_of(seen, step.minimum, step.maximum),
            np.unique(seen),
            0 if dates else _decimals(np.append(seen, [step.minimum, step.maximum])),
            dates,
            () if dates else tuple(listed_numbers(column.parse)),
        )

    def value(self, place: float) -> Any:
        """Return the number, or the date and time, of a place."""
        if not self.dates:
            return float(place)
        return EPOCH + datetime.timedelta(microseconds=round(place * MICROSECONDS_PER_DAY))

    def cost(self, start: float, place: Any) -> Any:
        """Return what a move costs, of one place or of several."""
        return np.abs(place - start) / self.unit.size

    @property
    def step_cost(self) -> float:
        """Return what the least move costs; 0 where there is none."""
        return 0.0 if self.decimals is None else 10.0**-self.decimals / self.unit.size

    def grid(self, start: float, most: int) -> np.ndarray:
        """Return about so many places within the range that are possible values, rising.

        All there are, if they are not more; else those of background rows, at even ranks, and the
        ends of the range.
        """
        low, high = self.low, self.high
        count = math.inf if self.decimals is None else (high - low) * 10.0**self.decimals
        if count <= most:
            inner = self._between(low, high, start, self.decimals or 0, most)
        else:
            inner = self.seen[(self.seen > low) & (self.seen < high)]
            ranks = np.linspace(0, len(inner) - 1, min(most, len(inner)))
            inner = inner[np.round(ranks).astype(int)]
        places = np.concatenate([inner, [low, high]])
        if self.dates:
            places = start + np.trunc(places - start)
            places = places[(places >= low) & (places <= high)]
        places = np.unique(places[~np.isin(places, self.never)])
        return places[places != start]

    def between(self, near: float, far: float, start: float, most: int) -> np.ndarray:
        """Return up to so many possible values strictly between two, those near ``near`` first.

        Their moves from ``start`` have up to `DIGITS` significant digits.
        """
        decimals = DIGITS - 1 - math.floor(math.log10(abs(far - start)))
        if self.decimals is not None:
            decimals = min(self.decimals, decimals)
        low, high = min(near, far), max(near, far)
        places = self._between(low, high, start, 0 if self.dates else decimals, most)
        places = places[~np.isin(places, self.never)]
        return places if near < far else places[::-1]

    def _between(
        self, low: float, high: float, start: float, decimals: int, most: int
    ) -> np.ndarray:
        """Return multiples of 10^-decimals between two places, dates by whole days."""
        origin = start if self.dates else 0.0
        scale = 10.0**decimals
        first = math.floor((low - origin) * scale)
        last = math.ceil((high - origin) * scale)
        inside = last - first - 1
        if inside < 1:
            return np.zeros(0)
        steps = first + 1 + np.unique(np.round(np.linspace(0, inside - 1, min(most, inside))))
        places = origin + (steps / scale if decimals > 0 else steps * 10.0**-decimals)
        return places[(places > low) & (places < high)]


def axes_of(fitted: Fitted, background: pl.DataFrame) -> dict[str, Axis]:
    """Return the axis of every column that has one, measured on background rows."""
    axes = {
        step.source: Axis.of(column, step, background[step.source])
        for column, step in zip(fitted.schema.features, fitted.encoder.steps, strict=True)
        if isinstance(step, Numeric | Date)
    }
    return {name: axis for name, axis in axes.items() if axis is not None}


def place_of(value: Any) -> float:
    """Return where a number or a date lies on its line."""
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) / datetime.timedelta(days=1)
    return float(value)


def _decimals(numbers: np.ndarray) -> int | None:
    """Return with how many decimals numbers are written; None if that is many."""
    for decimals in range(MOST_DECIMALS + 1):
        if (np.round(numbers, decimals) == numbers).all():
            return decimals
    return None
