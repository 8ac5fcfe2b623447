"""Profiles of the table's columns, small enough to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import polars as pl

from gradum.messages import marked, say
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.tables.check.check import widened
from gradum.tables.counts import counted
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.kind import NumericScale
from gradum.tables.wording import shortened


class ColumnProfile(msgspec.Struct, frozen=True):
    """A column in use."""

    name: str
    missing: float
    """Share of the rows without a value."""
    range: tuple[str, ...]
    """Smallest value, median and largest value of numbers and dates; empty for other kinds. Where
    single rows may not be shown, the 1% quantile, median and 99% quantile, each as the mean of
    `FEWEST_ROWS` neighbouring values."""
    bars: tuple[tuple[str, float], ...]
    """A bar's label, and its share of the rows with a value; at most `MOST_BARS`. For numbers,
    dates and the numbers of words in texts, these are the single values if they are few enough,
    otherwise ranges of equal width between the 1% and the 99% quantile, the outermost with all
    values beyond. For classes, categories and booleans, these are the commonest, and all others
    together."""


MOST_FEATURES = 500
MOST_ROWS = 20_000
MOST_BARS = 12
FEWEST_ROWS = 5
OTHERS = marked("all others")

Write = Callable[[float], str]
Bars = tuple[tuple[str, float], ...]


def profile(dataset: Dataset, *, rows: bool) -> tuple[ColumnProfile, ...]:
    """Summarise the target and the first `MOST_FEATURES` features; each row counts once.

    Missing, smallest and largest values are those of all rows; all else is from `MOST_ROWS` rows,
    drawn at random where there are more. Without ``rows``, no value or level is named that fewer
    than `FEWEST_ROWS` rows have; such levels count among the others.
    """
    target = dataset.schema.learned_target
    kinds = {column.name: column.kind for column in dataset.schema.features[:MOST_FEATURES]}
    kinds = {target.name: dataset.schema.column(target.name).kind} | kinds
    frame = dataset.frame.select(list(kinds))
    missing = frame.null_count().row(0, named=True)
    drawn = _drawn(len(frame))
    classes = [str(label) for label in target.classes]
    some, fewest = widened(frame[drawn]), 1 if rows else FEWEST_ROWS
    profiles = []
    for name, kind in kinds.items():
        if classes and name == target.name:
            values = pl.Series(name, classes).gather(dataset.target[drawn])
            span, bars = (), _levels(values, fewest)
        else:
            span, bars = _look(some[name].drop_nulls(), frame[name], kind, fewest)
        profiles.append(ColumnProfile(name, missing[name] / len(frame), span, bars))
    return tuple(profiles)


def _drawn(rows: int) -> np.ndarray:
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(stream(0, "profile").choice(rows, MOST_ROWS, replace=False))


def _look(
    values: pl.Series, whole: pl.Series, kind: str, fewest: int
) -> tuple[tuple[str, ...], Bars]:
    """Return the range and bars of some of a column's values, none of them missing."""
    traits = KINDS[kind]
    if traits.has_scale:
        scale = traits.scale(values)
        scale = replace(scale, numbers=np.sort(scale.numbers))
        ends = whole.to_physical()
        span = _range(scale, ends, fewest) if traits.lies_on_line else ()
        return span, _ranges(scale, fewest)
    if traits.fixed_levels:
        counts = dict(counted(values).iter_rows())
        named = [(traits.level_in_words(k), counts.get(k, 0)) for k in traits.fixed_levels[::-1]]
        return (), _bars(named, len(values), fewest)
    return (), _levels(values, fewest)


def _range(scale: NumericScale, whole: pl.Series, fewest: int) -> tuple[str, ...]:
    """Return the ends and the middle of sorted numbers; the ends are those of the whole column."""
    numbers = scale.numbers
    if len(numbers) < fewest:
        return ()
    if fewest == 1:
        points = whole.min(), float(np.median(numbers)), whole.max()
    else:
        points = (_point(numbers, share) for share in (0.01, 0.5, 0.99))
    return tuple(scale.write(point) for point in points)  # type: ignore[arg-type]


def _point(numbers: np.ndarray, share: float) -> float:
    """Return a quantile of sorted numbers as the mean of its neighbours, to hide single rows."""
    first = round(share * (len(numbers) - 1)) - FEWEST_ROWS // 2
    first = min(max(first, 0), len(numbers) - FEWEST_ROWS)
    return float(numbers[first : first + FEWEST_ROWS].mean())


def _ranges(scale: NumericScale, fewest: int) -> Bars:
    """Count sorted numbers by value if there are few values, otherwise by range."""
    numbers, write = scale.numbers, scale.write
    starts = np.flatnonzero(np.diff(numbers, prepend=np.nan))  # for each distinct value
    if len(starts) <= MOST_BARS:
        names = [write(number) for number in numbers[starts].tolist()]
        counts = np.diff(starts, append=len(numbers))
    else:
        fewest = 0  # a range is no row's value, and a gap is worth seeing
        low, high = _point(numbers, 0.01), _point(numbers, 0.99)
        names, counts = _cut(numbers, low, high, write) if low < high else _around(numbers, write)
    named = [(scale.label(name), count) for name, count in zip(names, counts.tolist(), strict=True)]
    return _bars(named, len(numbers), fewest)


def _cut(
    numbers: np.ndarray, low: float, high: float, write: Write
) -> tuple[list[str], np.ndarray]:
    """Count by ranges of equal width, the first and the last with all values beyond."""
    edges = np.linspace(low, high, MOST_BARS + 1)
    ends = [write(edge) for edge in edges[1:-1].tolist()]
    between = [say("{low} to {high}", low=low, high=high) for low, high in pairwise(ends)]
    counts = np.diff([0, *np.searchsorted(numbers, edges[1:-1]), len(numbers)])
    first, last = say("up to {number}", number=ends[0]), say("from {number}", number=ends[-1])
    return [first, *between, last], counts


def _around(numbers: np.ndarray, write: Write) -> tuple[list[str], np.ndarray]:
    """Count below, at and above the value that nearly all of the numbers have."""
    middle = numbers[len(numbers) // 2]
    below, up_to = np.searchsorted(numbers, middle), np.searchsorted(numbers, middle, "right")
    name = write(middle.item())
    names = [say("below {number}", number=name), name, say("above {number}", number=name)]
    return names, np.diff([0, below, up_to, len(numbers)])


def _levels(values: pl.Series, fewest: int) -> Bars:
    """Count the commonest levels, with ties in alphabetical order."""
    counts = values.alias("level").value_counts(name="rows")
    counts = counts.sort(["rows", "level"], descending=[True, False])
    shown = counts if len(counts) <= MOST_BARS else counts.head(MOST_BARS - 1)
    named = [(shortened(level), count) for level, count in shown.iter_rows()]
    return _bars(named, len(values), fewest)


def _bars(named: list[tuple[str, int]], total: int, fewest: int) -> Bars:
    """Turn counts into shares of all values; left-out or rare ones count among the others."""
    shown = [(name, count) for name, count in named if count >= fewest]
    others = total - sum(count for _, count in shown)
    if others:
        shown.append((say(OTHERS), others))
    return tuple((name, count / total) for name, count in shown)
