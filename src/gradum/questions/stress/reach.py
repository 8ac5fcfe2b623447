"""Boxes of a model's inputs that contain every copy of a row that an attack may make.

In a box, a column that moves by up to ε takes all positions in between, even some that no row of
the table has, and columns that shift together move independently. A date enters as several inputs,
each of which ranges over its values on all days within reach; so does a time of day, over all
minutes. So a box contains more than an attack can try, and anything proved for the box holds for
every copy.

Shapes: n rows, v variants of them, b boxes, d inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from gradum.core.bounds import Box
from gradum.questions.stress.levels import level_choices, other_levels, with_levels
from gradum.questions.stress.stressed_rows import Moves, MovingColumn, StressedRows
from gradum.study.certified.table_inputs import TableInputs
from gradum.tables.encode import Encoder


class ReachedBoxes(NamedTuple):
    """Boxes [b, d], each with the position of its row among the requested ones (b,)."""

    box: Box
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Reach:
    """The possible copies of rows."""

    inputs: TableInputs
    """The inputs of the model."""
    moves: Moves
    """The moves of the n rows."""
    still: Box
    """Of shape [v, d]. The inputs of each row as it is, and of its copies with other levels, for
    the columns that do not move."""
    rows: np.ndarray
    """Integers of shape (v,). The row of each variant, rising."""

    @classmethod
    def of(cls, stressed: StressedRows) -> Reach:
        """Take rows as they are, and with levels changed as far as the threat allows.

        If one level may change, each change has a box of its own. If several may change, a row has
        one box with all levels of all columns.
        """
        inputs, rows, moves = TableInputs(stressed.fitted), stressed.rows, stressed.moves
        most, limits = stressed.threat.levels, stressed.threat.limits
        unchanged, choices = inputs.of_typed(rows), level_choices(stressed.fitted)
        every = np.arange(len(rows))
        changes = [
            (row, {column: level})
            for row in range(len(rows) if most else 0)
            for column, level in other_levels(rows.row(row, named=True), choices, limits)
        ]
        if not changes:
            return cls(inputs, moves, Box(unchanged, unchanged), every)
        of_row = np.concatenate([every, [row for row, _ in changes]]).astype(np.intp)
        order = np.argsort(of_row, kind="stable")
        copies = with_levels(rows[of_row[len(every) :]], [changed for _, changed in changes])
        x, of_row = np.concatenate([unchanged, inputs.of_typed(copies)])[order], of_row[order]
        if most == 1:
            return cls(inputs, moves, Box(x, x), of_row)
        starts = np.searchsorted(of_row, every)
        hull = Box(np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts))
        return cls(inputs, moves, hull, every)

    def around(self, rows: np.ndarray, sizes: np.ndarray) -> ReachedBoxes:
        """Return boxes that hold all copies of rows (m,) whose columns shift by up to sizes (m,).

        ``rows`` must rise. Each row's boxes are adjacent, in the order of the rows.
        """
        variants = np.flatnonzero(np.isin(self.rows, rows))
        owners = np.searchsorted(rows, self.rows[variants])
        low, high = (end[variants].copy() for end in self.still)
        for place, column in enumerate(self.moves.columns):
            hull = self._hull(column, self.moves.starts[rows, place], sizes)
            here = np.flatnonzero(self.inputs.sources == column.name)
            low[:, here], high[:, here] = (end[owners] for end in hull)
        return ReachedBoxes(Box(low, high), owners)

    def whole(self, row: int) -> np.ndarray:
        """Return which inputs (d,) are whole numbers in every copy of a row."""
        whole = np.zeros(self.inputs.count, bool)
        for start, column in zip(self.moves.starts[row], self.moves.columns, strict=True):
            if column.axis.is_whole and start == np.rint(start):
                whole |= self.inputs.sources == column.name
        return whole

    def _hull(self, column: MovingColumn, starts: np.ndarray, sizes: np.ndarray) -> Box:
        """Return the least and the greatest value that each of a column's inputs can have."""
        stops = [column.stops(*pair) for pair in zip(starts, sizes, strict=True)]
        first = np.cumsum([0, *(len(places) for places in stops[:-1])])
        (step,) = (step for step in self.inputs.fitted.encoder.steps if step.source == column.name)
        values = column.values(np.concatenate(stops))
        encoded = Encoder((step,)).transform(pl.DataFrame([values])).flat()
        return Box(np.minimum.reduceat(encoded, first), np.maximum.reduceat(encoded, first))
