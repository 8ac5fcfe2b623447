"""The part of the domain that a property is about: ranges of numbers, and levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gradum.errors import NotCertifiableError, PropertyError
from gradum.messages import listed
from gradum.study.properties.property_words import (
    WithSchema,
    column_of,
    number_of,
    parts_of,
    range_of,
    unquoted,
)
from gradum.tables.columns import Column

LEVELS = "|"
"""Separates the levels that a column may have."""


@dataclass(frozen=True)
class Region:
    """Columns and their possible values; all other columns are as in the whole domain."""

    text: str = ""
    """The text as stated; empty for the whole domain."""
    limits: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """By column: for numbers the least and the greatest value, infinite where the domain's own
    limit holds; for other columns the levels."""

    @classmethod
    def read(cls, text: str, fitted: WithSchema) -> Region:
        """Read ``age 30..60, sex female|male, member yes``.

        Raises
        ------
        ColumnError
            There is no such column.
        PropertyError
            A part cannot be read, or two parts are about one column.
        NotCertifiableError
            A column is a date, a time of day or a text.
        """
        limits: dict[str, tuple[Any, ...]] = {}
        for part in parts_of(text) if text.strip() else ():
            column, rest = column_of(part, fitted)
            if column.name in limits:
                raise PropertyError(
                    "The region names column {column!r} twice.",
                    "Write one range, or its levels with | between them.",
                    column=column.name,
                )
            limits[column.name] = _limits(column, rest)
        return cls(text.strip(), limits)


def _limits(column: Column, text: str) -> tuple[Any, ...]:
    """Return a column's possible values."""
    kind = column.traits
    if kind.is_quantity:
        return range_of(text) or (number_of(text), number_of(text))
    if kind.fixed_levels:
        return tuple(_fixed_level(column, word) for word in _words(column, text))
    if kind.has_levels:
        words = _words(column, text)
        read = kind.parse(pl.Series(words), column.parse)  # a level may be known by other spellings
        return tuple(
            word if level is None else level for word, level in zip(words, read, strict=True)
        )
    raise NotCertifiableError(
        "Column {column!r} is of the kind {kind}, in which no region can be given.",
        "Leave it out.",
        column=column.name,
        kind=column.kind,
    )


def _words(column: Column, text: str) -> Sequence[str]:
    words = [unquoted(word) for word in parts_of(text, LEVELS)]
    if not all(words):
        raise PropertyError(
            "No level of column {column!r} is named.",
            "Write levels with | between them, such as red|green.",
            column=column.name,
        )
    return words


def _fixed_level(column: Column, word: str) -> Any:
    spellings = column.traits.spellings(column.parse)
    for level, known in spellings.items():
        if word.casefold() in known:
            return level
    raise PropertyError(
        "Column {column!r} is never {word!r}.",
        "Choose among {words}.",
        column=column.name,
        word=word,
        words=listed([repr(known[0]) for known in spellings.values()], "or"),
    )
