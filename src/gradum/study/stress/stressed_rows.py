"""Rows of a table under stress: what answers for them, and what may be done to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict_typed
from gradum.fitting.reference.reference import Reference
from gradum.fitting.rung import Prediction, Rung
from gradum.messages import say
from gradum.study.axis import axes_of
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.stress.budget import Budget
from gradum.study.stress.moves import Moves, moves_of


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
        return moves_of(self.rows, axes_of(self.fitted), scales, threat.limits, threat.together)


@dataclass(frozen=True)
class Threat:
    """What an attack may do.

    Parameters
    ----------
    budget : Budget
        How far columns may move.
    limits : Limits
        Columns that stay, or go one way only.
    together : sequence of sequences of str
        Columns that shift by the same amount.
    levels : int
        How many levels of categories, yes and no, may change besides.
    share : float
        Of the range of the training target, by which a number has to move.
    """

    budget: Budget
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    together: Sequence[Sequence[str]] = ()
    levels: int = 0
    share: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a number of levels or a share that makes no sense."""
        if self.levels < 0:
            raise SpecError(
                say("{levels!r} levels are to change.", levels=self.levels), say("Give 0 or more.")
            )
        if not 0 < self.share <= 1:
            raise SpecError(
                say("Numbers are to move by {share} of the target's range.", share=self.share),
                say("Give a share above 0, up to 1, such as 0.1."),
            )
