"""The names in records held against the columns that a model knows.

A table that lacks a column is refused, and an extra one is noted. In a record a name is typed by
hand or by a program: one letter off, and the value would be missing. So each record names every
column that the model learned from, with None where no value is known, and none besides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gradum.errors import SchemaError
from gradum.messages import say
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import SHOWN_NAMES, nearest_names, quoted


class RecordNames:
    """The names that the records of one schema have.

    Parameters
    ----------
    schema : Schema
        Features have to be named; other columns may be.
    """

    def __init__(self, schema: Schema) -> None:
        self.features = frozenset(column.name for column in schema.features)
        self._known = frozenset(column.name for column in schema.columns)
        self._numbers = [column.name for column in schema.features if column.traits.is_quantity]

    def check(
        self, records: Sequence[Mapping[str, Any]], *, also: Collection[str] | None = ()
    ) -> None:
        """Refuse records with other names, and true or false for a number.

        Parameters
        ----------
        also : collection of str, optional
            Names that are of use to somebody else; with None, any name is.

        Raises
        ------
        SchemaError
            A record lacks a feature, or has an unknown name; the message has the nearest one.
        """
        for number, record in enumerate(records, 1):
            if record.keys() != self.features:
                self.check_one(record, number, also=also)
            for name in self._numbers:
                if isinstance(record.get(name), bool | np.bool_):
                    raise _truth(name, record[name], number)

    def check_one(
        self,
        record: Mapping[str, Any],
        number: int,
        *,
        also: Collection[str] | None = (),
        may_lack: Collection[str] = (),
    ) -> None:
        """Refuse record number ``number`` with other names, as `check` does.

        Parameters
        ----------
        may_lack : collection of str
            Features that count as missing where they are absent.
        """
        names = [str(name) for name in record]
        absent = sorted(self.features.difference(names, may_lack))
        unknown = [name for name in names if name not in self._known]
        unknown = [] if also is None else [name for name in unknown if name not in also]
        if unknown:
            free = sorted(self.features.difference(names))
            raise self._refusal(unknown, free, number)
        if absent:
            raise SchemaError(
                "Record {number:,} lacks {columns}.",
                "Give a value, or null (None) where none is known.",
                number=number,
                columns=quoted(absent, SHOWN_NAMES),
            )

    def _refusal(self, unknown: Sequence[str], free: Sequence[str], number: int) -> SchemaError:
        """Return what refuses unknown names; ``free`` are the features that the record lacks."""
        cause = say(
            "Record {number:,} has {names}, which the model does not know.",
            number=number,
            names=quoted(unknown, SHOWN_NAMES),
        )
        for known in (free, sorted(self._known)):
            for name in unknown:
                if near := nearest_names(name, known):
                    remedy = say("Did you mean {column!r} by {near!r}?", column=near[0], near=name)
                    return SchemaError(cause, remedy)
        columns = quoted(sorted(self.features), SHOWN_NAMES)
        remedy = say("Leave it out. The model takes the columns {columns}.", columns=columns)
        return SchemaError(cause, remedy)


def _truth(name: str, value: bool, number: int) -> SchemaError:
    return SchemaError(
        "Record {number:,} has {value} in column {name!r}, which should hold numbers.",
        "Give a number, or null (None) where none is known.",
        number=number,
        value=value,
        name=name,
    )
