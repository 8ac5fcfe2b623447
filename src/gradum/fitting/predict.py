"""A fitted model's predictions for a table, and as a frame with the labels as they were given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.fitting.rung import Prediction
from gradum.forks import refuse_after_fork
from gradum.tables.check import Difference, check, check_blocks, merged
from gradum.tables.read import read
from gradum.tables.schema import Label
from gradum.tables.stream import Stream
from gradum.tables.table import Table


def predict(
    fitted: Fitted, data: Any, *, rung: str | None = None
) -> tuple[Prediction, tuple[Difference, ...]]:
    """Predict every row of what `read` takes for a table, in order.

    A dict, or a few, whose values are plain need no frame. Rows of a frame are encoded block by
    block, so that besides the table and the prediction little memory is needed.

    Returns
    -------
    prediction : Prediction
    differences : tuple of Difference
        How the table differs from the training rows.

    Raises
    ------
    TableError
        The data are no table.
    SchemaError
        A column that the model needs is absent, or of another kind.
    """
    refuse_after_fork()  # of a plain row too: the next one may not be plain
    fitted.rung(rung)  # or there is none, and nothing need be read
    design = fitted.row_door.design(data)
    if design is not None:
        return fitted.rung(rung).predict(design), ()
    table = read(data)
    checked = check(table, fitted.schema, encoder=fitted.encoder)
    return predict_typed(fitted, checked.frame, rung=rung), checked.differences


def predict_typed(fitted: Fitted, frame: pl.DataFrame, *, rung: str | None = None) -> Prediction:
    """Predict every row of typed columns, as `tables.check` leaves them."""
    chosen = fitted.rung(rung)
    designs = fitted.encoder.blocks(frame, chosen.block_rows)
    return Prediction.join(chosen.predict_blocks(designs, len(frame)))


@dataclass
class Streamed:
    """Predictions of a table that is read in blocks; an iterator, to be gone through once.

    Parameters
    ----------
    fitted : Fitted
    rows : Stream
        The table.
    rung : str, optional

    Attributes
    ----------
    differences : tuple of Difference
        How the blocks so far differ from the training rows.
    """

    fitted: Fitted
    rows: Stream
    rung: str | None = None
    differences: tuple[Difference, ...] = ()

    def __iter__(self) -> Iterator[tuple[Table, Prediction]]:
        """Yield each block with what was said of it.

        Raises
        ------
        SchemaError
            A column that the model needs is absent, or, as the last block tells, of another kind.
        """
        chosen, encoder = self.fitted.rung(self.rung), self.fitted.encoder
        blocks = check_blocks(self.rows.blocks(), self.fitted.schema, encoder=encoder)
        for table, checked in blocks:
            self.differences = merged((*self.differences, *checked.differences))
            designs = encoder.blocks(checked.frame, chosen.block_rows)
            # By the number of all rows, a block is predicted as the whole table would be.
            predicted = chosen.predict_blocks(designs, len(self.rows))
            yield table, Prediction.join(predicted)


def prediction_frame(prediction: Prediction, classes: Sequence[Label]) -> pl.DataFrame:
    """Name what a rung predicted: ``prediction``, ``probability_CLASS`` …."""
    if prediction.probability is None:
        return pl.DataFrame({"prediction": prediction.value})
    labels = pl.Series("prediction", list(classes))[np.asarray(prediction.value)]
    shares = {
        f"probability_{label}": np.ascontiguousarray(column)
        for label, column in zip(classes, prediction.probability.T, strict=True)
    }
    return pl.DataFrame({"prediction": labels, **shares})
