"""A rung's answers for moved rows: columns that do not move are encoded once for all copies."""

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
        """Predict copies of rows (m,) whose moving columns are at places (m, c)."""
        arrays = {name: values[rows] for name, values in self._still.arrays.items()}
        if self.moves.columns:
            moved = self._moving.transform(self.moves.values(places))
            arrays["dense"][:, self._moved_places] = moved.arrays["dense"]
        return self.rung.predict(Design(arrays, self.encoder.layout))

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
    def _moved_places(self) -> np.ndarray:
        """The dense columns of the design that are made of them."""
        names = {column.name for column in self.moves.columns}
        dense = self.encoder.layout.dense
        return np.array([k for k, feature in enumerate(dense) if feature.source in names], np.intp)
