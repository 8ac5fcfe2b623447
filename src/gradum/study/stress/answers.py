"""A rung's answers for moved rows; columns that do not move are encoded once for all copies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.rungs.rung import Prediction, Rung
from gradum.study.stress.stressed_rows import Moves
from gradum.tables.encode import Encoder
from gradum.tables.kinds.design import Design


@dataclass(frozen=True, eq=False)
class MovedAnswers:
    """A rung's answers for copies of p rows.

    Parameters
    ----------
    encoder : Encoder
    rung : Rung
    moves : Moves
    """

    encoder: Encoder
    rung: Rung
    moves: Moves

    def __call__(self, rows: np.ndarray, places: np.ndarray) -> Prediction:
        """Predict copies of rows (m,) whose moving columns are at positions (m, c)."""
        design = self._still.take(rows)
        if self.moves.columns:
            moved = self._moving.transform(self.moves.values(places))
            for name, block in moved.arrays.items():
                design.arrays[name][:, self._moved_places[name]] = block
        return self.rung.predict(design)

    @cached_property
    def _still(self) -> Design:
        """The rows as they are."""
        return self.encoder.transform(self.moves.rows)

    @cached_property
    def _moving(self) -> Encoder:
        """The encoder of the columns that move, which are numbers and dates."""
        names = {column.name for column in self.moves.columns}
        return Encoder(tuple(step for step in self.encoder.steps if step.source in names))

    @cached_property
    def _moved_places(self) -> dict[str, np.ndarray]:
        """By block, the columns of the design that are made from the moving columns."""
        names = {column.name for column in self.moves.columns}
        return {
            block: np.array([k for k, column in enumerate(several) if column.source in names], int)
            for block, several in self.encoder.layout.blocks.items()
        }
