"""Columns equal to an earlier column in every row."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.values import Values


class Duplicate(Kind):
    """The same as another column; not used."""

    name, turn = "duplicate", 8
    has_levels = True

    def recognise(self, values: Values) -> Reading | None:
        """Return None: only another column tells."""
        return None


def duplicates(frame: pl.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Return, for each column equal in every row to an earlier one, that earlier column.

    Columns are compared by a hash of all their rows first and by value where hashes agree.
    Numbers are equal whatever their type; a column that is the same after recoding is not.
    """
    seen: dict[tuple[str, int], list[str]] = {}
    first: dict[str, str] = {}
    for name in names:
        column = _comparable(frame[name])
        key = (str(column.dtype), hash(column.hash().to_numpy().tobytes()))
        for earlier in seen.get(key, []):
            if _equal(frame[name], frame[earlier]):
                first[name] = earlier
                break
        else:
            seen.setdefault(key, []).append(name)
    return first


def _equal(one: pl.Series, other: pl.Series) -> bool:
    if one.dtype != other.dtype:
        one, other = _comparable(one), _comparable(other)
    return bool(one.eq_missing(other).all())


def _comparable(column: pl.Series) -> pl.Series:
    if column.dtype.is_integer() or column.dtype.is_float():
        return column.cast(pl.Float64)
    return column
