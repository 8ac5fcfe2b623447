"""Columns that can order the rows in time, or stand for groups of rows that belong together."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.tables.columns import Column
from gradum.tables.counts import counted

FEWEST_MOMENTS = 12
MOST_MISSING = 0.1  # of the rows
FEWEST_GROUPS = 10
MOST_TYPICAL_ROWS = 64  # of a row's group: if groups are larger, new rows rarely belong to others
LEAST_REPEATED = 0.5  # of the rows that must share their group with another row


def orders(values: pl.Series, column: Column) -> bool:
    """Whether a column is a date with enough distinct moments, known in most rows.

    Years as whole numbers are as often a property, such as when a house was built, as the time of
    an observation; they are tried as groups.
    """
    few = values.n_unique() < FEWEST_MOMENTS or values.null_count() > MOST_MISSING * len(values)
    return column.traits.is_time and not few


def groups(values: pl.Series, column: Column) -> bool:
    """Whether a column's levels or whole numbers can stand for groups: many, with few rows each."""
    given = values.drop_nulls()
    kind = column.traits
    if not kind.names_groups and not (kind.is_quantity and (given == given.floor()).all()):
        return False
    counts = counted(given)["rows"].to_numpy().astype(np.float64)
    typical = float(np.sum(counts**2)) / len(given)
    repeated = float(counts[counts > 1].sum()) / len(given)
    few, often = typical <= MOST_TYPICAL_ROWS, repeated >= LEAST_REPEATED
    return len(counts) >= FEWEST_GROUPS and few and often
