"""Differences of a table from the rows that a model learned from, each with its rows in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from gradum.messages import listed, marked, say, say_plural, sentences
from gradum.tables.columns import Column
from gradum.tables.kinds.axis import place_text, places
from gradum.tables.unreadable import Unreadable
from gradum.tables.wording import (
    SHOWN_EXAMPLES,
    full_stop,
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
    "absent column",
    "extra column",
    "other reading",
    "wrong kind",
    "unseen levels",
    "out of range",
    "new missing",
]


MOST_COMPARED = 200
"""Levels that an unseen one is compared with letter by letter."""


@dataclass(frozen=True)
class Difference:
    """One way in which a table differs from what training saw; it does not stop a prediction."""

    column: str
    kind: DifferenceKind
    count: int
    """Rows concerned."""
    rows: tuple[int, ...]
    """The first few of them, counted from 1."""
    sentence: str
    """The difference in words."""

    @property
    def beyond(self) -> bool:
        """Whether values lie outside the training range, or are levels that training never saw."""
        return self.kind in ("unseen levels", "out of range")


def unknown_column(name: str) -> Difference:
    """Return the difference that a column not in the schema makes."""
    return Difference(
        name, "extra column", 0, (), say("Column {name!r} is not known; ignored.", name=name)
    )


def absent_in(name: str, places: Sequence[int]) -> Difference:
    """Return the difference that records without a column make, which are at places from 0."""
    rows = rows_of(np.array(places))
    sentence = say(
        "Column {name!r} is absent from {rows}, and taken as missing.",
        name=name,
        rows=rows_text(rows, len(places)),
    )
    return Difference(name, "absent column", len(places), rows, sentence)


def other_reading(name: str, how: str) -> Difference:
    """Return the difference that a column makes that is read in another way, said in words."""
    sentence = full_stop(say("Column {name!r}: {how}", name=name, how=how))
    return Difference(name, "other reading", 0, (), sentence)


def wrong_kind(unreadable: Unreadable, source: str) -> Difference:
    """Return the difference that values not of their column's kind make, in a table so called."""
    return Difference(
        unreadable.column.name,
        "wrong kind",
        unreadable.count,
        unreadable.rows,
        unreadable.sentence(source),
    )


def differences_of(
    values: pl.Series,
    column: Column,
    encoder: Encoder | None = None,
    numbers: np.ndarray | None = None,
) -> Iterator[Difference]:
    """Yield the differences of a feature's typed values from those of training.

    Without a fitted encoder, only values that are missing for the first time are found.
    ``numbers`` (n,) are the rows' places in their table, if some have been left out.
    """
    yield from _new_missing(values, column, numbers)
    if encoder is not None:
        yield from _unseen(values, encoder, numbers)
        yield from _out_of_range(values, encoder, numbers)
        yield from _out_of_dates(values, encoder, numbers)


def _new_missing(
    values: pl.Series, column: Column, numbers: np.ndarray | None
) -> Iterator[Difference]:
    count = values.null_count()
    if column.missing or not count:
        return
    rows = rows_where(values.is_null(), numbers)
    sentence = say(
        "Column {name!r} had a value in every row of training, but has none in {rows}.",
        name=column.name,
        rows=rows_text(rows, count),
    )
    yield Difference(column.name, "new missing", count, rows, sentence)


def _unseen(
    values: pl.Series, encoder: Encoder, numbers: np.ndarray | None
) -> Iterator[Difference]:
    where = levels_unseen(values, encoder)
    if where is None:
        return
    unseen = values.filter(where).unique(maintain_order=True)
    rows, count = rows_where(where, numbers), int(where.sum())
    sentence = say_plural(
        "Column {name!r} has {count:,} level that training never saw ({unseen}), in {rows}.",
        "Column {name!r} has {count:,} levels that training never saw ({unseen}), in {rows}.",
        len(unseen),
        name=values.name,
        unseen=quoted(unseen),
        rows=rows_text(rows, count),
    )
    near = nearest_levels(unseen.head(SHOWN_EXAMPLES), encoder.levels[values.name])
    if near:
        meant = say("Did you mean {names}?", names=listed([repr(name) for name in near], "or"))
        sentence = sentences((sentence, meant))
    yield Difference(values.name, "unseen levels", count, rows, sentence)


def nearest_levels(unseen: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return the known levels that unseen ones may mean, one of each that resembles one.

    Capital letters, blanks and signs count for nothing; other letters are compared where levels are
    few, as that takes long.
    """
    alike = {_folded(level): level for level in reversed(known)}
    found = []
    for level in unseen:
        near = alike.get(_folded(level))
        if near is None and len(known) <= MOST_COMPARED:
            near = next(iter(nearest_names(level, known)), None)
        found += [] if near is None else [near]
    return list(dict.fromkeys(found))


def _folded(level: str) -> str:
    return "".join(filter(str.isalnum, level.casefold())) or level


def are_known(raw: pl.Series, encoder: Encoder | None) -> bool:
    """Whether a column as given holds nothing but levels that training saw, as they are kept."""
    if encoder is None or raw.dtype != pl.String or raw.name not in encoder.levels:
        return False
    return levels_unseen(raw, encoder) is None


def levels_unseen(values: pl.Series, encoder: Encoder) -> pl.Series | None:
    """Tell which rows have a level that training never saw (n,); None if none is known to."""
    if values.dtype != pl.String or values.name not in encoder.levels:
        return None
    known = values.cast(encoder.known[values.name], strict=False)  # others become null
    if known.null_count() == values.null_count():
        return None
    return known.is_null() & values.is_not_null()


def _out_of_range(
    values: pl.Series, encoder: Encoder, numbers: np.ndarray | None
) -> Iterator[Difference]:
    if values.dtype != pl.Float64 or values.name not in encoder.ranges:
        return
    low, high = encoder.ranges[values.name]
    smallest, largest = values.min(), values.max()
    if smallest is None or (smallest >= low and largest <= high):  # type: ignore[operator]
        return
    found = values.to_numpy()  # NaN where nothing is known, which is neither
    yield _outside(values.name, (found < low) | (found > high), span(low, high), numbers)


def _out_of_dates(
    values: pl.Series, encoder: Encoder, numbers: np.ndarray | None
) -> Iterator[Difference]:
    where = dates_out_of_range(values, encoder)
    if where is None or not where.any():
        return
    ends = encoder.ranges[values.name]
    first, last = (place_text(end, values.dtype) for end in ends)
    known = say("from {first} to {last}", first=first, last=last)
    yield _outside(values.name, where, known, numbers)


def dates_out_of_range(values: pl.Series, encoder: Encoder) -> pl.Series | None:
    """Tell which rows have a date outside the training range (n,); None if it is no date column."""
    if not values.dtype.is_temporal() or values.name not in encoder.ranges:
        return None
    low, high = encoder.ranges[values.name]
    at = values.to_frame().select(places(values.name, values.dtype)).to_series()
    return ((at < low) | (at > high)).fill_null(False)


def _outside(
    name: str, where: np.ndarray | pl.Series, known: str, numbers: np.ndarray | None
) -> Difference:
    """Say which rows lie outside a column's training range."""
    rows, count = rows_where(where, numbers), int(where.sum())
    sentence = say_plural(
        "Column {name!r} ranged {range} in training; {rows} is outside.",
        "Column {name!r} ranged {range} in training; {rows} are outside.",
        count,
        name=name,
        range=known,
        rows=rows_text(rows, count),
    )
    return Difference(name, "out of range", count, rows, sentence)


MERGED: dict[DifferenceKind, str] = {
    "wrong kind": marked("Column {column!r}: {rows} not of its kind, taken as missing."),
    "unseen levels": marked("Column {column!r}: {rows} with levels that training never saw."),
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
