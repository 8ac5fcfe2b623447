"""New rows, counted block by block where the reference has its quantiles and levels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from gradum.run.reference.reference import ColumnSummary
from gradum.run.reference.values import Levels, Numbers, as_numbers, level_counts
from gradum.tables.encode import Encoder


class CountedColumn:
    """A column of new rows, counted as the reference's is.

    Parameters
    ----------
    summary : ColumnSummary
        The reference.
    known : Series or None
        The levels that the encoder knows, as one list; None where it keeps none.

    Attributes
    ----------
    rows : int
        With a value.
    missing : int
        Without one.
    unseen : int
        Rows of levels that the encoder does not know.
    """

    def __init__(self, summary: ColumnSummary, known: pl.Series | None = None) -> None:
        self._values, self._known = summary.values, known
        self._bins = np.zeros(1, np.int64)
        self._levels: Counter[str] = Counter()
        self.rows = self.missing = self.unseen = 0

    def add(self, values: pl.Series) -> None:
        """Count typed values, as `tables.check` leaves them."""
        missing = values.null_count()
        self.missing += missing
        self.rows += len(values) - missing
        if isinstance(self._values, Numbers):
            self._bins = self._bins + self._values.bins(as_numbers(values))
            return
        counts = level_counts(values)
        self._levels.update(counts)
        if self._known is not None:
            levels = pl.Series(list(counts), dtype=pl.String)
            unseen = levels.filter(~levels.is_in(self._known))
            self.unseen += sum(counts[level] for level in unseen)

    @property
    def counts(self) -> np.ndarray:
        """Rows in each cell of the reference (k,)."""
        if isinstance(self._values, Levels):
            return self._values.arranged(self._levels)
        return np.broadcast_to(self._bins, len(self._values.edges) + 1)

    @property
    def new_levels(self) -> dict[str, int]:
        """Rows of the levels that the encoder does not know, the commonest first."""
        if self._known is None:
            return {}
        known = set(self._known[0])
        return {level: rows for level, rows in self._levels.most_common() if level not in known}


class Counted:
    """All columns of new rows that a reference has."""

    def __init__(self, columns: dict[str, ColumnSummary], encoder: Encoder) -> None:
        self.columns = {
            name: CountedColumn(summary, encoder.known.get(name))
            for name, summary in columns.items()
        }
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Count a block of typed columns."""
        self.rows += len(frame)
        for name, column in self.columns.items():
            column.add(frame[name])
