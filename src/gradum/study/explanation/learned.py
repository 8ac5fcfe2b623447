"""The rows that a rung learned from, with what it says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.core.models.opened import LastLayer
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.dataset import Dataset
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Rung
from gradum.tables.encode import Unencoded
from gradum.tables.split import Part

NUMBERS_AT_ONCE = 2**22  # of the last layer


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """n rows of a run's table that a rung learned from.

    Parameters
    ----------
    fitted : Fitted
    rung : Rung
    frame : polars.DataFrame
        Their feature columns.
    numbers : ndarray of int (n,)
        Their numbers in the table, from 1.
    target : ndarray of shape (n,)
        Numbers in raw units, or class codes.
    weight : ndarray of shape (n,)
        With which the rung learned from them; where classes are balanced, the weight of the class
        is multiplied in.
    """

    fitted: Fitted
    rung: Rung
    frame: pl.DataFrame
    numbers: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, fitted: Fitted, rung: Rung, dataset: Dataset, parts: np.ndarray) -> LearnedRows:
        """Take them from a run's rows and their parts.

        Validation rows that only stopped a fit are left out.

        Raises
        ------
        SpecError
            The rung looks at no column.
        """
        if rung.input_layer is None:
            raise SpecError(
                say("The baseline looks at no column."), say("Choose another rung (--rung).")
            )
        if fitted.spec.refit:
            learned = np.arange(len(dataset))
        else:
            only_stopping = rung.stopped_early & (parts == Part.VALIDATION)
            learned = np.flatnonzero((parts != Part.TEST) & ~only_stopping)
        weight = dataset.weight[learned]
        target = dataset.target[learned]
        if rung.class_weight is not None:
            weight = weight * np.asarray(rung.class_weight)[target]
        features = [column.name for column in fitted.schema.features]
        frame = dataset.frame[learned].select(features)
        return cls(fitted, rung, frame, dataset.numbers[learned] + 1, target, weight)

    def __len__(self) -> int:
        return len(self.frame)

    def without(self, number: int) -> LearnedRows:
        """Return all but the row of that number."""
        kept = self.numbers != number
        return LearnedRows(
            self.fitted,
            self.rung,
            self.frame.filter(kept),
            self.numbers[kept],
            self.target[kept],
            self.weight[kept],
        )

    def last_layers(self, frame: pl.DataFrame | None = None) -> Iterator[LastLayer]:
        """Yield the rows, or those of another frame, at the last layer, block by block."""
        rung, encoder = self.rung, self.fitted.encoder
        assert rung.input_layer is not None
        dtype = rung.params["layers"][0]["weight"].dtype.type
        width = max(1, *rung.network.widths)
        design = Unencoded(encoder, self.frame if frame is None else frame)
        for block in design.blocks(max(1, NUMBERS_AT_ONCE // width)):
            inputs = rung.input_layer(block.arrays, dtype=dtype)
            yield rung.network.last_layer(rung.params, inputs)
