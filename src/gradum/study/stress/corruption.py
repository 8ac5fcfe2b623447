"""Corruptions of a column: each makes of some values what an accident would.

Numbers in another unit, values that get lost, letters that change places, dates of another year,
two columns that are exchanged, numbers that are rounded.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.run.fitted import Fitted
from gradum.study.stress.result import CorruptionKind
from gradum.tables.columns import Column

CENTIMETRES = 2.54  # in an inch
DAYS = 365  # in a year
Corrupt = Callable[[pl.DataFrame, np.ndarray], pl.DataFrame]
"""From typed rows and a mask of those to be corrupted (n,) to all rows."""


@dataclass(frozen=True)
class Corruption:
    """One accident.

    Parameters
    ----------
    kind : str
    columns : tuple of str
        Whose values change.
    corrupt : function
    highest : str or None
        The column by whose highest values rows are chosen; by chance, where it is None.
    """

    kind: CorruptionKind
    columns: tuple[str, ...]
    corrupt: Corrupt
    highest: str | None = None


def corruptions_of(fitted: Fitted) -> Iterator[Corruption]:
    """Yield the accidents that may happen to each column that the model sees."""
    seen = set(fitted.encoder.layout.sources)
    columns = [column for column in fitted.schema.features if column.name in seen]
    for column in columns:
        name = column.name
        yield Corruption("missing", (name,), _changing(name, _lost))
        match column.kind:
            case "numeric":
                yield Corruption("missing_high", (name,), _changing(name, _lost), name)
                yield Corruption("tenfold", (name,), _changing(name, _times(10.0)))
                yield Corruption("thousandfold", (name,), _changing(name, _times(1000.0)))
                yield Corruption("centimetres", (name,), _changing(name, _times(CENTIMETRES)))
                yield Corruption("rounded", (name,), _changing(name, _rounded))
            case "date":
                yield Corruption("year_later", (name,), _changing(name, _another_year))
            case "categorical":
                yield Corruption("typos", (name,), _changing(name, _mistyped))
    for one, other in _neighbours(columns):
        yield Corruption("swapped", (one, other), _swapping(one, other))


def _neighbours(columns: list[Column]) -> Iterator[tuple[str, str]]:
    """Yield each column with the next one of its kind, where values are written alike."""
    for place, column in enumerate(columns):
        if column.kind in ("numeric", "date", "categorical"):
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


def _lost(values: pl.Series) -> pl.Series:
    return values.clear(len(values))


def _times(factor: float) -> Callable[[pl.Series], pl.Series]:
    return lambda values: values * factor


def _rounded(values: pl.Series) -> pl.Series:
    """Round to the power of ten next below the standard deviation of the values."""
    present = values.drop_nulls().to_numpy()
    spread = float(np.std(present)) if len(present) else 0.0
    if spread == 0:
        return values
    unit = 10.0 ** np.floor(np.log10(spread))
    return (values / unit).round() * unit


def _another_year(values: pl.Series) -> pl.Series:
    return values + datetime.timedelta(days=DAYS)


def _mistyped(levels: pl.Series) -> pl.Series:
    """Write every level as `mistyped` does."""
    written = {level: mistyped(level) for level in levels.unique().drop_nulls()}
    return levels.replace_strict(written, default=None, return_dtype=pl.String)


def mistyped(level: str) -> str:
    """Return a level with two neighbouring letters exchanged, the middle ones where they differ."""
    middle = len(level) // 2
    places = sorted(range(len(level) - 1), key=lambda place: abs(place + 1 - middle))
    for place in places:
        if level[place] != level[place + 1]:
            swapped = level[place + 1] + level[place]
            return level[:place] + swapped + level[place + 2 :]
    return level + level[-1:]
