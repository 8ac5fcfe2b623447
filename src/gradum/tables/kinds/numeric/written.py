"""Numbers as people write them: separators, currencies, powers of ten, other units, brackets."""

from __future__ import annotations

import re

import polars as pl
from msgspec.structs import replace

from gradum.tables.kinds.habits import POWER, WIDE_SIGN, narrow, without_power
from gradum.tables.kinds.numeric.quantities import in_unit
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import LARGEST, all_finite


def finite(numbers: pl.Series) -> pl.Series:
    """Return float64 numbers with NaN, infinities and what float32 cannot hold as null."""
    if all_finite(numbers):
        return numbers
    return numbers.set(~(numbers.is_finite() & (numbers.abs() <= LARGEST)), None)


def to_number(texts: pl.Series, how: Parse) -> pl.Series:
    """Return stripped texts as float64, null if they are not finite numbers."""
    return finite(as_written(texts, how))


def as_written(texts: pl.Series, how: Parse) -> pl.Series:
    """Return stripped texts as float64, infinite ones too; null if they are not numbers."""
    numbers = as_usual(texts, how)
    if numbers.null_count() == texts.null_count():
        return numbers
    unread = texts.set(numbers.is_not_null(), None)
    if how.powers or unread.str.contains(f"{WIDE_SIGN}|(?i:{POWER})").any():
        unread = narrow(unread)
        numbers = numbers.fill_null(as_usual(unread, how))
        bare = unread.str.replace(how.currency, "", literal=True).str.strip_chars()
        digits, power = without_power(bare, short=how.powers)
        base = as_usual(digits, how)
        written = base.cast(pl.String) + "e" + power.cast(pl.String)
        exact = written.cast(pl.Float64, strict=False)  # 1.1万 is 11000 to the last bit
        numbers = numbers.fill_null(exact).fill_null(base * 10.0**power)
    return _with_other_units(numbers, texts, how)


def _with_other_units(numbers: pl.Series, texts: pl.Series, how: Parse) -> pl.Series:
    """Return numbers, with those of texts in other units than the column's converted."""
    if not how.currency or numbers.null_count() == texts.null_count():
        return numbers
    unread = texts.filter(numbers.is_null())
    plain = replace(how, currency="", clock="", powers=False)
    found = in_unit(unread, how, lambda digits: as_usual(digits, plain))
    return numbers.scatter(numbers.is_null().arg_true(), found) if found.len() else numbers


def as_usual(texts: pl.Series, how: Parse) -> pl.Series:
    """Return stripped texts as float64 by the column's separators and signs alone."""
    given = texts
    if how.currency:
        texts = texts.str.replace(how.currency, "", literal=True).str.strip_chars()
    if how.percent:
        texts = texts.str.strip_suffix("%").str.strip_chars()
    if how.thousands:
        texts = texts.str.replace_all("[\u00a0\u202f]", " ").str.replace_all("’", "'", literal=True)
        texts = _ungrouped(texts, how)
    if how.decimal != ".":
        plain = ~texts.str.contains(".", literal=True)
        texts = texts.set(~plain, None).str.replace(how.decimal, ".", literal=True)
    numbers = texts.cast(pl.Float64, strict=False)
    if numbers.null_count() > given.null_count():
        numbers = numbers.fill_null(
            texts.str.replace("−", "-", literal=True).cast(pl.Float64, strict=False)
        )
        owed = given.str.extract(r"^\((.*\d.*)\)$")  # accountants put what is owed in brackets
        if owed.null_count() < len(owed):
            numbers = numbers.fill_null(-as_usual(owed, how))
    return numbers


def _ungrouped(texts: pl.Series, how: Parse) -> pl.Series:
    """Return texts without thousands separators; null if the groups are not of three digits."""
    mark, point = re.escape(how.thousands), re.escape(how.decimal)
    grouped = rf"^[+\-−]?[1-9]\d{{0,2}}(?:{mark}\d{{3}})+(?:{point}\d*)?$"
    plain = rf"^[+\-−]?(?:\d+(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$"
    valid = texts.str.contains(f"{grouped}|{plain}")
    return texts.set(~valid, None).str.replace_all(how.thousands, "", literal=True)
