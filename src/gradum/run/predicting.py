"""A fitted model's predictions for a table, also as a frame with the original labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.run.spec.exposure import for_exposure
from gradum.rungs.rung import Prediction
from gradum.tables.check.check import Checked, check, check_blocks
from gradum.tables.check.differences import Difference, merged
from gradum.tables.schema.schema import Label
from gradum.tables.sources.read import read
from gradum.tables.sources.stream import Stream
from gradum.tables.table import Table
from gradum.waiting import portion, tell, told


def predict(
    fitted: Fitted, data: Any, *, rung: str | None = None
) -> tuple[Prediction, tuple[Difference, ...]]:
    """Predict every row, in order, of anything that `read` takes for a table.

    A dict, or a few dicts, with plain values need no frame. Rows of a frame are encoded block by
    block, so that little memory is needed besides the table and the prediction.

    Returns
    -------
    prediction : Prediction
    differences : tuple of Difference
        How the table differs from the training rows.

    Raises
    ------
    TableError
        The data are not a table.
    SchemaError
        A column that the model needs is absent, or of another kind.
    """
    plain = predict_plain(fitted, data, rung=rung)
    if plain is not None:
        return plain, ()
    checked = check(read(data), fitted.schema, encoder=fitted.encoder)
    return predict_typed(fitted, checked.frame, rung=rung), checked.differences


def predict_rows(
    fitted: Fitted, data: Any, *, rung: str | None = None
) -> tuple[Prediction, tuple[Difference, ...]]:
    """Predict as `predict` does, for the exposure of each row if the model has exposures.

    Raises
    ------
    TableError, SchemaError
        As `predict`; or the rows have no column of exposures.
    """
    if fitted.schema.exposure is None:
        return predict(fitted, data, rung=rung)
    checked = check(read(data), fitted.schema, encoder=fitted.encoder)
    prediction = predict_typed(fitted, checked.frame, rung=rung)
    return for_exposure(fitted.schema, checked.frame, prediction), checked.differences


def predict_plain(fitted: Fitted, data: Any, *, rung: str | None = None) -> Prediction | None:
    """Predict a dict, or a few, of plain values; None if `check` has to look at them.

    Each of up to `FEW_ROWS` rows gets the bits that it would get alone.
    """
    refuse_after_fork()  # even for a plain row: the next one may not be plain
    chosen = fitted.rung(rung)  # if there is no such rung, nothing need be read
    design = fitted.row_door.design(data)
    return None if design is None else chosen.predict(design)


def predict_typed(
    fitted: Fitted, frame: pl.DataFrame, *, rung: str | None = None, of_rows: int | None = None
) -> Prediction:
    """Predict typed columns, as `tables.check` leaves them, or a block of ``of_rows`` rows."""
    chosen = fitted.rung(rung)
    designs = fitted.encoder.blocks(frame, chosen.block_rows)
    blocks = -(-len(frame) // chosen.block_rows)
    if blocks > 1:
        designs = told(designs, say("predicting rows"), blocks)
    # Given the number of all rows, a block goes the way that it would go in the whole table: it
    # has the same bits there, if the table is divided at the same rows.
    return Prediction.join(chosen.predict_blocks(designs, of_rows or len(frame)))


@dataclass
class Streamed:
    """The predictions for a table that is read in blocks; an iterator that can be used once."""

    fitted: Fitted
    rows: Stream
    """The table."""
    rung: str | None = None
    also: tuple[str, ...] = ()
    """Columns that are wanted although no model uses them."""
    differences: tuple[Difference, ...] = ()
    """How the blocks read so far differ from the training rows."""

    def __iter__(self) -> Iterator[tuple[Table, Checked, Prediction]]:
        """Yield each block as it was given and as it was read, with its prediction.

        Raises
        ------
        SchemaError
            A column that the model needs is absent, or is of another kind, as the last block shows.
        """
        fitted, rows, done = self.fitted, len(self.rows), 0
        blocks = check_blocks(
            self.rows.blocks(), fitted.schema, encoder=fitted.encoder, also=self.also
        )
        for table, checked in blocks:
            self.differences = merged((*self.differences, *checked.differences))
            began, done = done, done + len(checked.frame)
            with portion(began / rows, done / rows):
                tell(say("predicting rows"), 0.0)
                predicted = predict_typed(fitted, checked.frame, rung=self.rung, of_rows=rows)
            yield table, checked, predicted


class Added(Protocol):
    """Columns that stand next to predictions, such as intervals; ``also`` are columns they need."""

    @property
    def also(self) -> tuple[str, ...]:
        """The table's columns that they need, though the model may not."""
        ...

    def columns(self, frame: pl.DataFrame, prediction: Prediction) -> pl.DataFrame:
        """Return them for typed rows and their predictions."""
        ...


def also_of(added: Sequence[Added]) -> tuple[str, ...]:
    """Return the table's columns that added columns need."""
    return tuple(dict.fromkeys(name for columns in added for name in columns.also))


def predicted_columns(
    fitted: Fitted, checked: Checked, prediction: Prediction, added: Sequence[Added]
) -> pl.DataFrame:
    """Return the columns of a prediction, and those that are added to it."""
    prediction = for_exposure(fitted.schema, checked.frame, prediction)
    frame = prediction_frame(prediction, fitted.classes)
    for columns in added:
        frame = frame.hstack(columns.columns(checked.frame, prediction))
    return frame


def prediction_frame(prediction: Prediction, classes: Sequence[Label]) -> pl.DataFrame:
    """Return a rung's predictions in named columns: ``prediction``, ``probability_CLASS`` …."""
    if prediction.probability is None:
        return pl.DataFrame({"prediction": prediction.value})
    labels = pl.Series("prediction", list(classes))[np.asarray(prediction.value)]
    shares = {
        f"probability_{label}": np.ascontiguousarray(column)
        for label, column in zip(classes, prediction.probability.T, strict=True)
    }
    return pl.DataFrame({"prediction": labels, **shares})
