"""A result as a frame: one line per item, whose columns are its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl


def frame_of(
    items: Iterable[Any], schema: Mapping[str, Any], **columns: Callable[[Any], Any]
) -> pl.DataFrame:
    """Return a frame of items; a column is the field of its name, or what ``columns`` makes."""
    items = list(items)
    values = {
        name: [columns[name](item) if name in columns else getattr(item, name) for item in items]
        for name in schema
    }
    return pl.DataFrame(values, schema=schema)
