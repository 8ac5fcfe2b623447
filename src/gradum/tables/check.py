"""A table checked against a schema: its typed columns, and a note on every difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from gradum.errors import ColumnError, SchemaError, TableError, TargetError
from gradum.messages import listed, marked, say, say_plural
from gradum.tables.columns import Column, Label, Target
from gradum.tables.counts import counted
from gradum.tables.kinds.axis import EPOCH, days_since_epoch
from gradum.tables.schema import Schema
from gradum.tables.table import Table
from gradum.tables.unreadable import Unreadable
from gradum.tables.wording import (
    SHOWN_NAMES,
    nearest_names,
    quoted,
    row_count,
    rows_of,
    rows_text,
    rows_where,
    span,
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


@dataclass(frozen=True)
class Difference:
    """One way in which a table differs from what training saw; it does not stop a prediction.

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

    @property
    def beyond(self) -> bool:
        """Whether values lie outside the training range, or are levels that training never saw."""
        return self.kind in ("unseen levels", "out of range")


MERGED: dict[DifferenceKind, str] = {
    "wrong kind": marked("Column {column!r}: {rows} not of its kind, taken as missing."),
    "unseen levels": marked("Column {column!r}: {rows} of levels that training never saw."),
    "out of range": marked("Column {column!r}: {rows} outside of the range of training."),
    "new missing": marked(
        "Column {column!r}: {rows} missing, where training had a value in every row."
    ),
}


def merged(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Merge the differences of a table's blocks into those of the whole table.

    One that occurs in several blocks is counted over all of them, and names no rows.
    """
    alike: dict[tuple[str, DifferenceKind], list[Difference]] = {}
    for difference in differences:
        alike.setdefault((difference.column, difference.kind), []).append(difference)
    return tuple(_merged(differences) for differences in alike.values())


def _merged(alike: list[Difference]) -> Difference:
    first = alike[0]
    if first.kind not in MERGED:
        return first
    count = sum(difference.count for difference in alike)
    sentence = say(MERGED[first.kind], column=first.column, rows=row_count(count))
    return Difference(first.column, first.kind, count, (), sentence)


@dataclass(frozen=True)
class Checked:
    """A table that passed the door.

    Attributes
    ----------
    frame : polars.DataFrame
        The columns in use, in the schema's order: numeric as Float64 without NaN or infinities
        (features of a whole table as Float32 if it holds each of their numbers exactly); boolean as
        Boolean, categorical and text as stripped String, date as Datetime("us") in UTC; null where
        missing.
    schema : Schema
    differences : tuple of Difference
    source : str
        What the table is called in messages; the schema's name for it if left out.
    numbers : ndarray of shape (n,), optional
        Each row's place in the table, from 0, if rows have been left out.
    unreadable : tuple of Unreadable
        The values that are not of their column's kind.
    """

    frame: pl.DataFrame
    schema: Schema
    differences: tuple[Difference, ...] = ()
    source: str = ""
    numbers: np.ndarray | None = None
    unreadable: tuple[Unreadable, ...] = ()

    def named(self, role: str, column: str) -> str:
        """Name a column in a message, by its role in words such as "Target"."""
        source = self.source or self.schema.source
        return say("{role} {column!r} of {source}", role=role, column=column, source=source)

    def complete(self, names: Sequence[str]) -> np.ndarray:
        """Return columns of numbers or booleans as numbers (n, k).

        Raises
        ------
        TableError
            A row has no value; the message names the column and the rows.
        """
        columns = []
        for name in names:
            values = self.frame[name].cast(pl.Float64).fill_nan(None)
            missing = values.is_null()
            if missing.any():
                raise TableError(
                    say(
                        "Column {column!r} of {source} has no number in {rows}.",
                        column=name,
                        source=self.source or self.schema.source,
                        rows=self.rows_text(missing),
                    ),
                    say("Give one in every row, or leave these rows out."),
                )
            columns.append(values.to_numpy())
        return np.column_stack(columns)

    def rows_text(self, where: np.ndarray | pl.Series) -> str:
        """Name the rows where a mask holds, as the table numbers them."""
        positions = np.flatnonzero(where)
        numbers = positions if self.numbers is None else self.numbers[positions]
        return rows_text(rows_of(numbers), len(numbers))


def check(
    table: Table,
    schema: Schema,
    *,
    encoder: Encoder | None = None,
    require_target: bool = False,
    also: Collection[str] = (),
    block: bool = False,
) -> Checked:
    """Return the typed columns of a table that a schema asks for.

    Parameters
    ----------
    table : Table
    schema : Schema
    encoder : Encoder, optional
        Fitted on training rows; if given, unseen levels and values out of range are reported.
    require_target : bool
        Whether the table must have the target.
    also : collection of str
        Further columns to return, which the schema knows but leaves out.
    block : bool
        Whether these are some rows of a larger table, in which a column may by chance hold nothing
        of its kind.

    Raises
    ------
    SchemaError
        A feature is missing (with the nearest names), or none of its values is of its kind, unless
        this is a block.
    """
    _refuse_missing_columns(table, schema, require_target)
    typed: list[pl.Series] = []
    differences: list[Difference] = []
    unreadable: list[Unreadable] = []
    given = dict.fromkeys(table.frame.columns)
    for column in schema.columns:
        wanted = column.role != "unused" or column.name in also
        if not wanted or column.name not in given:
            continue
        raw = table.frame[column.name]
        values = column.traits.parse(raw, column.parse).alias(column.name)
        kept = values if block or column.role != "feature" else narrowed(values, raw)
        typed.append(kept)
        unread = Unreadable.of(raw, values, column)
        if unread is not None:
            if not block:
                unread.refuse_alone(table.source)
            unreadable.append(unread)
            sentence = unread.sentence(table.source)
            differences.append(
                Difference(column.name, "wrong kind", unread.count, unread.rows, sentence)
            )
        if column.role == "feature":
            differences += _new_missing(values, column)
            differences += _unseen(values, encoder)
            differences += _out_of_range(values, encoder)
            differences += _out_of_dates(values, encoder)
    known = {column.name for column in schema.columns}
    differences += [_extra(name) for name in given if name not in known]
    frame = pl.DataFrame({values.name: values for values in typed})
    return Checked(frame, schema, tuple(differences), table.source, unreadable=tuple(unreadable))


def narrowed(values: pl.Series, raw: pl.Series) -> pl.Series:
    """Return a typed column in half the memory, if float32 holds each of its numbers exactly.

    ``raw`` is the column that it was read from, and is returned instead if it holds the same.
    """
    if values.dtype != pl.Float64:
        return values
    if raw.dtype == pl.Float32 and raw.null_count() == values.null_count():
        return raw
    narrow = values.cast(pl.Float32)
    return narrow if (narrow.cast(pl.Float64) == values).all() else values


def widened(frame: pl.DataFrame) -> pl.DataFrame:
    """Return typed columns with every number in float64."""
    return frame.with_columns(pl.col(pl.Float32).cast(pl.Float64))


def check_blocks(
    tables: Iterable[Table],
    schema: Schema,
    *,
    encoder: Encoder | None = None,
    require_target: bool = False,
    also: Collection[str] = (),
) -> Iterator[tuple[Table, Checked]]:
    """Check a table block by block; yield each block as it was given and as it was read.

    This accepts and refuses what `check` accepts and refuses for the whole table: a column is
    refused only after the last block, if no block holds any value of its kind.

    Raises
    ------
    SchemaError
        As `check`.
    """
    read: set[str] = set()
    alone: dict[str, Unreadable] = {}
    source = ""
    for table in tables:
        checked = check(
            table, schema, encoder=encoder, require_target=require_target, also=also, block=True
        )
        source = table.source
        read |= {values.name for values in checked.frame if values.null_count() < len(values)}
        for unreadable in filter(attrgetter("alone"), checked.unreadable):
            name = unreadable.column.name
            alone[name] = alone[name].then(unreadable) if name in alone else unreadable
        yield table, checked
    for column in schema.columns:
        if column.name in alone and column.name not in read:
            alone[column.name].refuse_alone(source)


def _refuse_missing_columns(table: Table, schema: Schema, require_target: bool) -> None:
    names = dict.fromkeys(table.frame.columns)
    needed = [column.name for column in schema.features]
    if require_target and schema.target is not None:
        needed.append(schema.target.name)
    absent = [name for name in needed if name not in names]
    if not absent:
        return
    wanted = set(needed)
    free = [name for name in names if name not in wanted]
    close = [
        say("{other!r} to {name!r}", other=other, name=name)
        for name in absent[:SHOWN_NAMES]
        for other in nearest_names(name, free)[:1]
    ]
    lacking = say_plural(
        "{source} lacks the column {absent}.",
        "{source} lacks the {count} columns {absent}.",
        len(absent),
        source=table.source,
        absent=quoted(absent, SHOWN_NAMES),
    )
    if not close:
        raise SchemaError(lacking, say_plural("Add the column.", "Add the columns.", len(absent)))
    remedy = say_plural(
        "Rename {pairs}, or add the column.",
        "Rename {pairs}, or add the columns.",
        len(absent),
        pairs=listed(close[:3]),
    )
    raise SchemaError(lacking, remedy)


def _new_missing(values: pl.Series, column: Column) -> list[Difference]:
    count = values.null_count()
    if column.missing or not count:
        return []
    rows = rows_where(values.is_null())
    sentence = say(
        "Column {name!r} had a value in every row of training, but has none in {rows}.",
        name=column.name,
        rows=rows_text(rows, count),
    )
    return [Difference(column.name, "new missing", count, rows, sentence)]


def _unseen(values: pl.Series, encoder: Encoder | None) -> list[Difference]:
    where = None if encoder is None else levels_unseen(values, encoder)
    if where is None or not where.any():
        return []
    unseen = values.filter(where).unique(maintain_order=True)
    rows, count = rows_where(where), int(where.sum())
    sentence = say_plural(
        "Column {name!r} has {count:,} level that training never saw ({unseen}), in {rows}.",
        "Column {name!r} has {count:,} levels that training never saw ({unseen}), in {rows}.",
        len(unseen),
        name=values.name,
        unseen=quoted(unseen),
        rows=rows_text(rows, count),
    )
    return [Difference(values.name, "unseen levels", count, rows, sentence)]


def levels_unseen(values: pl.Series, encoder: Encoder) -> pl.Series | None:
    """Tell which rows have a level that training never saw (n,); None if no levels were kept."""
    if values.dtype != pl.String or values.name not in encoder.levels:
        return None
    levels = values.unique(maintain_order=True)
    unseen = levels.filter(~levels.is_in(encoder.known[values.name]))  # null where it is missing
    return values.is_in(unseen.implode()).fill_null(False)


def dates_out_of_range(values: pl.Series, encoder: Encoder) -> pl.Series | None:
    """Tell which rows have a date outside the training range (n,); None if it is no date column."""
    if not values.dtype.is_temporal() or values.name not in encoder.ranges:
        return None
    low, high = encoder.ranges[values.name]
    days = values.to_frame().select(days_since_epoch(values.name)).to_series()
    return ((days < low) | (days > high)).fill_null(False)


def _outside(name: str, where: pl.Series, known: str) -> Difference:
    """Say which rows lie outside a column's training range."""
    rows, count = rows_where(where), int(where.sum())
    sentence = say_plural(
        "Column {name!r} ranged {range} in training; {rows} is outside.",
        "Column {name!r} ranged {range} in training; {rows} are outside.",
        count,
        name=name,
        range=known,
        rows=rows_text(rows, count),
    )
    return Difference(name, "out of range", count, rows, sentence)


def _out_of_dates(values: pl.Series, encoder: Encoder | None) -> list[Difference]:
    where = None if encoder is None else dates_out_of_range(values, encoder)
    if encoder is None or where is None or not where.any():
        return []
    first, last = (str(EPOCH + timedelta(days=end))[:10] for end in encoder.ranges[values.name])
    return [_outside(values.name, where, say("from {first} to {last}", first=first, last=last))]


def _out_of_range(values: pl.Series, encoder: Encoder | None) -> list[Difference]:
    if encoder is None or values.dtype != pl.Float64 or values.name not in encoder.ranges:
        return []
    low, high = encoder.ranges[values.name]
    smallest, largest = values.min(), values.max()
    if smallest is None or (smallest >= low and largest <= high):  # type: ignore[operator]
        return []
    where = ((values < low) | (values > high)).fill_null(False)
    return [_outside(values.name, where, span(low, high))]


def _extra(name: str) -> Difference:
    return Difference(
        name, "extra column", 0, (), say("Column {name!r} is not known; ignored.", name=name)
    )


def target_values(checked: Checked) -> np.ndarray:
    """Return the target, [n].

    Float64 in raw units for regression, NaN where missing; for classes int64 positions in
    ``schema.target.classes``, -1 where missing or in ``schema.target.left_out``.

    Raises
    ------
    TargetError
        The schema or the table has no target, or a label was never seen in training.
    """
    target = checked.schema.target
    if target is None or target.name not in checked.frame.columns:
        raise TargetError(
            say("{source} has no column {name!r}.", source=checked.source, name=target.name)
            if target
            else say("{source} has no column that is the target.", source=checked.source),
            say("Add it to the table."),
        )
    values = checked.frame[target.name]
    if target.task == "regression":
        return values.to_numpy().astype(np.float64)
    codes = class_codes(checked)
    unseen = (codes == -1) & has_target(checked)
    if unseen.any():
        examples = quoted(values.filter(unseen).unique(maintain_order=True))
        raise TargetError(
            say(
                "{column} has labels that training never saw in {rows}: {examples}.",
                column=checked.named(say("Target"), target.name),
                rows=checked.rows_text(unseen),
                examples=examples,
            ),
            say(
                "Make them one of {classes}, or leave these rows out.",
                classes=quoted(target.classes, SHOWN_NAMES),
            ),
        )
    return codes.to_numpy()


def class_codes(checked: Checked) -> pl.Series:
    """Return each label's position in ``schema.target.classes``, -1 if it is no class (n,)."""
    target = checked.schema.target
    assert target is not None
    values = checked.frame[target.name]
    labels = _typed_labels(target.classes, values.dtype)
    codes = values.replace_strict(
        labels, list(range(len(labels))), default=-1, return_dtype=pl.Int64
    )
    return codes.fill_null(-1)


def has_target(checked: Checked) -> pl.Series:
    """Return which rows have a target whose class is not left out (n,)."""
    target = checked.schema.target
    assert target is not None
    values = checked.frame[target.name]
    return values.is_not_null() & ~_is_left_out(values, target)


def _is_left_out(values: pl.Series, target: Target) -> pl.Series:
    labels = _typed_labels(target.left_out, values.dtype)
    return values.is_in(labels.implode()).fill_null(False)


def left_out_counts(checked: Checked) -> dict[Label, int]:
    """Return how many rows hold each label that is left out, the most frequent first."""
    target = checked.schema.target
    if target is None or not target.left_out:
        return {}
    values = checked.frame[target.name]
    counts = dict(counted(values).iter_rows())
    typed = _typed_labels(target.left_out, values.dtype)
    left_out = {
        label: counts.get(value, 0) for label, value in zip(target.left_out, typed, strict=True)
    }
    return dict(sorted(left_out.items(), key=lambda pair: -pair[1]))


def _typed_labels(labels: tuple[Label, ...], dtype: pl.DataType) -> pl.Series:
    as_typed = {pl.String: str, pl.Boolean: bool}.get(type(dtype), float)
    return pl.Series([as_typed(label) for label in labels], dtype=dtype)


def weight_values(checked: Checked) -> np.ndarray | None:
    """Return the weight of each row, float64 [n], None without a weight column.

    Raises
    ------
    ColumnError
        A weight is missing, negative, or all are zero.
    """
    weights = weights_of_block(checked)
    if weights is not None and not weights.any():
        raise without_weight(checked.named(say("Weight column"), checked.schema.weight or ""))
    return weights


def without_weight(column: str) -> ColumnError:
    """Return the error for a weight column of this name that leaves every row out."""
    return ColumnError(
        say("{column} is 0 in every row.", column=column), say("Give rows a weight above 0.")
    )


def weights_of_block(checked: Checked) -> np.ndarray | None:
    """Return `weight_values` of some rows of a larger table, all of which may have weight 0."""
    values = _role_values(checked, checked.schema.weight, say("Weight column"))
    if values is None:
        return None
    weights = values.to_numpy().astype(np.float64)
    column = checked.named(say("Weight column"), values.name)
    if (weights < 0).any():
        raise ColumnError(
            say(
                "{column} is negative in {rows}.",
                column=column,
                rows=checked.rows_text(weights < 0),
            ),
            say("Give weights from 0 up; 0 leaves a row out."),
        )
    return weights


def group_values(checked: Checked) -> np.ndarray | None:
    """Return the group of each row as int64 codes from 0, [n], None without a group column.

    Raises
    ------
    ColumnError
        A row has no group.
    """
    values = group_names(checked)
    return None if values is None else values.rank("dense").cast(pl.Int64).to_numpy() - 1


def group_names(checked: Checked) -> pl.Series | None:
    """Return the group of each row as written in the table (n,), None without a group column.

    Raises
    ------
    ColumnError
        A row has no group.
    """
    return _role_values(checked, checked.schema.group, say("Group column"))


def time_values(checked: Checked) -> np.ndarray | None:
    """Return the time of each row, [n], None without a time column.

    Int64 microseconds since 1970 (UTC) for dates, float64 for numbers.

    Raises
    ------
    ColumnError
        A row has no time.
    """
    values = _role_values(checked, checked.schema.time, say("Time column"))
    return None if values is None else times_of(values)


def times_of(values: pl.Series) -> np.ndarray:
    """Return a typed column's times in the form of `time_values`."""
    return values.to_physical().to_numpy()


def _role_values(checked: Checked, name: str | None, role: str) -> pl.Series | None:
    if name is None or name not in checked.frame.columns:
        return None
    values = checked.frame[name]
    if values.null_count():
        raise ColumnError(
            say(
                "{column} has no usable value in {rows}.",
                column=checked.named(role, name),
                rows=checked.rows_text(values.is_null()),
            ),
            say("Fill them in, or leave these rows out."),
        )
    return values
