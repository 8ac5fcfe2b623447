"""Corruptions of a column: each changes some values as an accident would.

Numbers in another unit, lost values, swapped letters, dates in another year, two swapped columns,
and rounded numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.run.fitted import Fitted
from gradum.tables.columns import Column
from gradum.tables.kinds.kind import lost

Corrupt = Callable[[pl.DataFrame, np.ndarray], pl.DataFrame]
"""From typed rows and a mask of the rows to corrupt (n,) to all rows."""


@dataclass(frozen=True)
class Corruption:
    """One accident."""

    kind: str
    columns: tuple[str, ...]
    """The columns whose values change."""
    corrupt: Corrupt
    highest: str | None = None
    """The column whose highest values determine the rows; if None, rows are chosen by chance."""


def corruptions_of(fitted: Fitted) -> Iterator[Corruption]:
    """Yield the accidents that may happen to each column that the model sees."""
    seen = set(fitted.encoder.layout.sources)
    columns = [column for column in fitted.schema.features if column.name in seen]
    for column in columns:
        name = column.name
        yield Corruption("missing", (name,), _changing(name, lost))
        for each in column.traits.accidents:
            highest = name if each.highest else None
            yield Corruption(each.name, (name,), _changing(name, each.change), highest)
    for one, other in _neighbours(columns):
        yield Corruption("swapped", (one, other), _swapping(one, other))


def _neighbours(columns: list[Column]) -> Iterator[tuple[str, str]]:
    """Yield each column with the next one of its kind, if values are written alike."""
    for place, column in enumerate(columns):
        if column.traits.accidents:
            alike = (other for other in columns[place + 1 :] if other.kind == column.kind)
            for other in alike:
                yield column.name, other.name
                break


def _changing(name: str, change: Callable[[pl.Series], pl.Series]) -> Corrupt:
    def corrupt(rows: pl.DataFrame, chosen: np.ndarray) -> pl.DataFrame:
        changed = change(rows[name]).zip_with(pl.Series(chosen), rows[name])
        return rows.with_columns(changed.alias(name))

    return corrupt


def _swapping(one: str, other: str) -> Corrupt:
    def corrupt(rows: pl.DataFrame, chosen: np.ndarray) -> pl.DataFrame:
        mask = pl.Series(chosen)
        return rows.with_columns(
            rows[other].zip_with(mask, rows[one]).alias(one),
            rows[one].zip_with(mask, rows[other]).alias(other),
        )

    return corrupt
