"""Frames, arrays and plain Python data as one polars frame."""

from __future__ import annotations

import datetime
import numbers
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from narwhals import dependencies

from gradum.errors import TableError
from gradum.messages import listed, marked, say
from gradum.tables.formats.nested_records import flattened
from gradum.tables.formats.read_failures import ANYTHING, explained
from gradum.tables.formats.size_limits import refuse_width
from gradum.tables.table import Table
from gradum.tables.wording import quoted, shortened

SOURCE = marked("the data frame")
RECORDS = marked("the records")
TAKEN = marked(
    "Give a path to a CSV, JSON, Parquet or Arrow file, a data frame, a "
    "two-dimensional array, a dict of columns, or a list of dicts."
)
MOST_DIGITS = 18  # before and after the point, of decimals that are kept as such
# what most columns hold: read without looking at each value
PLAIN = {
    frozenset({str}): pl.String,
    frozenset({bool}): pl.Boolean,
    frozenset({int}): pl.Int64,
    frozenset({float}): pl.Float64,
}


def from_data(data: Any, source: str = "") -> Table:
    """Return data that is already in memory as a table.

    Raises
    ------
    TableError
        It is no table, has no rows or columns, or names two columns alike.
    """
    records = None
    if isinstance(data, Mapping) and data and is_row(data):
        data = [data]
    source = source or say(RECORDS if isinstance(data, list | tuple) else SOURCE)
    if isinstance(data, np.ndarray):
        frame = _from_array(data)
    elif isinstance(data, Mapping):
        frame = _from_mapping(data, source)
    elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
        records = _flat_records(data, source)
        frame = _from_records(records, source)
    elif dependencies.is_pandas_dataframe(data):
        frame = _from_pandas(data)
    else:
        frame = _from_frame(data)
    refuse_width(frame.width, source)
    if not frame.width:
        raise TableError(
            "{source} has no columns.", "Give data with at least one column.", source=source
        )
    if not frame.height:
        raise TableError("{source} has no rows.", "Give data with at least one row.", source=source)
    return Table(frame, source, records=records)


def _from_frame(data: Any) -> pl.DataFrame:
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, pl.DataFrame):
        return data
    try:
        frame = nw.from_native(data)
    except TypeError:
        raise TableError(
            say("{name!r} is not a table.", name=type(data).__name__), say(TAKEN)
        ) from None
    with explained(say(SOURCE), ANYTHING):
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect(backend="polars")
        refuse_names(frame.columns)
        return frame.to_polars()


def _from_array(data: np.ndarray) -> pl.DataFrame:
    if data.dtype.names:  # a structured array has named columns
        return _from_mapping({name: data[name] for name in data.dtype.names}, say(SOURCE))
    if data.ndim != 2:
        raise TableError(
            "an array of shape {shape} is not a table.",
            "Reshape it to (rows, columns).",
            shape=data.shape,
        )
    refuse_width(data.shape[1], say(SOURCE))
    return pl.DataFrame({f"x{j}": _column(f"x{j}", data[:, j]) for j in range(data.shape[1])})


def _from_mapping(data: Mapping[Any, Any], source: str) -> pl.DataFrame:
    if not data:
        return pl.DataFrame()
    single = [not _is_column(values) for values in data.values()]
    if any(single):
        lone = [name for name, alone in zip(data, single, strict=True) if alone]
        raise TableError(
            "the dict mixes columns with single values: {lone}.",
            "Give every column as many values as there are rows, or one value each for one row.",
            lone=quoted(lone),
        )
    lengths = {str(name): len(values) for name, values in data.items()}
    if len(set(lengths.values())) > 1:
        shown = listed([f"{name!r} {length:,}" for name, length in list(lengths.items())[:6]])
        raise TableError(
            "the columns have different lengths: {shown}.", "Make them equally long.", shown=shown
        )
    names = [str(name) for name in data]
    refuse_names(names, source)
    columns = zip(names, data.values(), strict=True)
    return pl.DataFrame({name: _column(name, values) for name, values in columns})


def is_row(data: Mapping[Any, Any]) -> bool:
    """Whether a dict holds single values rather than columns: one row."""
    return not any(_is_column(values) for values in data.values())


def _flat_records(data: Sequence[Any], source: str) -> Sequence[Mapping[Any, Any]]:
    if not all(isinstance(record, Mapping) for record in data):
        if data and all(isinstance(row, Sequence | np.ndarray) for row in data):
            raise TableError(say("a list of lists does not name its columns."), say(TAKEN))
        raise TableError(
            say("a {name} of single values is not a table.", name=type(data).__name__), say(TAKEN)
        )
    return flattened(data, source)


def _from_records(data: Sequence[Mapping[Any, Any]], source: str) -> pl.DataFrame:
    names = list(dict.fromkeys(name for record in data for name in record))
    refuse_names([str(name) for name in names], source)
    columns = {name: [record.get(name) for record in data] for name in names}
    return pl.DataFrame({str(name): from_objects(str(name), columns[name]) for name in names})


def _from_pandas(data: Any) -> pl.DataFrame:
    """Return a pandas frame column by column, which needs no pyarrow; its index is ignored."""
    names = [str(name) for name in data.columns]
    refuse_names(names)
    return pl.DataFrame({name: _column(name, data.iloc[:, j]) for j, name in enumerate(names)})


def _pandas_column(name: str, column: Any) -> pl.Series:
    dtype, kind = column.dtype, getattr(column.dtype, "kind", "O")
    words = str(dtype).lower()
    if words.startswith("sparse["):
        return _pandas_column(name, column.sparse.to_dense())
    if words == "category":
        levels = from_objects(name, list(column.cat.categories)).cast(pl.String)
        codes = pl.Series(name, column.cat.codes.to_numpy().astype(np.int64))
        dtype = pl.Enum(levels) if column.cat.ordered and levels.n_unique() else pl.Categorical
        return levels.gather(codes.set(codes < 0, None)).cast(dtype).alias(name)
    if kind == "M" and getattr(dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return pl.Series(name, column.to_numpy(dtype="datetime64[us]"))
    if isinstance(dtype, np.dtype) and kind in "biufmM":
        return _from_numpy(name, column.to_numpy())
    if kind in "biuf":  # pandas' own numbers, with a mask
        missing = pl.Series(column.isna().to_numpy())
        filled = column.fillna(False if kind == "b" else 0) if missing.any() else column
        plain = filled.to_numpy(dtype={"b": bool, "f": np.float64}.get(kind, words.split("[")[0]))
        series = _from_numpy(name, plain)
        return series.set(missing, None) if missing.any() else series
    return from_objects(name, column.tolist())


def _column(name: str, values: Any) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    if dependencies.is_pandas_series(values):
        with explained(say("Column {name!r} of {source}", name=name, source=say(SOURCE)), ANYTHING):
            return _pandas_column(name, values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "biufmM" and values.ndim == 1:
        return _from_numpy(name, values)
    return from_objects(name, list(values))


def _from_numpy(name: str, values: np.ndarray) -> pl.Series:
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    elif values.dtype.kind == "f" and values.dtype.itemsize > 8:
        values = values.astype(np.float64)
    elif values.dtype.kind in "mM" and np.datetime_data(values.dtype)[0] not in ("ns", "us", "ms"):
        values = values.astype(f"{values.dtype.kind}8[us]")
    return pl.Series(name, np.ascontiguousarray(values))


def from_objects(name: str, values: list[Any], before: int = 0) -> pl.Series:
    """Return Python values as a column of the one type that holds them, or else as text.

    Raises
    ------
    TableError
        A text is not Unicode, or an object cannot say what it is. ``before`` rows precede these.
    """
    with explained(say("Column {name!r}", name=name), ANYTHING):
        try:
            return _of_one_type(name, values)
        except UnicodeEncodeError:
            row, value = next(pair for pair in enumerate(values, 1) if not _is_text(pair[1]))
            raise TableError(
                "Column {name!r} holds {value!r} in row {row:,}, which is no text: "
                "half of a surrogate pair.",
                "Correct it.",
                name=name,
                value=shortened(value),
                row=before + row,
            ) from None


def _of_one_type(name: str, values: list[Any]) -> pl.Series:
    types = frozenset(map(type, values)) - {type(None)}
    if types in PLAIN:
        with suppress(TypeError, OverflowError):  # whole numbers beyond 64 bits
            series = pl.Series(name, values, PLAIN[types])
            return series.fill_nan(None) if series.dtype == pl.Float64 else series
    values = [None if _is_missing(value) else value for value in values]
    present = [value for value in values if value is not None]
    if any(isinstance(value, Mapping | list | tuple | set | np.ndarray) for value in present):
        return pl.Series(name, values, dtype=pl.Object)
    if all(isinstance(value, bool | np.bool_) for value in present):
        return pl.Series(name, [None if v is None else bool(v) for v in values], pl.Boolean)
    if all(isinstance(value, str) for value in present):
        return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)
    if _are_numbers(present):
        return _from_numbers(name, values, present)
    if all(isinstance(value, datetime.datetime) for value in present):
        return pl.Series(name, [_utc(value) for value in values], pl.Datetime("us"))
    if all(isinstance(value, datetime.date) for value in present):
        return pl.Series(name, [_day(value) for value in values], pl.Date)
    try:
        exact = pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)
    return exact


def _are_numbers(present: list[Any]) -> bool:
    """Whether values are real numbers, other than decimals of which polars keeps every digit."""
    if present and all(isinstance(value, Decimal) and _is_kept(value) for value in present):
        return False
    real = (numbers.Real, np.bool_, Decimal)
    return not any(
        isinstance(value, np.timedelta64) or not isinstance(value, real) for value in present
    )


def _is_kept(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    return int(value.as_tuple().exponent) >= -MOST_DIGITS and value.adjusted() < MOST_DIGITS


def _from_numbers(name: str, values: list[Any], present: list[Any]) -> pl.Series:
    whole = all(isinstance(v, numbers.Integral) and -(2**63) <= int(v) < 2**63 for v in present)
    kind, dtype = (int, pl.Int64) if whole else (_float, pl.Float64)
    return pl.Series(name, [None if v is None else kind(v) for v in values], dtype)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond the range of floats
        return float("inf")
    except ValueError:  # a decimal that is a signalling NaN
        return float("nan")


def _utc(value: datetime.datetime | None) -> datetime.datetime | None:
    if value is None or value.tzinfo is None:
        return value
    try:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    except OverflowError:  # before the first or after the last year of UTC
        return None


def _day(value: Any) -> datetime.date | None:
    return value.date() if isinstance(value, datetime.datetime) else value


def _is_missing(value: Any) -> bool:
    """Whether a Python value stands for a missing one: None, NaN, pandas' NA and NaT."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _is_column(values: Any) -> bool:
    return hasattr(values, "__len__") and not isinstance(values, str | bytes | Mapping)


def refuse_names(names: Iterable[str], source: str = "") -> None:
    """Refuse names of columns that repeat, are no text, or are too many.

    Raises
    ------
    TableError
        The message names them.
    """
    source = source or say(SOURCE)
    counts = Counter(iter(names))
    refuse_width(len(counts), source)
    twins = [name for name, count in counts.items() if count > 1]
    if twins:
        raise TableError(
            "{source} has several columns named {twins}.",
            "Rename all but one of each.",
            source=source,
            twins=quoted(twins),
        )
    for name in counts:
        if not _is_text(name):
            raise TableError(
                "{source} has a column whose name is no text: {name!r} holds half of a "
                "surrogate pair.",
                "Rename it.",
                source=source,
                name=shortened(name),
            )


def _is_text(value: Any) -> bool:
    """Whether a text is Unicode; Python and JSON also allow halves of surrogate pairs."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True
