"""A row that a model may be asked about, made of what its columns are like on the whole.

It is nobody's row: numbers are medians, and levels are those that most rows have.
"""

from __future__ import annotations

from typing import Any

from gradum.run.fitted import Fitted
from gradum.run.reference.column_counts import Levels
from gradum.tables.columns import Column

DIGITS = 4


def example_row(fitted: Fitted) -> dict[str, Any]:
    """Return a row with the model's columns; what is not known of them is missing."""
    return {column.name: _typical(fitted, column) for column in fitted.schema.features}


def _typical(fitted: Fitted, column: Column) -> Any:
    reference, kind = fitted.reference, column.traits
    summary = None if reference is None else reference.columns.get(column.name)
    if kind.is_grid or summary is None or not summary.values.rows:
        return None
    if kind.holds_words:
        return column.name  # words of a training row are nobody else's to read
    if isinstance(summary.values, Levels):
        named = summary.values.named
        level = max(named, key=lambda level: named[level], default=None)
        spelled = {str(fixed).lower(): fixed for fixed in kind.fixed_levels}
        return None if level is None else spelled.get(level, level)
    median = summary.values.median
    return kind.written(median) or float(f"{median:.{DIGITS}g}")
