"""Questions that a tree asks about a column, in words: "age < 31", "status is 'none'".

A column becomes a few codes: the ranges between thresholds for numbers and dates, the commonest
levels for categories, and a last code for missing values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.messages import listed, say
from gradum.study.explanation.tree import TreeColumn
from gradum.tables.counts import counted
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.axis import MICROSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from gradum.tables.wording import quoted_text

MOST_CUTS = 64  # in a number's range
MOST_LEVELS = 40  # that are told apart; the others count as one
SHOWN_LEVELS = 5


@dataclass(frozen=True, eq=False)
class Question:
    """A column of the table, as codes."""

    column: str
    cuts: np.ndarray | None
    """Thresholds of numbers, and of dates in microseconds, rising; code c stands for values from
    cuts[c - 1] up to, but not including, cuts[c]. None for categories."""
    levels: tuple[Any, ...]
    """The levels of a category by code; the code after them stands for all others."""
    dates: bool
    seen: np.ndarray
    """Booleans of shape (C,). Which codes occurred."""
    kind: str = "numeric"
    """The column's."""

    @classmethod
    def of(cls, values: pl.Series, kind: str) -> Question:
        """Choose the thresholds or levels of a typed column that is not a text."""
        missing = bool(_is_missing(values).any())
        if KINDS[kind].lies_on_line:
            numbers, dates = _numbers(values), KINDS[kind].is_time
            between = _midnight if dates else _round_time if values.dtype == pl.Time else _short
            cuts = _cuts(numbers[~np.isnan(numbers)], between)
            # There is a value between any two thresholds, as each lies between neighbouring values.
            seen = np.append(np.ones(len(cuts) + 1, bool), missing)
            return cls(values.name, cuts, (), dates, seen, kind)
        counts = counted(values.drop_nulls()).rows()
        common = sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:MOST_LEVELS]
        levels = tuple(level for level, _ in common)
        seen = np.append(np.ones(len(levels), bool), [len(counts) > len(levels), missing])
        return cls(values.name, None, levels, False, seen)

    def codes(self, values: pl.Series) -> TreeColumn:
        """Return values of the column as codes."""
        if self.cuts is not None:
            numbers = _numbers(values)
            codes = np.searchsorted(self.cuts, numbers, side="right")
            count = len(self.cuts) + 2
            return TreeColumn(np.where(np.isnan(numbers), count - 1, codes), count, True)
        count = len(self.levels) + 2
        known = pl.Series(self.levels, dtype=values.dtype) if self.levels else values.clear()
        codes = values.replace_strict(
            known, np.arange(len(self.levels)), default=count - 2, return_dtype=pl.Int64
        ).to_numpy()
        return TreeColumn(np.where(_is_missing(values), count - 1, codes), count, False)

    def words(self, allowed: np.ndarray) -> str:
        """Say which values have the allowed codes (C,); empty if all occurring codes are."""
        missing, may_miss = bool(allowed[-1] and self.seen[-1]), bool(self.seen[-1])
        inside = np.flatnonzero(allowed[:-1] & self.seen[:-1])
        outside = np.flatnonzero(~allowed[:-1] & self.seen[:-1])
        if not len(outside):
            if missing == may_miss:
                return ""
            return say("{column} is not missing", column=self.column)
        if not len(inside):
            return say("{column} is missing", column=self.column)
        if self.cuts is None:
            return self._of_levels(inside, outside, missing, may_miss)
        return self._of_range(np.flatnonzero(allowed[:-1]), missing)

    def _of_range(self, codes: np.ndarray, missing: bool) -> str:
        assert self.cuts is not None
        low = self._written(codes[0] - 1) if codes[0] else ""
        high = self._written(codes[-1]) if codes[-1] < len(self.cuts) else ""
        places = {"column": self.column, "low": low, "high": high}
        if low and high:
            condition = say("{low} ≤ {column} < {high}", **places)
        elif low:
            condition = say("{column} ≥ {low}", **places)
        else:
            condition = say("{column} < {high}", **places)
        if missing:
            return say("{condition} or missing", condition=condition)
        return condition

    def _written(self, cut: int) -> str:
        assert self.cuts is not None
        value = self.cuts[cut]
        if not self.dates:  # unrounded: a rounded threshold is another one
            return KINDS[self.kind].written(value) or f"{value:.15g}"
        unit = "D" if value % MICROSECONDS_PER_DAY == 0 else "us"
        return str(np.datetime64(int(value), "us").astype(f"M8[{unit}]")).replace("T", " ")

    def _of_levels(
        self, inside: np.ndarray, outside: np.ndarray, missing: bool, may_miss: bool
    ) -> str:
        if len(inside) <= len(outside):
            names = self._named(inside, missing)
            return say("{column} is {levels}", column=self.column, levels=names)
        names = self._named(outside, may_miss and not missing)
        return say("{column} is not {levels}", column=self.column, levels=names)

    def _named(self, codes: np.ndarray, missing: bool) -> str:
        names = [
            quoted_text(self.levels[code]) if code < len(self.levels) else say("another value")
            for code in codes.tolist()
        ]
        names += [say("missing")] if missing else []
        if len(names) > SHOWN_LEVELS:
            more = say("one of {count} more", count=len(names) - SHOWN_LEVELS + 1)
            names = [*names[: SHOWN_LEVELS - 1], more]
        return listed(names, "or")


def _numbers(values: pl.Series) -> np.ndarray:
    """Return numbers, and dates in microseconds, as float64 (n,); NaN where they are missing."""
    return values.to_physical().cast(pl.Float64).to_numpy()


def _is_missing(values: pl.Series) -> np.ndarray:
    missing = values.is_null()
    return (missing | values.is_nan() if values.dtype.is_float() else missing).to_numpy()


def _cuts(values: np.ndarray, between: Callable[[float, float], float]) -> np.ndarray:
    """Return up to `MOST_CUTS` thresholds, each between two neighbours of the values (n,)."""
    distinct = np.unique(values)
    below = np.arange(len(distinct) - 1)
    if len(below) > MOST_CUTS:
        shares = np.arange(1, MOST_CUTS + 1) / (MOST_CUTS + 1)
        ends = np.quantile(values, shares, method="inverted_cdf")
        below = np.unique(np.searchsorted(distinct, ends))
        below = below[below < len(distinct) - 1]
    return np.array([between(distinct[k], distinct[k + 1]) for k in below])


def _short(low: float, high: float) -> float:
    """Return the number with the fewest digits that is above ``low`` and at most ``high``."""
    for digits in range(1, 17):
        for candidate in (low / 2 + high / 2, high):
            rounded = float(f"{candidate:.{digits}g}")
            if low < rounded <= high:
                return rounded
    return high


def _midnight(low: float, high: float) -> float:
    """Return the first midnight after one moment and up to another, otherwise the latter."""
    day = (low // MICROSECONDS_PER_DAY + 1) * MICROSECONDS_PER_DAY
    return day if day <= high else high


def _round_time(low: float, high: float) -> float:
    """Return the first full hour after one time of day and up to another, or quarter, or minute."""
    for minutes in (60, 30, 15, 5, 1):
        step = minutes * NANOSECONDS_PER_MINUTE
        if (low // step + 1) * step <= high:
            return (low // step + 1) * step
    return high
