"""Levels: values that name a group, few or many."""

from __future__ import annotations

import polars as pl

from gradum.messages import say, say_plural
from gradum.tables.kinds.categorical.step import Categorical
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import Values, clean
from gradum.tables.wording import joined_clauses

MANY_LEVELS = 30
WHOLE = r"^[+-]?\d+(\.0+)?$"
CODE = r"^0\d+$"


class CategoricalKind(Kind):
    """Levels as stripped strings, null where missing."""

    name, turn = "categorical", 7
    step = Categorical
    sayable = has_levels = names_groups = True

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of anything that can be written as levels: the last resort."""
        return self.insist(values)

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column said to be categorical."""
        levels = values.levels["level"]
        whole = bool(len(levels)) and bool(levels.str.contains(WHOLE).all())
        codes = levels.str.contains(CODE).any()
        parse = Parse(missing=tuple(values.markers), whole=whole and not codes)
        clauses = [_what(values, whole, codes)]
        if levels.len() > MANY_LEVELS:
            clauses.append(say("so many that they get an embedding"))
        if values.holds_strings and whole:
            clauses.append(say("--numeric {name!r} if they are quantities", name=values.name))
        return Reading("categorical", joined_clauses(clauses), parse)

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the levels as stripped strings."""
        return clean(raw, how)


def _what(values: Values, whole: bool, codes: bool) -> str:
    levels = say_plural("{count:,} level", "{count:,} levels", values.levels.height)
    if codes and whole:
        return say("Codes with leading zeros, {levels}", levels=levels)
    if whole and values.holds_strings:
        return say("Whole numbers stored as text, taken as codes with {levels}", levels=levels)
    if values.is_number:
        return say("Numbers taken as codes with {levels}", levels=levels)
    return say("Text with {levels}", levels=levels)
