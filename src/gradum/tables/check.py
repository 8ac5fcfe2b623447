"""The door: a table against a schema, typed columns out, and every difference said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from gradum.errors import ColumnError, SchemaError, TargetError
from gradum.tables.columns import Column
from gradum.tables.kinds import PARSED
from gradum.tables.kinds.values import clean
from gradum.tables.schema import Schema
from gradum.tables.table import Table
from gradum.tables.wording import (
    counted,
    nearest,
    number,
    quoted,
    rows_of,
    rows_text,
    rows_where,
)

if TYPE_CHECKING:
    from gradum.tables.encode import Encoder

DifferenceKind = Literal[
    "missing column",
    "extra column",
    "wrong kind",
    "unseen levels",
    "out of range",
    "new missing",
]
KIND_WORDS = {"numeric": "numbers", "boolean": "yes or no", "date": "dates"}


@dataclass(frozen=True)
class Difference:
    """One way in which a table is not what training saw; nothing that stops a prediction.

    Attributes
    ----------
    column : str
    kind : str
    count : int
        Rows concerned.
    rows : tuple of int
        The first few of them, counted from 1.
    sentence : str
        The difference in words.
    """

    column: str
    kind: DifferenceKind
    count: int
    rows: tuple[int, ...]
    sentence: str


@dataclass(frozen=True)
class Checked:
    """A table that passed the door.

    Attributes
    ----------
    frame : polars.DataFrame
        The columns in use, in the schema's order: numeric as Float64 without NaN or infinities,
        boolean as Boolean, categorical and text as stripped String, date as Datetime("us") in
        UTC; null where missing.
    schema : Schema
    differences : tuple of Difference
    """

    frame: pl.DataFrame
    schema: Schema
    differences: tuple[Difference, ...] = ()


def check(
    table: Table, schema: Schema, *, encoder: Encoder | None = None, require_target: bool = False
) -> Checked:
    """Return the typed columns of a table that a schema asks for.

    Parameters
    ----------
    table : Table
    schema : Schema
    encoder : Encoder, optional
        Fitted on training rows; unseen levels and values out of range are then reported.
    require_target : bool
        Whether the target must be there.

    Raises
    ------
    SchemaError
        A feature is missing (with the nearest names), or none of its values is of its kind.
    """
    _refuse_missing_columns(table, schema, require_target)
    typed: list[pl.Series] = []
    differences: list[Difference] = []
    for column in schema.columns:
        if column.role == "unused" or column.name not in table.frame.columns:
            continue
        raw = table.frame[column.name]
        values = PARSED[column.kind].parse(raw, column.parse).alias(column.name)
        typed.append(values)
        differences += _unreadable(raw, values, column, table.source)
        if column.role == "feature":
            differences += _new_missing(values, column)
            differences += _unseen(values, encoder)
            differences += _out_of_range(values, encoder)
    known = {column.name for column in schema.columns}
    differences += [_extra(name) for name in table.frame.columns if name not in known]
    frame = pl.DataFrame({values.name: values for values in typed})
    return Checked(frame, schema, tuple(differences))


def _refuse_missing_columns(table: Table, schema: Schema, require_target: bool) -> None:
    names = table.frame.columns
    needed = [column.name for column in schema.features]
    if require_target and schema.target is not None:
        needed.append(schema.target.name)
    absent = [name for name in needed if name not in names]
    if not absent:
        return
    free = [name for name in names if name not in needed]
    remedy = " ".join(f"{name!r}: {nearest(name, free, 'other columns')}" for name in absent[:3])
    what = "column" if len(absent) == 1 else f"{len(absent)} columns"
    raise SchemaError(f"{table.source} lacks the {what} {quoted(absent, 8)}.", remedy)


def _unreadable(raw: pl.Series, values: pl.Series, column: Column, source: str) -> list[Difference]:
    """Return the difference of values that are not of the column's kind."""
    if column.kind not in KIND_WORDS or values.null_count() == raw.null_count():
        return []
    present = _present(raw, column)
    bad = present & values.is_null()
    count = int(bad.sum())
    if not count:
        return []
    examples = quoted(raw.filter(bad).unique(maintain_order=True).head(4))
    what = f"column {column.name!r} of {source} should hold {KIND_WORDS[column.kind]}"
    if count == present.sum() and column.role == "feature":
        raise SchemaError(f"{what}, but holds {examples}.", "Correct the column.")
    rows = rows_where(bad)
    verb = "is" if count == 1 else "are"
    sentence = f"{what}; {rows_text(rows, count)} ({examples}) {verb} taken as missing."
    return [Difference(column.name, "wrong kind", count, rows, sentence)]


def _present(raw: pl.Series, column: Column) -> pl.Series:
    """Return where a raw column has a value, whatever it is."""
    if raw.dtype.is_float():
        return raw.is_not_null() & raw.is_not_nan()
    if raw.dtype in (pl.String, pl.Categorical, pl.Enum):
        return clean(raw, column.parse).is_not_null()
    return raw.is_not_null()


def _new_missing(values: pl.Series, column: Column) -> list[Difference]:
    count = values.null_count()
    if column.missing or not count:
        return []
    rows = rows_where(values.is_null())
    sentence = (
        f"column {column.name!r} had a value in every row of training, but has none in "
        f"{rows_text(rows, count)}."
    )
    return [Difference(column.name, "new missing", count, rows, sentence)]


def _unseen(values: pl.Series, encoder: Encoder | None) -> list[Difference]:
    if encoder is None or values.dtype != pl.String or values.name not in encoder.levels:
        return []
    known = pl.Series(encoder.levels[values.name], dtype=pl.String)
    levels = values.unique(maintain_order=True).drop_nulls()
    unseen = levels.filter(~levels.is_in(known.implode()))
    if not len(unseen):
        return []
    where = values.is_in(unseen.implode()).fill_null(False)
    rows, count = rows_where(where), int(where.sum())
    sentence = (
        f"column {values.name!r} has {counted(len(unseen), 'level')} that training never saw "
        f"({quoted(unseen)}), in {rows_text(rows, count)}."
    )
    return [Difference(values.name, "unseen levels", count, rows, sentence)]


def _out_of_range(values: pl.Series, encoder: Encoder | None) -> list[Difference]:
    if encoder is None or values.dtype != pl.Float64 or values.name not in encoder.ranges:
        return []
    low, high = encoder.ranges[values.name]
    smallest, largest = values.min(), values.max()
    if smallest is None or (smallest >= low and largest <= high):  # type: ignore[operator]
        return []
    where = ((values < low) | (values > high)).fill_null(False)
    rows, count = rows_where(where), int(where.sum())
    sentence = (
        f"column {values.name!r} ranged from {number(low)} to {number(high)} in training; "
        f"{rows_text(rows, count)} {'is' if count == 1 else 'are'} outside."
    )
    return [Difference(values.name, "out of range", count, rows, sentence)]


def _extra(name: str) -> Difference:
    return Difference(name, "extra column", 0, (), f"column {name!r} is not known; ignored.")


def target_values(checked: Checked) -> np.ndarray:
    """Return the target, [n].

    Float64 in raw units for regression, NaN where missing; for classes int64 positions in
    ``schema.target.classes``, -1 where missing.

    Raises
    ------
    TargetError
        The schema or the table has no target, or a label was never seen in training.
    """
    target = checked.schema.target
    if target is None or target.name not in checked.frame.columns:
        name = target.name if target else "target"
        raise TargetError(f"there is no target column {name!r}.", "Add it to the table.")
    values = checked.frame[target.name]
    if target.task == "regression":
        return values.to_numpy().astype(np.float64)
    as_typed = {pl.String: str, pl.Boolean: bool}.get(type(values.dtype), float)
    labels = pl.Series([as_typed(label) for label in target.classes], dtype=values.dtype)
    codes = values.replace_strict(
        labels, list(range(len(labels))), default=-1, return_dtype=pl.Int64
    )
    unseen = (codes == -1) & values.is_not_null()
    if unseen.any():
        examples = quoted(values.filter(unseen).unique(maintain_order=True))
        raise TargetError(
            f"target {target.name!r} has labels that training never saw in "
            f"{rows_text(rows_where(unseen), int(unseen.sum()))}: {examples}.",
            f"The classes are {quoted(target.classes, 8)}.",
        )
    return codes.fill_null(-1).to_numpy()


def weight_values(checked: Checked) -> np.ndarray | None:
    """Return the weight of each row, float64 [n], None without a weight column.

    Raises
    ------
    ColumnError
        A weight is missing, negative, or all are zero.
    """
    values = _role_values(checked, checked.schema.weight, "weight")
    if values is None:
        return None
    weights = values.to_numpy().astype(np.float64)
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        raise ColumnError(
            f"weight column {values.name!r} is negative in "
            f"{rows_text(rows_of(negative), len(negative))}.",
            "Weights must be 0 or more.",
        )
    if not weights.any():
        raise ColumnError(
            f"weight column {values.name!r} is 0 in every row.", "Give some row a weight."
        )
    return weights


def group_values(checked: Checked) -> np.ndarray | None:
    """Return the group of each row as int64 codes from 0, [n], None without a group column.

    Raises
    ------
    ColumnError
        A row has no group.
    """
    values = _role_values(checked, checked.schema.group, "group")
    return None if values is None else values.rank("dense").cast(pl.Int64).to_numpy() - 1


def time_values(checked: Checked) -> np.ndarray | None:
    """Return the time of each row, [n], None without a time column.

    Int64 microseconds since 1970 (UTC) for dates, float64 for numbers.

    Raises
    ------
    ColumnError
        A row has no time.
    """
    values = _role_values(checked, checked.schema.time, "time")
    if values is None:
        return None
    return values.to_physical().to_numpy()


def _role_values(checked: Checked, name: str | None, role: str) -> pl.Series | None:
    if name is None or name not in checked.frame.columns:
        return None
    values = checked.frame[name]
    if values.null_count():
        rows = rows_text(rows_where(values.is_null()), values.null_count())
        raise ColumnError(
            f"{role} column {name!r} has no usable value in {rows}.",
            "Fill them in, or leave these rows out.",
        )
    return values
