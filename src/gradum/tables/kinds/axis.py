"""The axes of columns whose values lie on a line: numbers and dates.

A place on an axis is the number itself, or the days since 1970-01-01. A number has no more decimals
than the rows learned from, so whole numbers stay whole; a date moves by whole days.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import polars as pl

EPOCH = datetime.datetime(1970, 1, 1)
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Axis:
    """Where the values of a column lie.

    Parameters
    ----------
    low, high : float
        The range that was learned.
    decimals : int or None
        Decimals of the column's numbers, as in `Numeric.decimals`; 0 for dates.
    dates : bool
        Whether places are days, and moves are by whole days.
    never : tuple of float
        Numbers that stand for a missing value.
    """

    low: float
    high: float
    decimals: int | None
    dates: bool = False
    never: tuple[float, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.decimals == 0 and not self.dates

    def value(self, place: float) -> Any:
        """Return the number, or the date and time, of a place."""
        if not self.dates:
            return float(place)
        return EPOCH + datetime.timedelta(microseconds=round(place * MICROSECONDS_PER_DAY))


def place_of(value: Any) -> float:
    """Return the place of a number or a date on its line."""
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) / datetime.timedelta(days=1)
    return float(value)


def days_since_epoch(source: str) -> pl.Expr:
    """Return the places of a date column: days since 1970-01-01, as the encoder computes them."""
    # Whole numbers are scaled by one multiplication: polars divides a column by a number
    # differently than it divides a single value, and one row must give the same bits as a million.
    whole_days, rest = days_and_rest(source)
    return whole_days.cast(pl.Float64) + rest * (1 / MICROSECONDS_PER_DAY)


def days_and_rest(source: str) -> tuple[pl.Expr, pl.Expr]:
    """Return the whole days of a date column, and the microseconds since the last one began."""
    moment = pl.col(source).cast(pl.Datetime("us"))
    whole_days = moment.dt.epoch("d").cast(pl.Int64)
    return whole_days, (moment.dt.epoch("us") - whole_days * MICROSECONDS_PER_DAY).cast(pl.Float64)
