"""Units: models learn and are judged per unit of exposure, and all else is for whole rows.

Whole rows are what a table holds and users ask for: targets, answers, intervals, errors of a watch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import mul, truediv

import numpy as np
import polars as pl

from gradum.errors import SchemaError
from gradum.rungs.rung import Prediction
from gradum.tables.check.check import Checked
from gradum.tables.check.role_values import exposure_values
from gradum.tables.schema.schema import Schema


def exposure_of(schema: Schema, frame: pl.DataFrame) -> np.ndarray | None:
    """Return the exposure (n,) of typed rows; None if the model was fitted without exposures.

    Raises
    ------
    SchemaError
        The rows have no column of exposures.
    ColumnError
        An exposure is missing, or not above 0.
    """
    if schema.exposure is None:
        return None
    if schema.exposure not in frame.columns:
        raise SchemaError(
            "The rows lack the exposure column {column!r}.",
            "Add it; 1 in every row asks for answers per unit of exposure.",
            column=schema.exposure,
        )
    return exposure_values(Checked(frame, schema, (), schema.source))


def for_exposure(schema: Schema, frame: pl.DataFrame, prediction: Prediction) -> Prediction:
    """Return predictions per unit as predictions for the exposure of each typed row.

    Raises
    ------
    SchemaError, ColumnError
        As `exposure_of`.
    """
    return _by_exposure(mul, schema, frame, prediction)


def per_unit(schema: Schema, frame: pl.DataFrame, prediction: Prediction) -> Prediction:
    """Return predictions for the exposure of each typed row as predictions per unit.

    Raises
    ------
    SchemaError, ColumnError
        As `exposure_of`.
    """
    return _by_exposure(truediv, schema, frame, prediction)


def _by_exposure(
    operation: Callable[[np.ndarray, np.ndarray], np.ndarray],
    schema: Schema,
    frame: pl.DataFrame,
    prediction: Prediction,
) -> Prediction:
    exposure = exposure_of(schema, frame)
    if exposure is None:
        return prediction
    return replace(prediction, value=operation(prediction.value, exposure))


def whole_numbers(ends: np.ndarray) -> np.ndarray:
    """Return the least and the greatest count (n, 2) within intervals (n, 2).

    A count lies in an interval if and only if it lies between these, so that the coverage is the
    same. Where no count lies in an interval, the one nearest to its middle is returned.
    """
    low, high = np.maximum(np.ceil(ends[:, 0]), 0.0), np.floor(ends[:, 1])
    none = low > high
    with np.errstate(invalid="ignore"):
        nearest = np.maximum(np.round(ends.mean(axis=1)), 0.0)
    return np.column_stack([np.where(none, nearest, low), np.where(none, nearest, high)])
