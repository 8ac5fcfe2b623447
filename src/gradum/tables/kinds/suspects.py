"""Hints on a column of numbers that may be something else: markers of missing values, dates."""

from __future__ import annotations

import polars as pl

from gradum.messages import say

MARKERS = [sign * float(10**digits - 1) for digits in range(2, 8) for sign in (-1, 1)]  # -99, 99 …
FEWEST_MARKERS = 2
SAMPLE = 500


def suspicions(name: str, numbers: pl.Series, counts: pl.Series | None = None) -> list[str]:
    """Return clauses on what the numbers of a column may be instead of quantities.

    Parameters
    ----------
    name : str
        The column's.
    numbers : polars.Series
        Float64, null where missing.
    counts : polars.Series, optional
        How many rows hold each number; 1 if left out.
    """
    if numbers.null_count() == len(numbers):
        return []
    counts = pl.repeat(1, len(numbers), eager=True) if counts is None else counts
    return [*_marker(numbers, counts), *_dates(name, numbers.head(SAMPLE).drop_nulls())]


def _marker(numbers: pl.Series, counts: pl.Series) -> list[str]:
    """Notice a number such as -999 that occurs again and again, far from all others."""
    for extreme in _range(numbers):
        if extreme not in MARKERS:
            continue
        marked = (numbers == extreme).fill_null(False)
        others = numbers.filter(~marked).drop_nulls()
        count = int(counts.filter(marked).sum())
        if not len(others) or count < FEWEST_MARKERS:
            continue
        low, high = _range(others)
        if min(abs(extreme - low), abs(extreme - high)) > high - low:
            as_written = f"{extreme:.10g}"  # without commas, to be looked for in the table
            return [
                say(
                    "{number}, in {count:,} rows, may mean missing: write NA if so",
                    number=as_written,
                    count=count,
                )
            ]
    return []


def _range(numbers: pl.Series) -> tuple[float, float]:
    return float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]


def _dates(name: str, sample: pl.Series) -> list[str]:
    """Notice whole numbers such as 20240131."""
    if not sample.is_between(19_000_101, 21_001_231).all() or (sample != sample.floor()).any():
        return []
    whole = sample.cast(pl.Int64)
    plausible = (whole // 100 % 100).is_between(1, 12) & (whole % 100).is_between(1, 31)
    return [say("--date {name!r} if they are dates", name=name)] if plausible.all() else []
