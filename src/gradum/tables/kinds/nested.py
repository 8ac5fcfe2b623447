"""Columns of lists, records or bytes, which are no table values."""

from __future__ import annotations

import polars as pl

from gradum.messages import say
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.values import Values


class Nested(Kind):
    """Lists, records, bytes or objects; not used."""

    name, turn = "nested", 0

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of values that are not single numbers, words or dates."""
        if not values.is_nested:
            return None
        what = (
            say("Lists or records instead of single values; not used")
            if _are_lists(values.raw)
            else say("Bytes or objects instead of single values; not used")
        )
        return Reading("nested", what, usable=False)


def _are_lists(column: pl.Series) -> bool:
    if column.dtype != pl.Object:
        return column.dtype.is_nested()
    first = next((value for value in column if value is not None), None)
    return isinstance(first, list | tuple | dict)
