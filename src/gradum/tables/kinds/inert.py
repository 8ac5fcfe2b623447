"""Kinds from which no model learns: lists, constants, names of rows, copies of other columns."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from gradum.messages import say
from gradum.tables.doubt import Doubt
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.values import Values
from gradum.tables.wording import joined_clauses, shortened

ALL = 0.98  # of the values must be distinct


class Nested(Kind):
    """Lists, records, bytes or objects; not used."""

    name, turn = "nested", 0

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of values that are not single numbers, words or dates."""
        if not values.is_nested:
            return None
        what = (
            say("Lists or records instead of single values; not used")
            if _are_lists(values.raw)
            else say("Bytes or objects instead of single values; not used")
        )
        return Reading("nested", what, usable=False)


def _are_lists(column: pl.Series) -> bool:
    if column.dtype != pl.Object:
        return column.dtype.is_nested()
    first = next((value for value in column if value is not None), None)
    return isinstance(first, list | tuple | dict)


class Constant(Kind):
    """The same value in every row; not used. One value next to missing ones is not constant."""

    name, turn = "constant", 1
    has_levels = True

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if there is at most one value, and no row or every row is missing."""
        if not values.present:
            return Reading("constant", say("Every value is missing; not used"), usable=False)
        if values.missing or values.distinct > 1:
            return None
        value = values.levels["level"][0]
        return Reading(
            "constant",
            say("The same value in every row, {value!r}; not used", value=shortened(value)),
            usable=False,
        )


class Identifier(Kind):
    """A name or number for each row, or for each few that belong together; not used."""

    name, turn = "identifier", 6
    has_levels = may_be_numbers = names_rows = True

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if nearly every row has a distinct value that is no quantity."""
        if not (values.numbers_rows or values.holds_strings):
            return None
        alone = values.distinct > 2 and values.distinct >= ALL * values.present
        insist, doubts = say("--categorical {name!r} to use it", name=values.name), ()
        if values.distinct < values.present and values.hardly_repeat:
            what = say(
                "{distinct:,} different values in {present:,} rows, too few of them twice to learn "
                "from",
                distinct=values.distinct,
                present=values.present,
            )
            together = say("--group {name!r} if its rows belong together", name=values.name)
            clauses = [what, say("not used"), together, insist]
            doubts = (Doubt("identifier", joined_clauses(clauses[:2]), f"--group {values.name!r}"),)
        elif values.numbers_rows:
            clauses = [say("Numbers the rows"), say("not used"), insist]
        elif alone:
            clauses = [say("A value of its own in each row"), say("not used"), insist]
        else:
            return None
        return Reading("identifier", joined_clauses(clauses), usable=False, doubts=doubts)


class Duplicate(Kind):
    """The same as another column; not used."""

    name, turn = "duplicate", 8
    has_levels = True

    def recognise(self, values: Values) -> Reading | None:
        """Return None: only a comparison with other columns can tell."""
        return None

    def copies(self, frame: pl.DataFrame, names: Iterable[str]) -> dict[str, str]:
        """Return, for each column equal in every row to an earlier one, that earlier column.

        Columns are compared by a hash of all their rows first and by value where hashes agree.
        Numbers are compared whatever their type; a recoded copy of a column does not count.
        """
        seen: dict[tuple[str, int], list[str]] = {}
        first: dict[str, str] = {}
        for name in names:
            column = _comparable(frame[name])
            key = (str(column.dtype), hash(column.hash().to_numpy().tobytes()))
            for earlier in seen.get(key, []):
                if _equal(frame[name], frame[earlier]):
                    first[name] = earlier
                    break
            else:
                seen.setdefault(key, []).append(name)
        return first


def _equal(one: pl.Series, other: pl.Series) -> bool:
    if one.dtype != other.dtype:
        one, other = _comparable(one), _comparable(other)
    return bool(one.eq_missing(other).all())


def _comparable(column: pl.Series) -> pl.Series:
    if column.dtype.is_integer() or column.dtype.is_float():
        return column.cast(pl.Float64)
    return column
