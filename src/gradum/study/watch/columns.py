"""Each column of new rows against the same column of the reference."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.fitting.reference.reference import Reference
from gradum.fitting.reference.values import Levels, Numbers, as_numbers
from gradum.margins import first_greatest
from gradum.randomness import stream
from gradum.study.watch.counted import CountedColumn
from gradum.study.watch.distances import between_levels, between_numbers, more_p, share_p
from gradum.study.watch.watched import (
    ColumnWatch,
    LevelShare,
    Median,
    MissingShare,
    UnseenLevels,
)
from gradum.tables.columns import Column

SHOWN_LEVELS = 3


def watch_column(
    column: Column, reference: Reference, new: CountedColumn, some: pl.Series, seed: int
) -> ColumnWatch:
    """Compare a column.

    Parameters
    ----------
    column : Column
        What the schema knows of it.
    reference : Reference
    new : CountedColumn
        The column of all new rows.
    some : Series
        Its typed values in some of them, of which the median is told.
    seed : int
        Of the draws that a p-value may need.
    """
    summary = reference.columns[column.name]
    values, before, now = summary.values, summary.values.counts, new.counts
    median = level = unseen = None
    if isinstance(values, Levels):
        rng = stream(seed, "study", "watch", column.name)
        distance = between_levels(values.comparable(before), values.comparable(now), rng)
        level, unseen = _moved_level(values, before, now), _unseen(values, new)
        places = tuple(values.named)
    else:
        distance = between_numbers(before, now)
        median = _median(values, some)
        places = values.edges
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
    )


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
