"""The values of a column, summed up in a few counts: quantiles of numbers, rows by level.

Every figure is a count of at least `BIN_ROWS` rows, or of rows whose levels are no longer told
apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar
from zlib import crc32

import msgspec
import numpy as np
import polars as pl

from gradum.tables.grids.cell import brightness

BIN_ROWS = 20
"""The fewest rows between two kept quantiles, and the fewest rows of a named level."""

SHARED_ROWS = 5
"""The fewest rows with a value that is kept as a quantile itself, not between two values."""

MOST_QUANTILES = 99
NAMED_SHARE = 0.02
BUCKETS = 32


class Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="numbers"):
    """The distribution of numbers, known at some of their quantiles."""

    rows: int
    """The number of rows with a value."""
    edges: tuple[float, ...]
    """Quantiles, distinct and rising: at most rows / 20 and at most 99 of them. Each lies halfway
    to the next value, unless at least `SHARED_ROWS` rows have it."""
    at_most: tuple[int, ...]
    """How many rows have a value of at most each edge."""
    deviation: float
    """The standard deviation."""
    stepped: bool
    """Whether so many values are equal that quantiles coincide."""

    levelled: ClassVar[bool] = False

    @classmethod
    def of(cls, values: np.ndarray) -> Numbers:
        """Summarise values (n,), none of them missing."""
        rows = len(values)
        count = min(rows // BIN_ROWS, MOST_QUANTILES)
        ordered = np.sort(values)
        places = np.ceil(rows * np.arange(1, count + 1) / (count + 1)).astype(np.int64) - 1
        values_there = np.unique(ordered[places])
        at_most = np.searchsorted(ordered, values_there, side="right")
        shared = at_most - np.searchsorted(ordered, values_there) >= SHARED_ROWS
        following = ordered[np.minimum(at_most, rows - 1)]
        edges = np.where(shared, values_there, (values_there + following) / 2)
        return cls(
            rows,
            tuple(edges.tolist()),
            tuple(at_most.tolist()),
            float(ordered.std()) if rows else 0.0,
            len(edges) < count,
        )

    @property
    def median(self) -> float:
        """The value that half of the rows do not exceed, as exactly as the kept quantiles tell."""
        if not self.edges:
            return np.nan
        if self.stepped:
            place = int(np.searchsorted(self.at_most, self.rows / 2))
            return self.edges[min(place, len(self.edges) - 1)]
        return float(np.interp(self.rows / 2, self.at_most, self.edges))

    def bins(self, values: np.ndarray) -> np.ndarray:
        """Count values (m,) between the edges (k + 1,); each bin includes its upper edge."""
        places = np.searchsorted(self.edges, values, side="left")
        return np.bincount(places, minlength=len(self.edges) + 1)

    @property
    def counts(self) -> np.ndarray:
        """The rows between the edges, as `bins` counts them (k + 1,)."""
        return np.diff([0, *self.at_most, self.rows])

    @property
    def is_sound(self) -> bool:
        """Whether the counts fit the number of rows, and the edges are finite and rising."""
        finite = np.isfinite([*self.edges, self.deviation]).all() and self.deviation >= 0
        rising = (np.diff(self.edges) > 0).all() and len(self.at_most) == len(self.edges)
        return bool(finite and rising and (self.counts >= 0).all())


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="levels"):
    """How many rows have each level of a column."""

    rows: int
    """The number of rows with a level."""
    named: dict[str, int]
    """The number of rows of each level that has at least 20 rows and 2% of them."""
    others: tuple[int, ...]
    """The number of rows of the other levels in each of 32 buckets, chosen by a hash of the level's
    name."""
    unseen: float
    """How many rows would have a level unknown to the encoder if they were new: see
    `expected_unseen`."""

    levelled: ClassVar[bool] = True

    @classmethod
    def of(cls, counts: dict[str, int], unseen: float) -> Levels:
        """Summarise the counts of levels."""
        rows = sum(counts.values())
        least = max(BIN_ROWS, NAMED_SHARE * rows)
        named = {level: count for level, count in counts.items() if count >= least}
        return cls(rows, named, bucketed(counts, named), unseen)

    @property
    def counts(self) -> np.ndarray:
        """The rows of the named levels, then of the buckets of the others (k,)."""
        return np.array([*self.named.values(), *self.others])

    @property
    def is_sound(self) -> bool:
        """Whether the counts fit the number of rows, with one count for each bucket."""
        counts = [*self.named.values(), *self.others]  # of a file from elsewhere: of any size
        whole = len(self.others) == BUCKETS and sum(counts) == self.rows
        return whole and min(counts, default=0) >= 0 and 0 <= self.unseen <= self.rows

    def arranged(self, counts: Mapping[str, int]) -> np.ndarray:
        """Arrange the counts of levels in other rows in the order of ``counts`` (k,)."""
        named = [counts.get(level, 0) for level in self.named]
        return np.array([*named, *bucketed(counts, self.named)])

    def comparable(self, counts: np.ndarray) -> np.ndarray:
        """Join counts, arranged like ``counts``, into cells that were not chosen by these rows.

        A level that is named because it happens to be common here would be rarer in any other rows.
        So all levels are put in their buckets, unless every level that occurs is named.
        """
        named, others = counts[: len(self.named)], counts[len(self.named) :]
        if not any(self.others):
            return np.append(named, others.sum())
        places = [bucket(level) for level in self.named]
        return others + np.bincount(places, weights=named, minlength=BUCKETS).astype(np.int64)


Values = Numbers | Levels


def expected_unseen(counts: dict[str, int], learned: int) -> float:
    """Return how many of n rows would have a level that ``learned`` others of them lack.

    Take a row of a level with c rows. The probability that the c − 1 others are not among those
    learned from is at most (1 − learned / (n − 1))^(c − 1). If all others are learned from, the sum
    of this counts the levels of one row (I. J. Good, The population frequencies of species,
    Biometrika 40, 1953). Each level is taken to have one row less, because new rows of an unseen
    level come together.
    """
    sizes = np.array(list(counts.values()), np.float64)
    left_out = max(1 - learned / max(sizes.sum() - 1, 1), 0.0)
    return float(sizes @ left_out ** np.maximum(sizes - 2, 0))


def as_numbers(values: pl.Series) -> np.ndarray:
    """Return the values of a typed column that are not missing, as numbers: float64."""
    return in_numbers(values.drop_nulls()).to_numpy()


def in_numbers(values: pl.Series) -> pl.Series:
    """Return a typed column as numbers, null where missing.

    Dates become microseconds since 1970 (UTC), texts their numbers of characters, lists their
    numbers of items, and grids their brightness.
    """
    if values.dtype == pl.Binary:
        return brightness(values)
    if values.dtype == pl.String:
        values = values.str.len_chars()
    elif values.dtype == pl.List:
        values = values.list.len()
    return values.to_physical().cast(pl.Float64)


def level_counts(levels: pl.Series) -> dict[str, int]:
    """Return how many rows have each level: the commonest first, equally common ones by name."""
    counts = levels.drop_nulls().cast(pl.String).alias("level").value_counts(name="rows")
    return dict(counts.sort(["rows", "level"], descending=[True, False]).iter_rows())


def bucketed(counts: Mapping[str, int], named: Collection[str]) -> tuple[int, ...]:
    """Count the rows of unnamed levels in each bucket."""
    buckets = [0] * BUCKETS
    for level, count in counts.items():
        if level not in named:
            buckets[bucket(level)] += count
    return tuple(buckets)


def bucket(level: str) -> int:
    """Return the bucket of a level, from 0, which does not depend on the rows."""
    return crc32(level.encode()) % BUCKETS
