"""Accidents of numbers: another unit, values that get lost, numbers that are rounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from gradum.messages import marked
from gradum.tables.kinds.kind import Accident, lost

CENTIMETRES = 2.54  # in an inch


def _times(factor: float) -> Callable[[pl.Series], pl.Series]:
    return lambda values: values * factor


def _rounded(values: pl.Series) -> pl.Series:
    """Round to the power of ten next below the standard deviation of the values."""
    present = values.drop_nulls().to_numpy()
    spread = float(np.std(present)) if len(present) else 0.0
    if spread == 0:
        return values
    unit = 10.0 ** np.floor(np.log10(spread))
    return (values / unit).round() * unit


ACCIDENTS = (
    Accident("missing_high", marked("missing where it is highest"), lost, highest=True),
    Accident("tenfold", marked("10 times as large"), _times(10.0)),
    Accident("thousandfold", marked("1,000 times as large"), _times(1000.0)),
    Accident(
        "centimetres",
        marked("2.54 times as large, as centimetres are for inches"),
        _times(CENTIMETRES),
    ),
    Accident("rounded", marked("rounded to a power of ten"), _rounded),
)
