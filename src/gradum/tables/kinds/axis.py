"""The axes of columns whose values lie on a line: numbers, dates and times of day.

A place on an axis is the number itself, the days since 1970-01-01, or the minutes since midnight. A
number has no more decimals than the rows learned from, so whole numbers stay whole, as do minutes;
a date moves by whole days.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

EPOCH = datetime.datetime(1970, 1, 1)
MICROSECONDS_PER_DAY = 86_400_000_000
MICROSECONDS_PER_MINUTE = 60_000_000
NANOSECONDS_PER_MINUTE = 60_000_000_000
MINUTE = datetime.timedelta(minutes=1)


@dataclass(frozen=True)
class Axis:
    """Where the values of a column lie."""

    low: float
    high: float
    """The range that was learned."""
    decimals: int | None
    """Decimals of the column's numbers, as in `Numeric.decimals`; 0 for dates and whole minutes."""
    dates: bool = False
    """Whether places are days, and moves are by whole days."""
    never: tuple[float, ...] = ()
    """Numbers that stand for a missing value."""
    clock: bool = False
    """Whether places are minutes since midnight."""

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers, and so the only input that they become."""
        return self.decimals == 0 and not (self.dates or self.clock)

    def value(self, place: float) -> Any:
        """Return the number, the date and time, or the time of day of a place."""
        if self.clock:
            return clock_time(place)
        if not self.dates:
            return float(place)
        return EPOCH + datetime.timedelta(microseconds=round(place * MICROSECONDS_PER_DAY))

    def series(self, name: str, places: np.ndarray) -> pl.Series:
        """Return the typed column of places (n,), null where they are NaN."""
        if not (self.dates or self.clock):
            return pl.Series(name, places, nan_to_null=True)
        per_unit = MICROSECONDS_PER_DAY if self.dates else MICROSECONDS_PER_MINUTE
        counted = pl.Series(name, np.round(places * per_unit), nan_to_null=True).cast(pl.Int64)
        return counted.cast(pl.Datetime("us")) if self.dates else (counted * 1000).cast(pl.Time)


def place_of(value: Any) -> float:
    """Return the place of a number, a date or a time of day on its line."""
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) / datetime.timedelta(days=1)
    if isinstance(value, datetime.time):
        since = datetime.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
        return (since + datetime.timedelta(microseconds=value.microsecond)) / MINUTE
    return float(value)


def place_text(place: float, dtype: pl.DataType) -> str:
    """Return the day, or the time of day, at a place of a typed column."""
    if dtype == pl.Time:
        return clock_text(clock_time(place))
    return str(EPOCH + datetime.timedelta(days=place))[:10]


def clock_time(minutes: float) -> datetime.time:
    """Return the time of day some minutes after midnight."""
    return (
        EPOCH + datetime.timedelta(microseconds=round(minutes * MICROSECONDS_PER_MINUTE))
    ).time()


def clock_text(time: datetime.time) -> str:
    """Return a time of day as people write it: 07:45, with seconds only where there are any."""
    return f"{time:%H:%M}" if not (time.second or time.microsecond) else f"{time:%H:%M:%S}"


def places(source: str, dtype: pl.DataType) -> pl.Expr:
    """Return the places of a typed column of dates or times of day, as it is encoded."""
    return minutes_since_midnight(source) if dtype == pl.Time else days_since_epoch(source)


def minutes_since_midnight(source: str) -> pl.Expr:
    """Return the places of a column of times of day."""
    counted = pl.col(source).cast(pl.Time).to_physical().cast(pl.Float64)
    return counted * (1 / NANOSECONDS_PER_MINUTE)


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
