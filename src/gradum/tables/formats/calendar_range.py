"""Dates, times and durations that a calendar holds.

A file counts days or microseconds from 1970, and may count beyond the range of any calendar. polars
panics when it has to name such a moment, and Python has no type for it, so such values are taken as
missing when a table is read.
"""

from __future__ import annotations

import datetime
from typing import TypeVar

import polars as pl

from gradum.messages import say
from gradum.tables.wording import value_count

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

EPOCH = datetime.date(1970, 1, 1)
FIRST_DAY, LAST_DAY = ((day - EPOCH).days for day in (datetime.date.min, datetime.date.max))
PER_DAY = {"ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
MOST = 2**63 - 1


def within_calendar(frame: Frame) -> Frame:
    """Return a frame in which moments that no calendar holds are missing.

    It keeps days and times of the years 1 to 9999 (with a time zone, all but the first and the last
    day, which another zone may move into another year), times of day, and durations that
    microseconds can count.
    """
    bounds = _bounds(frame.collect_schema())
    if not bounds:
        return frame
    return frame.with_columns(
        pl.when(pl.col(name).to_physical().is_between(*ends)).then(pl.col(name)).alias(name)
        for name, ends in bounds.items()
    )


def lost_moments(given: pl.DataFrame, kept: pl.DataFrame) -> tuple[str, ...]:
    """Return a note on each column that lost values in `within_calendar`."""
    lost = {
        name: kept[name].null_count() - given[name].null_count()
        for name in _bounds(given.collect_schema())
    }
    return tuple(
        say(
            "{values} of {name!r} taken as missing: no calendar holds them",
            values=value_count(count),
            name=name,
        )
        for name, count in lost.items()
        if count
    )


def _bounds(schema: pl.Schema) -> dict[str, tuple[int, int]]:
    """Return the least and the greatest count kept, for each column that could hold more."""
    bounds = {name: _bounds_of(dtype) for name, dtype in schema.items() if dtype.is_temporal()}
    return {name: ends for name, ends in bounds.items() if ends is not None}


def _bounds_of(dtype: pl.DataType) -> tuple[int, int] | None:
    if dtype == pl.Date:
        return FIRST_DAY, LAST_DAY
    if dtype == pl.Time:
        return 0, PER_DAY["ns"] - 1
    unit = dtype.time_unit  # type: ignore[attr-defined] - of Datetime and Duration
    if unit == "ns":  # 64 bits end in the year 2262
        return None
    if dtype == pl.Duration:
        return None if unit == "us" else (-(MOST // 1000), MOST // 1000)
    spared = 0 if dtype.time_zone is None else 1  # type: ignore[attr-defined]
    day = PER_DAY[unit]
    return (FIRST_DAY + spared) * day, (LAST_DAY + 1 - spared) * day - 1
