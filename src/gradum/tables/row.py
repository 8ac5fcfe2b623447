"""The encoding of single rows: plain values of a dict become a Design without a frame in between.

`check` and the encoder look at whole columns at once, which for one row takes milliseconds, most
of them to find that nothing is the matter. A value is plain if they would take it without a word:
a number or a date within the training range, a level that training knew, a gap where training had
gaps. Only such values are read here. A row with any other is for `check`, which can explain it;
so nothing here has a message, and what a word or a level means is not decided here either: the
column's kind and its encoder step are asked, once.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from types import NoneType
from typing import Any

import numpy as np
import polars as pl

from gradum.tables.columns import Column
from gradum.tables.design import Design
from gradum.tables.encode import Encoder
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.boolean import NO, YES
from gradum.tables.kinds.boolean.step import Boolean
from gradum.tables.kinds.categorical.step import Categorical
from gradum.tables.kinds.date import EARLIEST, LATEST
from gradum.tables.kinds.date.step import Date
from gradum.tables.kinds.numeric import listed_numbers
from gradum.tables.kinds.numeric.step import Numeric
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.values import LARGEST, markers_of
from gradum.tables.schema import Schema
from gradum.tables.unreadable import KIND_WORDS

Read = Callable[[Any], tuple[float, ...]]
"""From a column's raw value to the numbers that it adds to the design; raises `_NotPlain`."""

MOST_ROWS = 256  # with several times as many, whole columns are faster

NUMBERS = frozenset({int, float, *(np.dtype(code).type for code in "bhilqBHILQefd")})
SINGLE = NUMBERS | {NoneType, bool, np.bool_, str, datetime.date, datetime.datetime}

WHOLE_TEXT = re.compile("0|-?[1-9][0-9]{0,17}")

_DAY, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
_SECONDS = rf"{_TIME}:[0-9]{{2}}(\.[0-9]{{3}}|\.[0-9]{{6}})?"
ISO_DATE_FORMAT = "%Y-%m-%d"
ISO = {  # formats, and the texts that Python reads as they do
    ISO_DATE_FORMAT: re.compile(_DAY),
    "%Y-%m-%d %H:%M": re.compile(f"{_DAY} {_TIME}"),
    "%Y-%m-%dT%H:%M": re.compile(f"{_DAY}T{_TIME}"),
    "%Y-%m-%d %H:%M:%S%.f": re.compile(f"{_DAY} {_SECONDS}"),
    "%Y-%m-%dT%H:%M:%S%.f": re.compile(f"{_DAY}T{_SECONDS}"),
}


class _NotPlain(Exception):
    """A value is for `check` to judge."""


class RowDoor:
    """Reads the plain rows of one schema as an encoder's design.

    Parameters
    ----------
    schema : Schema
    encoder : Encoder
        Fitted on training rows of the schema.
    """

    def __init__(self, schema: Schema, encoder: Encoder) -> None:
        self._layout = encoder.layout
        self._dense: list[tuple[str, Read]] = []
        self._codes: list[tuple[str, Read]] = []
        for column, step in zip(schema.features, encoder.steps, strict=True):
            block = self._codes if isinstance(step, Categorical) else self._dense
            block.append((column.name, _reader(column, step)))
        self._dates = [column.name for column in schema.features if column.kind == "date"]
        self._features = {column.name for column in schema.features}
        self._others = {c.name: _ignoring(c) for c in schema.columns if c.role != "feature"}

    def design(self, data: Any) -> Design | None:
        """Return the design of one dict, or of a list of a few; None where `check` has to look.

        Every bit is the one that `check` and the encoder come to, who would find no difference.
        """
        rows = [data] if type(data) is dict else data
        if type(rows) is not list or not 0 < len(rows) <= MOST_ROWS:
            return None
        try:
            return self._design(rows)
        except (_NotPlain, KeyError, OverflowError):  # KeyError: a column is absent, or one more
            return None

    def _design(self, rows: Sequence[Any]) -> Design:
        dense: list[float] = []
        codes: list[float] = []
        for row in rows:
            if type(row) is not dict:  # some of its kin make up what they lack
                raise _NotPlain
            for name, read in self._dense:
                dense += read(row[name])
            for name, read in self._codes:
                codes += read(row[name])
            if len(row) > len(self._features):
                for name in row.keys() - self._features:
                    self._others[name](row[name])
        self._refuse_mixed_dates(rows)
        arrays = {
            "dense": np.array(dense, np.float64).reshape(len(rows), len(self._layout.dense)),
            "codes": np.array(codes, np.int32).reshape(len(rows), len(self._layout.codes)),
        }
        return Design(arrays, self._layout)

    def _refuse_mixed_dates(self, rows: Sequence[Any]) -> None:
        """Raise where a column of several rows has dates of several types, which are one in it."""
        for name in self._dates if len(rows) > 1 else ():
            if len({type(row[name]) for row in rows} - {NoneType}) > 1:
                raise _NotPlain


def _reader(column: Column, step: Step) -> Read:
    match step:
        case Numeric():
            return _numeric(column, step)
        case Boolean():
            spellings = (*YES, *NO, column.parse.true, column.parse.false)
            words = {
                spelled for word in spellings for spelled in (word, word.title(), word.upper())
            }
            return _looked_up(column, step, (words, (True, False), (1, 0)))
        case Categorical():
            whole = [int(level) for level in step.known if WHOLE_TEXT.fullmatch(level)]
            return _looked_up(column, step, (step.known, whole))
        case Date():
            return _date(column, step)
    return _never  # the words of a text are for the encoder to count


def _numeric(column: Column, step: Numeric) -> Read:
    """Read numbers within the training range."""
    low, high = step.range or (-LARGEST, LARGEST)
    low, high = max(low, -LARGEST), min(high, LARGEST)
    listed = frozenset(listed_numbers(column.parse))
    missing = _missing(column, step)
    kinds = [feature.kind for feature in step.dense_features()]
    varies, marks = "value" in kinds, (0.0,) * kinds.count("missing")

    def read(value: Any) -> tuple[float, ...]:
        if type(value) not in NUMBERS:
            return missing(value)
        number = float(value)
        if low <= number <= high and number not in listed:
            return (number, *marks) if varies else marks
        return missing(value)

    return read


def _looked_up(column: Column, step: Step, values: Iterable[Iterable[Any]]) -> Read:
    """Read what is found in a table, by type: the given values, of one type each time."""
    markers = frozenset(markers_of(column.parse) if column.missing else ())
    known = frozenset(step.known) if isinstance(step, Categorical) else (True, False)
    table: dict[type, dict[Any, tuple[float, ...]]] = {}
    for alike in (*values, markers):
        raw = pl.Series(column.name, list(alike))
        typed = KINDS[column.kind].parse(raw, column.parse)
        for value, meant, numbers in zip(raw, typed, _encoded(step, typed), strict=True):
            if meant in known or (meant is None and value in markers):
                table.setdefault(type(value), {})[value] = numbers
    table |= {np.bool_: table[bool]} if bool in table else {}
    missing = _missing(column, step)

    def read(value: Any) -> tuple[float, ...]:
        alike = table.get(type(value))
        numbers = None if alike is None else alike.get(value)
        return missing(value) if numbers is None else numbers

    return read


def _date(column: Column, step: Date) -> Read:
    """Read dates and times of the training range, and texts of the column's format if it is ISO's.

    They have no zone.
    """
    shape = ISO.get(column.parse.date_format or ISO_DATE_FORMAT)
    markers = frozenset(markers_of(column.parse))
    missing = _missing(column, step)

    def read(value: Any) -> tuple[float, ...]:
        if type(value) is str and shape and shape.fullmatch(value) and value not in markers:
            moment = _moment(value)
        elif type(value) is datetime.datetime and value.tzinfo is None:
            moment = value
        elif type(value) is datetime.date:
            moment = datetime.datetime(value.year, value.month, value.day)
        else:
            return missing(value)
        if not step.holds(moment):
            raise _NotPlain
        return step.numbers(moment)

    return read


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:  # 30 February
        raise _NotPlain from None
    if not EARLIEST <= moment.year <= LATEST:
        raise _NotPlain
    return moment


def _missing(column: Column, step: Step) -> Read:
    """Read None and not-a-number, where training had missing values as well."""
    if not column.missing:
        return _never
    gap = pl.Series(column.name, [None])
    (numbers,) = _encoded(step, KINDS[column.kind].parse(gap, column.parse))

    def read(value: Any) -> tuple[float, ...]:
        if value is None or (isinstance(value, float | np.floating) and value != value):
            return numbers
        raise _NotPlain

    return read


def _encoded(step: Step, typed: pl.Series) -> list[tuple[float, ...]]:
    """Ask a step for the numbers of each value of a typed column."""
    coded = step.coded_column() is not None
    expressions = [step.code_expression()] if coded else step.dense_expressions()
    if not expressions:
        return [()] * len(typed)
    return typed.to_frame().select(e.alias(str(i)) for i, e in enumerate(expressions)).rows()


def _ignoring(column: Column) -> Read:
    """Look at the value of a column that is no feature: whether `check` would have a word on it."""
    if column.role == "unused" or column.kind not in KIND_WORDS:
        plain = SINGLE
    else:
        plain = NUMBERS if column.kind == "numeric" else frozenset()

    def read(value: Any) -> tuple[float, ...]:
        fits = type(value) in plain and (plain is SINGLE or abs(float(value)) <= LARGEST)
        if fits or value is None:
            return ()
        raise _NotPlain

    return read


def _never(value: Any) -> tuple[float, ...]:
    raise _NotPlain
