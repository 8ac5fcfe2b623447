"""What all rows of a column tell, one block after the other, that a sample of them cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import polars as pl
from msgspec import structs

if TYPE_CHECKING:
    from gradum.tables.kinds.step import Step

AStep = TypeVar("AStep", bound="Step")


class Measure(Generic[AStep]):
    """Rows with and without a value, of a column whose other facts are those of a sample.

    Parameters
    ----------
    step : Step
        As it was fitted to the sample.
    """

    def __init__(self, step: AStep) -> None:
        self.step = step
        self.present = self.missing = 0

    def add(self, values: pl.Series) -> None:
        """Look at a block of typed training rows."""
        missing = values.null_count()
        self.missing += missing
        self.present += len(values) - missing

    def completed(self) -> AStep:
        """Return the step with what all rows told."""
        return self.step


class MissingMeasure(Measure[AStep]):
    """The same, of a step with a field ``missing`` that says whether any row lacks a value."""

    def completed(self) -> AStep:
        """Return the step with what all rows told."""
        return structs.replace(self.step, missing=self.missing > 0)


class LevelCounts:
    """Rows by level, over all blocks; of about ``most`` levels, those of most rows."""

    def __init__(self, most: int) -> None:
        self._waiting: list[pl.DataFrame] = []
        self._size, self._most = 0, most

    def add(self, counts: pl.DataFrame) -> None:
        """Add the counts of a block."""
        self._waiting.append(counts)
        self._size += len(counts)
        if self._size <= self._most:
            return
        table = self.table
        if len(table) > self._most / 2:  # hardly any level repeats
            table = table.filter(pl.col("rows") > 1)
        if len(table) > self._most / 2:
            commonest = table.sort("rows", "level", descending=[True, False])
            table = commonest.head(self._most // 2)
        self._waiting, self._size = [table], len(table)

    @property
    def table(self) -> pl.DataFrame:
        """``level`` and ``rows``."""
        return pl.concat(self._waiting).group_by("level").agg(pl.col("rows").sum())
