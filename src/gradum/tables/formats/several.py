"""Several tables stacked in order into one, with columns matched by name and types reconciled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from gradum.errors import TableError
from gradum.messages import listed, say, say_plural
from gradum.tables.table import Table
from gradum.tables.wording import SHOWN_NAMES, quoted

LEVELS = (pl.String, pl.Categorical, pl.Enum)
MOMENTS = (pl.Date, pl.Datetime)
WITHIN_INT64 = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


def name_of(paths: Sequence[Path]) -> str:
    """Return what a list of files is called in messages."""
    if len(paths) == 1:
        return paths[0].name
    return say_plural(
        "{name} and {count:,} more file",
        "{name} and {count:,} more files",
        len(paths) - 1,
        name=paths[0].name,
    )


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return what each of several files is called: its name, or its path where names repeat."""
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def stack(tables: Sequence[Table], source: str) -> Table:
    """Stack tables of the same columns one after the other, matching columns by name.

    Raises
    ------
    TableError
        One lacks a column of the first, has another, or holds values of another type; the
        message names the file and the columns.
    """
    first = tables[0]
    for table in tables[1:]:
        _refuse_other_columns(first, table)
    columns = {}
    for name in first.frame.columns:
        parts = [table.frame[name] for table in tables]
        dtype = common_type(parts)
        if dtype is None:
            raise _odd_type(name, tables, parts)
        columns[name] = stacked(parts, dtype)
    return replace(
        first,
        frame=pl.DataFrame(columns),
        source=source,
        untyped=tuple(dict.fromkeys(name for table in tables for name in table.untyped)),
        notes=_notes(tables),
    )


def _refuse_other_columns(first: Table, other: Table) -> None:
    if first.typed != other.typed:
        text, typed = (other, first) if first.typed else (first, other)
        raise TableError(
            "{typed} states the types of its columns, {text} is plain text.",
            "Give files of one kind.",
            typed=typed.source,
            text=text.source,
        )
    known, given = dict.fromkeys(first.frame.columns), dict.fromkeys(other.frame.columns)
    lacking = [name for name in known if name not in given]
    extra = [name for name in given if name not in known]
    clauses = [say("lacks {columns}", columns=_columns(lacking))] if lacking else []
    clauses += [say("has {columns} besides", columns=_columns(extra))] if extra else []
    if clauses:
        raise TableError(
            "{other} has other columns than {first}: it {differs}.",
            "Give files with the same columns.",
            other=other.source,
            first=first.source,
            differs=listed(clauses, "and"),
        )


def _columns(names: Sequence[str]) -> str:
    return say_plural(
        "the column {names}", "the columns {names}", len(names), names=quoted(names, SHOWN_NAMES)
    )


def _odd_type(name: str, tables: Sequence[Table], parts: Sequence[pl.Series]) -> TableError:
    """Say which file is the first to hold a column in a type incompatible with those before it."""
    at = next(k for k in range(1, len(parts)) if common_type(parts[: k + 1]) is None)
    before = next(k for k in range(at) if common_type([parts[k], parts[at]]) is None)
    return TableError(
        "Column {name!r} is {type} in {source}, but {type_before} in {source_before}.",
        "Write it in one type.",
        name=name,
        type=parts[at].dtype,
        source=tables[at].source,
        type_before=parts[before].dtype,
        source_before=tables[before].source,
    )


def _notes(tables: Sequence[Table]) -> tuple[str, ...]:
    """Return what was noted for every file, and, with the file's name, what was noted for some."""
    counts = Counter(note for table in tables for note in dict.fromkeys(table.notes))
    everywhere = [note for note, count in counts.items() if count == len(tables)]
    return (
        *everywhere,
        *(
            say("{source}: {note}", source=table.source, note=note)
            for table in tables
            for note in table.notes
            if note not in everywhere
        ),
    )


def common_type(parts: Sequence[pl.Series]) -> pl.DataType | None:
    """Return the type that can hold the values of all parts, None if there is none.

    Numbers are compatible with numbers, levels with texts, dates with times. A part without a value
    is compatible with everything: its type does not matter.
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
    """Return the parts one after the other, in the type that `common_type` found."""
    return pl.concat([_cast(part, dtype) for part in parts])


def _cast(part: pl.Series, dtype: pl.DataType) -> pl.Series:
    if part.dtype == dtype:
        return part
    if part.null_count() == len(part):
        return pl.Series(part.name, [None] * len(part), dtype)
    if getattr(part.dtype, "time_zone", None) is not None:  # as everywhere: UTC without a zone
        part = part.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return part.cast(dtype)
