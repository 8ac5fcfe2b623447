"""Columns that can order the rows in time, or stand for groups of rows that belong together."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.tables.columns import Column

YEARS = (1_800, 2_200)
FEWEST_MOMENTS = 12
MOST_MISSING = 0.1  # of the rows
FEWEST_GROUPS = 10
MOST_TYPICAL_ROWS = 64  # of a row's group: of more, new rows are rarely of others
LEAST_REPEATED = 0.5  # of the rows: they share their group with another


def orders(values: pl.Series, column: Column) -> bool:
    """Whether a column is a date, or whole numbers that are years, of enough moments."""
    if column.kind != "date":
        if column.kind != "numeric":
            return False
        given = values.drop_nulls()
        if not len(given) or not (given == given.floor()).all():
            return False
        if not (YEARS[0] < given.min() and given.max() < YEARS[1]):  # type: ignore[operator]
            return False
    return values.n_unique() >= FEWEST_MOMENTS and values.null_count() <= MOST_MISSING * len(values)


def groups(values: pl.Series, column: Column) -> bool:
    """Whether a column's levels, or whole numbers, can stand for groups: many, with few rows."""
    given = values.drop_nulls()
    if column.kind not in ("categorical", "numeric"):
        return False
    if column.kind == "numeric" and not (given == given.floor()).all():
        return False
    counts = given.value_counts()["count"].to_numpy().astype(np.float64)
    typical = float(np.sum(counts**2)) / len(given)
    repeated = float(counts[counts > 1].sum()) / len(given)
    few, often = typical <= MOST_TYPICAL_ROWS, repeated >= LEAST_REPEATED
    return len(counts) >= FEWEST_GROUPS and few and often
