"""The counts of the distinct values of a column, whatever the column is called."""

from __future__ import annotations

import polars as pl


def counted(values: pl.Series) -> pl.DataFrame:
    """Return the distinct values, null among them, as ``value``, and how many ``rows`` have each.

    polars refuses to count a column that has the name of the counts.
    """
    return values.alias("value").value_counts(name="rows")
