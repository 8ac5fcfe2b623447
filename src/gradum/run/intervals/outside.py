"""Rows outside of what was learned from, for whose intervals nothing is promised.

A guarantee is for rows like those that judged. A date before or after all of theirs, or a level
that none of them had, shows that a row is not like them. But rows of the same distribution now and
then have a number beyond the largest so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from gradum.messages import say_plural, sentences
from gradum.run.intervals.conformal.statement import WITHOUT_BOUND, Statement
from gradum.rungs.rung import Prediction
from gradum.tables.check.differences import Difference, dates_out_of_range, levels_unseen
from gradum.tables.encode import Encoder

COLUMN = "outside"


@dataclass(frozen=True)
class OutsideColumn:
    """The column ``outside`` beside intervals: the columns by which a row is outside, if any."""

    encoder: Encoder
    also: tuple[str, ...] = ()

    def columns(self, frame: pl.DataFrame, prediction: Prediction) -> pl.DataFrame:
        """Name the columns by which each checked row (n) is outside; null if there are none."""
        named = pl.Series(COLUMN, [None] * len(frame), dtype=pl.String)
        for name, where in self._where(frame):
            longer = pl.when(named.is_null()).then(pl.lit(name)).otherwise(named + f", {name}")
            named = pl.select(
                pl.when(where).then(longer).otherwise(named).alias(COLUMN)
            ).to_series()
        return named.to_frame()

    def _where(self, frame: pl.DataFrame) -> Iterator[tuple[str, pl.Series]]:
        for values in frame:
            for tell in (dates_out_of_range, levels_unseen):
                where = tell(values, self.encoder)
                if where is not None and where.any():
                    yield values.name, where


def outside_in_words(
    statement: Statement, encoder: Encoder, differences: Iterable[Difference]
) -> str:
    """Say for how many rows nothing is promised, column by column; empty if there are none."""
    if statement.name in WITHOUT_BOUND:
        return ""
    by_chance = {step.source for step in encoder.steps if step.is_passed_by_chance}
    return sentences(
        say_plural(
            "Nothing is promised for {count:,} row, since its {column!r} is none of those learned "
            "from; the column 'outside' says which row.",
            "Nothing is promised for {count:,} rows, since their {column!r} is none of those "
            "learned from; the column 'outside' says which rows.",
            difference.count,
            column=difference.column,
        )
        for difference in differences
        if difference.beyond and difference.column not in by_chance
    )
