"""Identifiers: values that name a single row and say nothing about a new one."""

from __future__ import annotations

from gradum.messages import say
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.values import Values
from gradum.tables.wording import joined_clauses

ALL = 0.98


class Identifier(Kind):
    """A name or number for each row; not used."""

    name, turn = "identifier", 6
    has_levels = may_be_numbers = names_rows = True

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if nearly every row has a value of its own that is no quantity."""
        remedy = [
            say("not used"),
            say("--categorical {name!r} to use it", name=values.name),
        ]
        if values.numbers_rows:
            return Reading(
                "identifier", joined_clauses([say("Numbers the rows"), *remedy]), usable=False
            )
        alone = values.distinct > 2 and values.distinct >= ALL * values.present
        if values.holds_strings and alone:
            return Reading(
                "identifier",
                joined_clauses([say("A value of its own in each row"), *remedy]),
                usable=False,
            )
        return None
