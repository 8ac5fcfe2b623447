"""Columns of several parts put together, where their types can be reconciled."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

LEVELS = (pl.String, pl.Categorical, pl.Enum)
MOMENTS = (pl.Date, pl.Datetime)
WITHIN_INT64 = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


def common_type(parts: Sequence[pl.Series]) -> pl.DataType | None:
    """Return the type that can hold the values of all parts, None where there is none.

    Numbers go with numbers, levels with texts, dates with times. A part without a value goes with
    everything: what its type says is of no account.
    """
    telling = [part for part in parts if part.null_count() < len(part)] or parts[:1]
    types = list(dict.fromkeys(part.dtype for part in telling))
    if len(types) == 1:
        return types[0]
    if all(dtype.is_numeric() for dtype in types):
        return _number(types)
    if all(dtype in LEVELS for dtype in types):
        return pl.String()
    if all(dtype in MOMENTS for dtype in types):
        return pl.Datetime("us")
    if all(dtype == pl.Duration for dtype in types):
        return pl.Duration("us")
    return None


def _number(types: Sequence[pl.DataType]) -> pl.DataType:
    if not all(dtype.is_integer() for dtype in types):
        return pl.Float64()
    return pl.Int64() if all(dtype in WITHIN_INT64 for dtype in types) else pl.Int128()


def stacked(parts: Sequence[pl.Series], dtype: pl.DataType) -> pl.Series:
    """Return the parts one after the other, as one type that `common_type` found."""
    return pl.concat([_cast(part, dtype) for part in parts])


def _cast(part: pl.Series, dtype: pl.DataType) -> pl.Series:
    if part.dtype == dtype:
        return part
    if part.null_count() == len(part):
        return pl.Series(part.name, [None] * len(part), dtype)
    if getattr(part.dtype, "time_zone", None) is not None:  # as everywhere: UTC without a zone
        part = part.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return part.cast(dtype)
