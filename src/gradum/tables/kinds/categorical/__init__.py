"""Levels: values that name groups, few or many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.errors import SchemaError
from gradum.messages import marked, say, say_plural
from gradum.tables.kinds.case_folding import folded
from gradum.tables.kinds.categorical.step import Categorical, spellings_of
from gradum.tables.kinds.kind import Accident, Kind, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.plain import Read, looked_up
from gradum.tables.kinds.raw import Raw
from gradum.tables.kinds.step import MISSING, Step
from gradum.tables.kinds.values import Values, clean, markers_of
from gradum.tables.wording import joined_clauses, quoted

if TYPE_CHECKING:
    from gradum.tables.columns import Column

MANY_LEVELS = 30
SAID = 3  # levels whose spellings are named
WHOLE = r"^[+-]?\d+(\.0+)?$"
CODE = r"^0\d+$"
WHOLE_TEXT = re.compile("0|-?[1-9][0-9]{0,17}")


def _mistyped(levels: pl.Series) -> pl.Series:
    """Write every level as `mistyped` does."""
    written = {level: mistyped(level) for level in levels.unique().drop_nulls()}
    return levels.replace_strict(written, default=None, return_dtype=pl.String)


def mistyped(level: str) -> str:
    """Return a level with two neighbouring letters exchanged, the middle ones if they differ."""
    middle = len(level) // 2
    places = sorted(range(len(level) - 1), key=lambda place: abs(place + 1 - middle))
    for place in places:
        if level[place] != level[place + 1]:
            swapped = level[place + 1] + level[place]
            return level[:place] + swapped + level[place + 2 :]
    return level + level[-1:]


class CategoricalKind(Kind):
    """Levels as stripped strings, null where missing."""

    name, turn = "categorical", 7
    step = Categorical
    sayable = has_levels = folds_case = names_groups = may_be_numbers = True
    labels = (str, int, float)
    raw_type = "text"
    accidents = (Accident("typos", marked("two letters exchanged"), _mistyped),)

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of anything that can be written as levels: the last resort."""
        return self.insist(values)

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column that the user says is categorical."""
        levels = values.levels["level"]
        whole = bool(len(levels)) and bool(levels.str.contains(WHOLE).all())
        codes = levels.str.contains(CODE).any()
        parse = Parse(
            missing=tuple(values.markers),
            whole=whole and not codes,
            spellings=spellings_of(values.merged) if values.fold_case else (),
            fold_case=values.fold_case,
        )
        clauses = [_what(values, whole, codes)]
        if values.fold_case:
            clauses += said_merged(values.merged)
        if levels.len() > MANY_LEVELS:
            clauses.append(say("so many that each gets a learned vector (an embedding)"))
        if values.holds_strings and whole:
            clauses.append(say("--numeric {name!r} if they are quantities", name=values.name))
        return Reading("categorical", joined_clauses(clauses), parse)

    def refuse_parse(self, name: str, how: Parse) -> None:
        """Raise SchemaError if a level that is read in any case has two spellings."""
        keys = [folded(level) for level in how.spellings if how.fold_case]
        if len(set(keys)) < len(keys):
            twins = [s for s, key in zip(how.spellings, keys, strict=True) if keys.count(key) > 1]
            raise SchemaError(
                "The schema's column {name!r}, field 'spellings': {twins} differ in upper and "
                "lower case alone.",
                "Keep one of them.",
                name=name,
                twins=quoted(twins),
            )

    def plain(self, column: Column, step: Step) -> Read:
        """Read the known levels, and whole numbers written as they are."""
        assert isinstance(step, Categorical)
        whole = [int(level) for level in step.known if WHOLE_TEXT.fullmatch(level)]
        known = frozenset(step.known)
        spelled = known
        if column.parse.fold_case:
            ways = (folded, str.lower, str.upper, str.title, str.capitalize)
            spelled = known.union(way(level) for level in known for way in ways)
        return looked_up(self, column, step, (spelled, whole), known)

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Look up the levels, and the markers of a missing value; others are unknown levels."""
        assert isinstance(step, Categorical)
        codes = {level: place + 1 for place, level in enumerate(step.levels)}
        if column.parse.whole:
            codes |= {f"{level}.0": code for level, code in codes.items()}
        for word in ("true", "false"):  # as JSON, JavaScript and databases write a boolean
            alike = [level for level in codes if level.lower() == word]
            if len(alike) == 1:
                codes[word] = codes[alike[0]]
        markers = markers_of(column.parse)
        if column.parse.fold_case:  # but for the markers: NA may be one beside the level na
            missing = raw.looked_up(dict.fromkeys(markers, codes.get(MISSING, 0)), -1)
            code = raw.looked_up_folded({folded(level): codes[level] for level in codes})
            return {"codes": [np.where(missing < 0, code, missing)]}
        if MISSING in codes:
            codes = dict.fromkeys(markers, codes[MISSING]) | codes
        return {"codes": [raw.looked_up(codes, 0)]}

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the levels as stripped strings."""
        return clean(raw, how)


def said_merged(levels: pl.DataFrame) -> list[str]:
    """Return clauses on levels (``level``, ``rows``, ``others``) that were merged."""
    several = levels.filter(pl.col("others").list.len() > 0)
    several = several.sort("rows", "level", descending=[True, False])
    if not len(several):
        return [say("upper and lower case make no difference")]
    clauses = [
        say(
            "{others} taken as {level!r}, as only upper and lower case differ",
            others=quoted(others),
            level=level,
        )
        for level, others in several.head(SAID).select("level", "others").iter_rows()
    ]
    if len(several) > SAID:
        clauses.append(
            say_plural(
                "{count:,} more level has several spellings",
                "{count:,} more levels have several spellings",
                len(several) - SAID,
            )
        )
    return clauses


def _what(values: Values, whole: bool, codes: bool) -> str:
    levels = say_plural("{count:,} level", "{count:,} levels", values.levels.height)
    if codes and whole:
        return say("Codes with leading zeros, {levels}", levels=levels)
    if whole and values.holds_strings:
        return say("Whole numbers stored as text, taken as codes with {levels}", levels=levels)
    if values.is_number:
        return say("Numbers taken as codes with {levels}", levels=levels)
    return say("Text with {levels}", levels=levels)
