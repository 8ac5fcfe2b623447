"""A rung's answers for moved rows; columns that do not move are encoded once for all copies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.questions.stress.stressed_rows import Moves
from gradum.rungs.rung import Prediction, Rung
from gradum.tables.encode import Encoder
from gradum.tables.kinds.design import Design


@dataclass(frozen=True, eq=False)
class MovedAnswers:
    """A rung's answers for copies of p rows."""

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

    def along_axes(self, rows: np.ndarray, places: np.ndarray) -> Prediction:
        """Predict copies of rows (q,) that each moved along a single axis: (q · a · v).

        ``places`` (q, 1 + v, c) are the positions of copies to begin with, and of copies moved
        along all axes at once. As each column is encoded by itself, a copy takes the columns of its
        axis from the latter and all others from the former.
        """
        q, several, c = places.shape
        a, v = self.moves.count, several - 1
        design = self._still.take(np.repeat(rows, a * v))
        moved = self._moving.transform(self.moves.values(places.reshape(-1, c)))
        for name, block in moved.arrays.items():
            encoded = block.reshape(q, several, -1)
            copies = np.repeat(encoded[:, None, :1], a, axis=1).repeat(v, axis=2)
            every = np.arange(encoded.shape[2])
            copies[:, self._axes[name], :, every] = encoded[:, 1:].transpose(2, 0, 1)
            design.arrays[name][:, self._moved_places[name]] = copies.reshape(q * a * v, -1)
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
    def _axes(self) -> dict[str, np.ndarray]:
        """By block, the axis along which each column made from a moving one moves."""
        names = [column.name for column in self.moves.columns]
        axis_of = dict(zip(names, self.moves.axes.tolist(), strict=True))
        blocks = self._moving.layout.blocks
        return {
            block: np.array([axis_of[column.source] for column in several], int)
            for block, several in blocks.items()
        }

    @cached_property
    def _moved_places(self) -> dict[str, np.ndarray]:
        """By block, the columns of the design that are made from the moving columns."""
        names = {column.name for column in self.moves.columns}
        return {
            block: np.array([k for k, column in enumerate(several) if column.source in names], int)
            for block, several in self.encoder.layout.blocks.items()
        }
