"""Columns of new rows, counted block by block, and their answers, compared with the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from copy import copy

import numpy as np
import polars as pl

from gradum.margins import first_greatest, first_least
from gradum.randomness import stream
from gradum.run.reference.column_counts import Levels, Numbers, as_numbers, level_counts
from gradum.run.reference.reference import ColumnSummary, Reference
from gradum.study.watch.distances import between_levels, between_numbers, more_p, share_p
from gradum.study.watch.watched import (
    AnswersWatch,
    ColumnWatch,
    LevelShare,
    Median,
    MissingShare,
    UnseenLevels,
)
from gradum.tables.columns import Column
from gradum.tables.encode import Encoder

SHOWN_LEVELS = 3

BEYOND = 20
"""The most values that are kept of those beyond the known quantiles, on either side."""

ANSWERED_ROWS = 20_000
"""The number of new rows, drawn by chance, whose answers are looked at."""


def watch_column(
    column: Column, reference: Reference, new: CountedColumn, some: pl.Series, seed: int
) -> ColumnWatch:
    """Compare a column of new rows with the reference.

    Parameters
    ----------
    column : Column
        The column in the schema.
    new : CountedColumn
        The column of all new rows.
    some : Series
        Its typed values in some of these rows, whose median is reported.
    seed : int
        Seed of the draws that a p-value may need.
    """
    if new.found is None:
        new.found = _watch_column(column, reference, new, some, seed)
    return new.found


def _watch_column(
    column: Column, reference: Reference, new: CountedColumn, some: pl.Series, seed: int
) -> ColumnWatch:
    summary = reference.columns[column.name]
    values, before, now = summary.values, summary.values.counts, new.counts
    median = level = unseen = None
    below, above = (), ()
    if isinstance(values, Levels):
        rng = stream(seed, "study", "watch", column.name)
        distance = between_levels(values.comparable(before), values.comparable(now), rng)
        level, unseen = _moved_level(values, before, now), _unseen(values, new)
        places = tuple(values.named)
    else:
        distance = between_numbers(before, now)
        median = _median(values, some)
        places = values.edges
        below, above = _beyond(values, as_numbers(some))
    return ColumnWatch(
        column=column.name,
        kind=column.kind,
        **distance._asdict(),
        median=median,
        level=level,
        missing=_missing(summary.missing, reference.rows, new),
        unseen=unseen,
        counts=tuple(now.tolist()),
        reference_counts=tuple(before.tolist()),
        places=places,
        below=below,
        above=above,
    )


def _beyond(values: Numbers, new: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the new values below and above the known quantiles, at evenly spaced ranks."""
    if not values.edges:
        return (), ()
    return _at_ranks(new[new < values.edges[0]]), _at_ranks(new[new > values.edges[-1]])


def _at_ranks(values: np.ndarray) -> tuple[float, ...]:
    count = min(len(values), BEYOND)
    if not count:
        return ()
    ranks = np.arange(1, count + 1) / count
    return tuple(np.quantile(values, ranks, method="inverted_cdf").tolist())


def _median(values: Numbers, some: pl.Series) -> Median | None:
    new = as_numbers(some)
    if not len(new) or not values.edges or values.deviation == 0:
        return None
    median = float(np.median(new))
    return Median(values.median, median, (median - values.median) / values.deviation)


def _moved_level(values: Levels, before: np.ndarray, now: np.ndarray) -> LevelShare | None:
    if not values.named or not now.any():
        return None
    reference, new = before / before.sum(), now / now.sum()
    place = int(first_greatest(np.abs(new - reference)[: len(values.named)]))
    return LevelShare(list(values.named)[place], float(reference[place]), float(new[place]))


def _missing(missing: int, rows: int, new: CountedColumn) -> MissingShare:
    m = new.missing + new.rows
    p = share_p(missing, rows, new.missing, m) if missing + new.missing else None
    return MissingShare(missing / rows, new.missing / m, p)


def _unseen(values: Levels, new: CountedColumn) -> UnseenLevels | None:
    levels = new.new_levels
    if not levels:
        return None
    expected = min(int(np.ceil(values.unseen)), values.rows)
    p = more_p(expected, values.rows, new.unseen, new.rows)
    share = values.unseen / max(values.rows, 1)
    return UnseenLevels(new.unseen, tuple(levels)[:SHOWN_LEVELS], len(levels), share * new.rows, p)


def watch_answers(
    reference: Reference, answers: np.ndarray, names: tuple[str, ...]
) -> AnswersWatch | None:
    """Compare the distribution of answers (n, c); with several answers, the one that moved most.

    Its p-value is then multiplied by their number. None if no answers are known.
    """
    if not reference.answers or not len(answers):
        return None
    new = [known.values.bins(answers[:, known.place]) for known in reference.answers]
    distances = [
        between_numbers(known.values.counts, counts)
        for known, counts in zip(reference.answers, new, strict=True)
    ]
    ps = np.array([distance.p for distance in distances])
    sizes = np.array([distance.size for distance in distances])
    among = np.flatnonzero(ps <= ps[first_least(ps)])
    place = int(among[first_least(-sizes[among])])
    known, counts, distance = reference.answers[place], new[place], distances[place]
    below, above = _beyond(known.values, answers[:, known.place])
    return AnswersWatch(
        answer=names[known.place],
        rows=len(answers),
        reference_rows=known.values.rows,
        size=distance.size,
        least_size=distance.least_size,
        p=min(1.0, distance.p * len(distances)) if reference.same_fit else None,
        median=float(np.median(answers[:, known.place])),
        reference_median=known.values.median,
        places=known.values.edges,
        counts=tuple(counts.tolist()),
        reference_counts=tuple(known.values.counts.tolist()),
        below=below,
        above=above,
    )


class CountedColumn:
    """A column of new rows, counted like the reference's.

    Parameters
    ----------
    summary : ColumnSummary
        The reference's summary.
    known : collection of str or None
        The levels that the encoder knows; None if it stores none.

    Attributes
    ----------
    rows : int
        The number of rows with a value.
    missing : int
        The number of rows without a value.
    unseen : int
        The number of rows with levels that the encoder does not know.
    found : ColumnWatch or None
        What a watch found of the rows counted so far.
    """

    def __init__(self, summary: ColumnSummary, known: Collection[str] | None = None) -> None:
        self._summary, self._values = summary, summary.values
        self._known = None if known is None else frozenset(known)
        self._bins = np.zeros(1, np.int64)
        self._levels: Counter[str] = Counter()
        self.rows = self.missing = self.unseen = 0
        self.found: ColumnWatch | None = None

    def of(self, values: pl.Series) -> CountedColumn:
        """Return other values, counted in the same way."""
        counted = self.nothing()
        counted.add(values)
        return counted

    def nothing(self) -> CountedColumn:
        """Return a column of no rows, which are to be counted in the same way."""
        return CountedColumn(self._summary, self._known)

    def merge(self, later: CountedColumn) -> None:
        """Take in the counts of later rows."""
        self.found = None
        self.missing += later.missing
        self.rows += later.rows
        self.unseen += later.unseen
        self._bins = self._bins + later._bins
        self._levels.update(later._levels)

    def add(self, values: pl.Series) -> None:
        """Count typed values, as `tables.check` leaves them."""
        self.found = None
        missing = values.null_count()
        self.missing += missing
        self.rows += len(values) - missing
        if isinstance(self._values, Numbers):
            self._bins = self._bins + self._values.bins(as_numbers(values))
            return
        counts = level_counts(values)
        self._levels.update(counts)
        if self._known is not None:
            self.unseen += sum(counts[level] for level in counts.keys() - self._known)

    @property
    def counts(self) -> np.ndarray:
        """Rows in each cell of the reference (k,)."""
        if isinstance(self._values, Levels):
            return self._values.arranged(self._levels)
        return np.broadcast_to(self._bins, len(self._values.edges) + 1)

    @property
    def new_levels(self) -> dict[str, int]:
        """The number of rows for each level that the encoder does not know, the commonest first."""
        if self._known is None:
            return {}
        ordered = self._levels.most_common()
        return {level: rows for level, rows in ordered if level not in self._known}


class Counted:
    """Counts of all columns of new rows that a reference has."""

    def __init__(self, columns: dict[str, ColumnSummary], encoder: Encoder) -> None:
        self.columns = {
            name: CountedColumn(summary, encoder.levels.get(name))
            for name, summary in columns.items()
        }
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Count a block of typed columns."""
        self.rows += len(frame)
        for name, column in self.columns.items():
            column.add(frame[name])

    def nothing(self) -> Counted:
        """Return the same columns of no rows."""
        empty = copy(self)
        empty.columns = {name: column.nothing() for name, column in self.columns.items()}
        empty.rows = 0
        return empty

    def merge(self, later: Counted) -> None:
        """Take in the counts of later rows."""
        self.rows += later.rows
        for name, column in self.columns.items():
            column.merge(later.columns[name])

    def edited(self, before: pl.DataFrame, after: pl.DataFrame) -> Counted:
        """Return the counts of the counted rows, ``before``, with other values in some columns.

        All other columns are shared, and so is what a watch finds of them.
        """
        edited = copy(self)
        edited.columns = {
            name: column if after[name].equals(before[name]) else column.of(after[name])
            for name, column in self.columns.items()
        }
        return edited
