"""A fitted model's predictions as a frame, with the labels as they were given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.fitting.rung import Prediction
from gradum.tables.check import Difference, check
from gradum.tables.schema import Label
from gradum.tables.table import Table


def predict(
    fitted: Fitted, table: Table, *, rung: str | None = None
) -> tuple[pl.DataFrame, tuple[Difference, ...]]:
    """Predict every row of a table, in order.

    Returns
    -------
    frame : polars.DataFrame
        ``prediction`` and, for classes, one ``probability_CLASS`` column each.
    differences : tuple of Difference
        How the table differs from the training rows.

    Raises
    ------
    SchemaError
        A column that the model needs is absent, or of another kind.
    """
    chosen = fitted.rung(rung)
    checked = check(table, fitted.schema, encoder=fitted.encoder)
    prediction = chosen.predict(fitted.encoder.transform(checked.frame))
    assert fitted.schema.target is not None
    return prediction_frame(prediction, fitted.schema.target.classes), checked.differences


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
