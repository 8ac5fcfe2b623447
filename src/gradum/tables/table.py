"""A table as it was read: raw columns, where they came from, and what was noticed on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.tables.doubt import Doubt


@dataclass(frozen=True)
class Table:
    """A table before anything is decided about its columns."""

    frame: pl.DataFrame
    """The columns as read. A CSV file states no types, so its columns are all strings; the column
    kinds parse them, the same way at training and at prediction."""
    source: str
    """What the table is called in messages: a file's name or "data frame"."""
    notes: tuple[str, ...] = ()
    """What was understood while reading, such as "encoding Latin-1"."""
    typed: bool = True
    """Whether the source states the type of its columns. A CSV file does not; in a source that
    does, whole numbers held as strings are codes rather than quantities."""
    untyped: tuple[str, ...] = ()
    """Columns of text in a typed source that are not known to be text: their cells or fields may be
    of any type, and hold words beside numbers. Whole numbers in them are not codes."""
    decimal: str = "."
    """The decimal sign of "1,234" if no other number tells: a comma in a file that has semicolons
    between its values."""
    numbers: np.ndarray | None = None
    """Of shape (n,). Each row's place in the whole table, from 0, if these are only some of its
    rows."""
    keep_totals: bool = False
    """Whether rows that add up others stay: because the user wants it, or because they have been
    looked for."""
    doubts: tuple[Doubt, ...] = ()
    """What a reader should check about the rows."""
    records: Sequence[Mapping[str, Any]] | None = None
    """The records of which the table was made, if each is to name every column of a model: those
    given as Python objects or with a request, and not those in files."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Sentences on rows that were left out."""
        return tuple(doubt.note for doubt in self.doubts)
