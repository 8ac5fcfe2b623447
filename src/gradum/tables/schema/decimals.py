"""Decimal commas: whether the rest of the table makes "1,234" 1.234 or 1234."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from gradum.tables.columns import Column
from gradum.tables.table import Table


def with_decimal_commas(
    table: Table, columns: Sequence[Column], reread: Callable[[str], Column]
) -> list[Column]:
    """Return the columns, with ambiguous ones read with the table's decimal sign.

    Each column was read with a decimal point if its values allow it. Decimal commas are used
    instead if another column can only be read with them, or if the file has semicolons between its
    values; but never if some column can only be read with points.

    Parameters
    ----------
    columns : sequence of Column
        As first understood.
    reread : callable
        Infers the column of a given name again, preferring decimal commas.
    """
    shown = any(column.parse.decimal == "," for column in columns)
    if not shown and table.decimal == ".":
        return list(columns)
    again = {column.name: reread(column.name) for column in columns if _has_signs(table, column)}
    if any(column.parse.decimal == "." for column in again.values()):
        return list(columns)
    return [
        again.get(column.name, column) if shown or column.parse.thousands == "," else column
        for column in columns
    ]


def _has_signs(table: Table, column: Column) -> bool:
    """Whether numbers that were read with a decimal point contain points or commas."""
    if not column.traits.is_quantity or column.parse.decimal != ".":
        return False
    raw = table.frame[column.name]
    return raw.dtype == pl.String and bool(raw.str.contains("[.,]").any())
