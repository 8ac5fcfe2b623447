"""The encoding of single rows: plain values of a dict become a Design without a frame in between.

`check` and the encoder look at whole columns at once, which takes milliseconds for one row, mostly
to find that nothing is wrong. A value is plain if they would accept it without comment: a number or
a date within the training range, a level that training knew, a gap if training had gaps. Only such
values are read here. A row with any other value is left to `check`, which can explain it, so
nothing here has a message. What a word or a level means is not decided here either: the column's
kind and its encoder step are asked, once.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from types import NoneType
from typing import Any

import numpy as np

from gradum.tables.columns import Column
from gradum.tables.encode import Encoder
from gradum.tables.kinds.blocks import FORMS
from gradum.tables.kinds.design import Design
from gradum.tables.kinds.plain import NUMBERS, NotPlain, Read
from gradum.tables.kinds.values import LARGEST
from gradum.tables.schema.schema import Schema

MOST_ROWS = 256  # for several times as many, whole columns are faster

SINGLE = NUMBERS | {NoneType, bool, np.bool_, str, datetime.date, datetime.datetime, datetime.time}


class RowDoor:
    """Reads the plain rows of one schema as an encoder's design.

    Parameters
    ----------
    encoder : Encoder
        Fitted on training rows of the schema.
    """

    def __init__(self, schema: Schema, encoder: Encoder) -> None:
        self._layout = encoder.layout
        reads: dict[str, list[tuple[str, Read]]] = {name: [] for name in self._layout.blocks}
        for column, step in zip(schema.features, encoder.steps, strict=True):
            reads[step.block].append((column.name, column.traits.plain(column, step)))
        self._blocks = [
            (name, FORMS[name], reads[name], len(columns))
            for name, columns in self._layout.blocks.items()
        ]
        self._of_one_type = [c.name for c in schema.features if c.traits.is_of_one_type]
        self._features = {column.name for column in schema.features}
        self._others = {c.name: _ignoring(c) for c in schema.columns if c.role != "feature"}

    def design(self, data: Any) -> Design | None:
        """Return the design of one dict, or of a list of a few; None if `check` has to look.

        It equals, to the bit, what `check` and the encoder compute; they would report no
        difference.
        """
        rows = [data] if type(data) is dict else data
        if type(rows) is not list or not 0 < len(rows) <= MOST_ROWS:
            return None
        try:
            return self._design(rows)
        except (NotPlain, KeyError, OverflowError):  # KeyError: a column is absent or unknown
            return None

    def _design(self, rows: Sequence[Any]) -> Design:
        for row in rows:
            if type(row) is not dict:  # some subclasses make up missing keys
                raise NotPlain
            if len(row) > len(self._features):
                for name in row.keys() - self._features:
                    self._others[name](row[name])
        arrays = {}
        for block, form, reads, columns in self._blocks:
            values: list[float] = []
            for row in rows:
                for name, read in reads:
                    values += read(row[name])
            arrays[block] = form.of_rows(values, len(rows), columns)
        self._refuse_mixed_types(rows)
        return Design(arrays, self._layout)

    def _refuse_mixed_types(self, rows: Sequence[Any]) -> None:
        """Raise if rows have values of different types in a column that must have one type."""
        for name in self._of_one_type if len(rows) > 1 else ():
            if len({type(row[name]) for row in rows} - {NoneType}) > 1:
                raise NotPlain


def _ignoring(column: Column) -> Read:
    """Look at the value of a column that is no feature: whether `check` would report anything."""
    kind = column.traits
    if column.role == "unused" or not kind.in_words:
        plain = SINGLE
    else:
        plain = NUMBERS if kind.is_quantity else frozenset()

    def read(value: Any) -> tuple[float, ...]:
        fits = type(value) in plain and (plain is SINGLE or abs(float(value)) <= LARGEST)
        if fits or value is None:
            return ()
        raise NotPlain

    return read
