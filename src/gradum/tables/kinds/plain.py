"""Plain values, as in single rows: read one by one into the numbers that the encoder makes.

A value is plain if `check` and the encoder would accept it without comment. Any other is left to
`check`, which can explain it, so nothing here has a message.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.tables.kinds.step import Step
from gradum.tables.kinds.values import markers_of

if TYPE_CHECKING:
    from gradum.tables.columns import Column
    from gradum.tables.kinds.kind import Kind

Read = Callable[[Any], tuple[float, ...]]
"""Turns a column's raw value into the numbers that it adds to the design; raises `NotPlain`."""

NUMBERS = frozenset({int, float, *(np.dtype(code).type for code in "bhilqBHILQefd")})


class NotPlain(Exception):
    """The value must be judged by `check`."""


def missing_read(kind: Kind, column: Column, step: Step) -> Read:
    """Read None and not-a-number, if training had missing values too."""
    if not column.missing:
        return never
    gap = pl.Series(column.name, [None])
    (numbers,) = _encoded(step, kind.parse(gap, column.parse))

    def read(value: Any) -> tuple[float, ...]:
        if value is None or (isinstance(value, float | np.floating) and value != value):
            return numbers
        raise NotPlain

    return read


def _encoded(step: Step, typed: pl.Series) -> list[tuple[float, ...]]:
    """Ask a step for the numbers of each value of a typed column."""
    coded = step.coded_column() is not None
    expressions = [step.code_expression()] if coded else step.dense_expressions()
    if not expressions:
        return [()] * len(typed)
    return typed.to_frame().select(e.alias(str(i)) for i, e in enumerate(expressions)).rows()


def looked_up(
    kind: Kind, column: Column, step: Step, values: Iterable[Iterable[Any]], known: Collection[Any]
) -> Read:
    """Look up the given values, each group of one type, if they mean a known value."""
    markers = frozenset(markers_of(column.parse) if column.missing else ())
    table: dict[type, dict[Any, tuple[float, ...]]] = {}
    for alike in (*values, markers):
        raw = pl.Series(column.name, list(alike))
        typed = kind.parse(raw, column.parse)
        for value, meant, numbers in zip(raw, typed, _encoded(step, typed), strict=True):
            if meant in known or (meant is None and value in markers):
                table.setdefault(type(value), {})[value] = numbers
    table |= {np.bool_: table[bool]} if bool in table else {}
    missing = missing_read(kind, column, step)

    def read(value: Any) -> tuple[float, ...]:
        alike = table.get(type(value))
        numbers = None if alike is None else alike.get(value)
        return missing(value) if numbers is None else numbers

    return read


def never(value: Any) -> tuple[float, ...]:
    """Leave every value to `check`."""
    raise NotPlain
