"""A table checked against a schema: its typed columns, and a note on every difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradum.errors import SchemaError, TableError
from gradum.messages import listed, say, say_plural
from gradum.tables.check.differences import (
    Difference,
    are_known,
    differences_of,
    other_reading,
    unknown_column,
    wrong_kind,
)
from gradum.tables.check.record_names import RecordNames
from gradum.tables.forecast.pairs import in_pairs
from gradum.tables.schema.schema import Schema
from gradum.tables.table import Table
from gradum.tables.unreadable import Unreadable
from gradum.tables.wording import SHOWN_NAMES, nearest_names, quoted, rows_of, rows_text

if TYPE_CHECKING:
    from gradum.tables.encode import Encoder


@dataclass(frozen=True)
class Checked:
    """A table that passed the door."""

    frame: pl.DataFrame
    """The columns in use, in the schema's order: numeric as Float64 without NaN or infinities
    (features of a whole table as Float32 if it holds each of their numbers exactly); boolean as
    Boolean, categorical and text as stripped String, date as Datetime("us") in UTC; null where
    missing."""
    schema: Schema
    differences: tuple[Difference, ...] = ()
    source: str = ""
    """What the table is called in messages; the schema's name for it if left out."""
    numbers: np.ndarray | None = None
    """Of shape (n,). Each row's place in the table, from 0, if rows have been left out."""
    unreadable: tuple[Unreadable, ...] = ()
    """The values that are not of their column's kind."""

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
                    "Column {column!r} of {source} has no number in {rows}.",
                    "Give one in every row, or leave these rows out.",
                    column=name,
                    source=self.source or self.schema.source,
                    rows=self.rows_text(missing),
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
        this is a block. A record lacks one, or has a name that the schema does not know, unless the
        table must have the target: to be judged, it may have columns of others' answers.
    """
    table = in_pairs(table, schema.forecast)
    if table.records is not None:
        RecordNames(schema).check(table.records, also=None if require_target else ())
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
        seen = are_known(raw, encoder)  # to clean texts takes ten times as long as to look them up
        values = raw if seen else column.traits.parse(raw, column.parse).alias(column.name)
        if raw.dtype == pl.Boolean and encoder is not None and column.name in encoder.levels:
            values = truths_as_levels(values, encoder.levels[column.name])
        kept = values if block or column.role != "feature" else narrowed(values, raw)
        typed.append(kept)
        unread = Unreadable.of(raw, values, column, table.numbers)
        if unread is not None:
            if not block:
                unread.refuse_alone(table.source)
            unreadable.append(unread)
            differences.append(wrong_kind(unread, table.source))
        if column.role == "feature":
            learned = None if seen else encoder
            if how := column.traits.other_reading(raw, column.parse):
                differences.append(other_reading(column.name, how))
            differences += differences_of(values, column, learned, table.numbers)
    known = {column.name for column in schema.columns}
    differences += [unknown_column(name) for name in given if name not in known]
    frame = pl.DataFrame({values.name: values for values in typed})
    return Checked(frame, schema, tuple(differences), table.source, unreadable=tuple(unreadable))


def truths_as_levels(values: pl.Series, levels: Sequence[str]) -> pl.Series:
    """Return "True" and "False" as a column of levels writes them: ``true``, perhaps, or ``TRUE``.

    The texts of booleans, that is: programs write them in different letters.
    """
    written = {level.lower(): level for level in reversed(levels)}
    return values.replace({word: written.get(word.lower(), word) for word in ("True", "False")})


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
    read = ColumnsRead()
    for table in tables:
        checked = check(
            table, schema, encoder=encoder, require_target=require_target, also=also, block=True
        )
        read.add(checked)
        yield table, checked
    read.refuse_unread(schema)


@dataclass
class ColumnsRead:
    """Which columns had a value of their kind in some blocks, and what others held in its place."""

    names: set[str] = field(default_factory=set)
    alone: dict[str, Unreadable] = field(default_factory=dict)
    source: str = ""

    def add(self, checked: Checked) -> None:
        """Take in a block."""
        self.source = checked.source
        self.names |= {values.name for values in checked.frame if values.null_count() < len(values)}
        for unreadable in filter(attrgetter("alone"), checked.unreadable):
            self._add(unreadable)

    def merge(self, later: ColumnsRead) -> None:
        """Take in what later blocks held."""
        self.source = self.source or later.source
        self.names |= later.names
        for unreadable in later.alone.values():
            self._add(unreadable)

    def refuse_unread(self, schema: Schema) -> None:
        """Refuse the first column that no block had a value of.

        Raises
        ------
        SchemaError
        """
        for column in schema.columns:
            if column.name in self.alone and column.name not in self.names:
                self.alone[column.name].refuse_alone(self.source)

    def _add(self, unreadable: Unreadable) -> None:
        name = unreadable.column.name
        known = self.alone.get(name)
        self.alone[name] = unreadable if known is None else known.then(unreadable)


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
