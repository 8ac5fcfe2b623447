"""Levels of the column by which intervals are made, as text that a file can hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from gradum.errors import SpecError

MOST_LEVELS = 1_000


def level_texts(column: pl.Series) -> pl.Series:
    """Return the values of a checked column (n,) as text; null where they are missing."""
    values = column.cast(pl.Float64) if column.dtype.is_numeric() else column
    return values.cast(pl.String)


def levels_among(column: pl.Series) -> tuple[str | None, ...]:
    """Return the levels of a checked column, missing values last.

    Raises
    ------
    SpecError
        There are more than `MOST_LEVELS`.
    """
    levels = level_texts(column).unique().sort(nulls_last=True).to_list()
    if len(levels) > MOST_LEVELS:
        raise SpecError(
            "Column {column!r} has {levels:,} levels, too many for intervals by each.",
            "Give --interval-by a column of at most {most:,} levels.",
            column=column.name,
            levels=len(levels),
            most=MOST_LEVELS,
        )
    return tuple(levels)


def level_codes(column: pl.Series, levels: Sequence[str | None]) -> np.ndarray:
    """Return the place (n,) of each value of a checked column among levels; −1 for others."""
    places = {level: place for place, level in enumerate(levels)}
    return np.array([places.get(text, -1) for text in level_texts(column)], np.int32)
