"""Rows of a table under stress: what answers for them, and what may be done to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict_typed
from gradum.fitting.reference.reference import Reference
from gradum.fitting.rung import Prediction, Rung
from gradum.study.stress.moves import Moves, moves_of
from gradum.study.stress.threat import Threat


@dataclass(frozen=True, eq=False)
class StressedRows:
    """Rows, a rung of a model that answers for them, and what may be done to them.

    Parameters
    ----------
    fitted : Fitted
    rung : Rung
        The one that answers.
    reference : Reference
        What the rows learned from were like.
    rows : DataFrame
        Typed features (n), every number in float64.
    numbers : ndarray of int (n,)
        What the rows are called.
    threat : Threat
        What an attack may do.
    """

    fitted: Fitted
    rung: Rung
    reference: Reference
    rows: pl.DataFrame
    numbers: np.ndarray
    threat: Threat

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: np.ndarray | slice) -> StressedRows:
        """Return some of the rows."""
        return replace(self, rows=self.rows[places], numbers=self.numbers[places])

    def answers(self, frame: pl.DataFrame) -> Prediction:
        """Return what the rung says of typed rows."""
        return predict_typed(self.fitted, frame, rung=self.rung.name)

    @cached_property
    def moves(self) -> Moves:
        """How the rows may move.

        Raises
        ------
        SpecError
            A column that is to move with others cannot move, or is named twice.
        """
        threat = self.threat
        scales = threat.budget.scales(self.fitted, self.reference)
        return moves_of(
            self.rows,
            self.fitted.encoder.axes(self.fitted.schema.features),
            scales,
            threat.limits,
            threat.together,
        )
