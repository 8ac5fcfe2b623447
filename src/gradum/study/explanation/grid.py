"""The values that a column is given in turn: quantiles, levels, yes and no, and a missing value.

Shapes: g values, K bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from gradum.tables.columns import KindName
from gradum.tables.counts import counted
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.axis import MICROSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from gradum.tables.kinds.design import FLOAT32_MAX

MOST_BINS = 20
FEWEST_IN_BIN = 5
WIDEST_GAP = 1 / 20  # the gap between neighbours, as a share of the column's range
MOST_LEVELS = 20
NEAR = 1 / 20  # as a share of the range, on either side of a value
FEW_ROWS = 5


@dataclass(frozen=True, eq=False)
class CurveGrid:
    """The values of one column at which a curve is drawn."""

    values: pl.Series
    """Of shape (g,). With the column's name and type: rising numbers or dates, or levels from the
    commonest on, or no and yes; null comes last, if rows lack a value."""
    numbers: np.ndarray
    """Of shape (g,). The values as numbers, dates in microseconds since 1970; NaN for levels and
    for null."""
    rows: np.ndarray
    """Integers of shape (g,). Background rows near each value: within `NEAR` of the column's range,
    with the same level, or also without a value."""
    edges: np.ndarray
    """Of shape (K + 1,). The numbers that bound bins with about equally many background rows; empty
    for levels."""
    between: np.ndarray
    """Of shape (m,). Numbers half-way between neighbours, where the column can have such values."""
    whole: bool
    """Whether the column holds whole numbers, in the rows as well."""

    @property
    def column(self) -> str:
        """The column's name."""
        return self.values.name

    @property
    def ordered(self) -> np.ndarray:
        """Which values are numbers or dates (g,): the first ones, if any."""
        return np.isfinite(self.numbers)

    @property
    def few(self) -> np.ndarray:
        """Which values have fewer than `FEW_ROWS` background rows nearby (g,)."""
        return self.rows < FEW_ROWS

    @property
    def with_values_between(self) -> pl.Series:
        """The values (g,), then those half-way between neighbours (m,)."""
        return pl.concat([self.values, self.typed(self.between)])

    def typed(self, numbers: np.ndarray) -> pl.Series:
        """Return numbers as values of the column; numeric ones in double precision."""
        return _typed(numbers, self.values)


def grid_of(
    kind: KindName, background: pl.Series, rows: pl.Series, *, whole: bool = False
) -> CurveGrid:
    """Choose the values of a column, typed as `tables.check` leaves it.

    - Numbers and dates: the edges of at most `MOST_BINS` bins with about equally many background
      rows, or all distinct values if there are no more; the ends of the explained rows; and, where
      two neighbours lie further apart than `WIDEST_GAP` of the range, evenly spaced values between
      them, whole ones in a column of whole numbers or days.
    - Categories: the `MOST_LEVELS` commonest levels of the background, then of the rows.
    - Booleans: no and yes.
    - Null, where any row lacks a value.

    Parameters
    ----------
    kind : {"numeric", "date", "boolean", "categorical"}
    background, rows : polars.Series
        The column in the background rows, and in the explained rows.
    whole : bool
        Whether the column holds whole numbers.
    """
    traits = KINDS[kind]
    if traits.lies_on_line:
        return _of_numbers(background, rows, whole)
    commonest = dict.fromkeys([*_commonest(background), *_commonest(rows)])
    levels = list(traits.fixed_levels or commonest)
    return _of_levels(pl.Series(background.name, levels, background.dtype), background, rows)


def bin_edges(values: np.ndarray) -> np.ndarray:
    """Return the edges (K + 1,) of bins [z₀, z₁], (z₁, z₂], … of n values.

    Each edge is one of the values. Every bin holds at least n / `MOST_BINS` values, and at least
    `FEWEST_IN_BIN` if there are that many; equal values stay together.
    """
    ordered, size = np.sort(values), max(FEWEST_IN_BIN, math.ceil(len(values) / MOST_BINS))
    edges, within = list(ordered[:1]), 0
    while within < len(ordered):
        last = min(within + size, len(ordered)) - 1
        within = int(np.searchsorted(ordered, ordered[last], side="right"))
        if len(ordered) - within < size:  # too few for one more bin
            within = len(ordered)
        if ordered[within - 1] > edges[-1]:
            edges.append(ordered[within - 1])
    return np.array(edges)


def numbers_of(values: pl.Series) -> np.ndarray:
    """Return a column of numbers or dates as numbers (n,), NaN where a value is missing."""
    numbers = values.to_physical().cast(pl.Float64).to_numpy()
    return np.clip(numbers, -FLOAT32_MAX, FLOAT32_MAX)  # as the encoder does


def _of_numbers(background: pl.Series, rows: pl.Series, whole: bool) -> CurveGrid:
    known = np.sort(numbers_of(background.drop_nulls()))
    every = np.union1d(known, numbers_of(rows.drop_nulls()))
    unit = _unit(every, background.dtype, whole)
    edges, distinct = bin_edges(known), np.unique(known)
    points = distinct if len(distinct) <= MOST_BINS else edges
    points = _filled(np.union1d(points, every[[0, -1]] if len(every) else every), unit)
    reach = NEAR * np.ptp(points) if len(points) else 0.0
    near = np.searchsorted(known, points + reach, side="right")
    near -= np.searchsorted(known, points - reach, side="left")
    halves = points[:-1] + np.diff(points) / 2
    between = np.setdiff1d(_rounded(halves, unit), points)
    values = _typed(points, background)
    missing = _missing(background, rows)
    return CurveGrid(
        pl.concat([values, values.clear(len(missing))]),
        np.concatenate([points, np.full(len(missing), np.nan)]),
        np.concatenate([near, missing]).astype(np.intp),
        edges,
        between,
        background.dtype.is_numeric() and unit == 1.0,
    )


def _of_levels(levels: pl.Series, background: pl.Series, rows: pl.Series) -> CurveGrid:
    rows_of = dict(counted(background).rows())
    missing = _missing(background, rows)
    count = np.array([rows_of.get(level, 0) for level in levels] + missing, np.intp)
    return CurveGrid(
        pl.concat([levels, levels.clear(len(missing))]),
        np.full(len(count), np.nan),
        count,
        np.zeros(0),
        np.zeros(0),
        False,
    )


def _missing(background: pl.Series, rows: pl.Series) -> list[int]:
    """Return the number of background rows without a value; nothing if no value is missing."""
    lack = background.null_count()
    return [lack] if lack or rows.null_count() else []


def _commonest(values: pl.Series) -> list[str]:
    order = counted(values.drop_nulls()).sort(["rows", "value"], descending=[True, False])
    return order["value"].head(MOST_LEVELS).to_list()


def _unit(numbers: np.ndarray, dtype: pl.DataType, whole: bool) -> float:
    """Return what all values are multiples of: a day, a minute, the finest unit or 1; 0 if nothing.

    An explained row may have a fraction in a column of whole numbers.
    """
    if dtype == pl.Time:
        whole_minutes = not (numbers % NANOSECONDS_PER_MINUTE).any()
        return float(NANOSECONDS_PER_MINUTE) if whole_minutes else 1.0
    if dtype.is_temporal():
        whole_days = not (numbers % MICROSECONDS_PER_DAY).any()
        return float(MICROSECONDS_PER_DAY) if whole_days else 1.0
    return 1.0 if whole and (numbers == np.rint(numbers)).all() else 0.0


def _filled(points: np.ndarray, unit: float) -> np.ndarray:
    """Put numbers between those that lie far apart."""
    if len(points) < 2:
        return points
    widest = WIDEST_GAP * np.ptp(points) * (1 + 1e-9)  # evenly spaced numbers are not far apart
    pieces = [
        np.linspace(low, high, math.ceil((high - low) / widest) + 1)[1:-1]
        for low, high in pairwise(points)
    ]
    return np.union1d(points, _rounded(np.concatenate(pieces), unit))


def _rounded(numbers: np.ndarray, unit: float) -> np.ndarray:
    return np.rint(numbers / unit) * unit if unit else numbers


def _typed(numbers: np.ndarray, like: pl.Series) -> pl.Series:
    """Return numbers as a column with another's name and type; numeric ones in double precision."""
    values = pl.Series(like.name, numbers, pl.Float64)
    if like.dtype.is_temporal():
        return values.cast(pl.Int64).cast(like.dtype)
    return values if like.dtype.is_numeric() else like.clear()
