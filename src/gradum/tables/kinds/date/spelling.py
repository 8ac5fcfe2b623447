"""Dates written as the texts of a column are."""

from __future__ import annotations

import polars as pl

from gradum.tables.kinds.date.periods import PERIODS

QUARTER, ZONE = "%q", "%#z"  # which polars does not write


def spelled(dates: pl.Series, pattern: str) -> pl.Series:
    """Return dates in UTC as texts of a format; the first day of a period as its name."""
    if pattern in PERIODS and PERIODS[pattern].kind == "week":
        pattern = pattern.replace("%Y", "%G")  # the year that a week belongs to
    pattern = pattern.replace(ZONE, "+00:00")
    before, quarter, after = pattern.partition(QUARTER)
    texts = dates.dt.to_string(before)
    if quarter:
        texts = texts + dates.dt.quarter().cast(pl.String) + dates.dt.to_string(after)
    return texts.alias(dates.name)
