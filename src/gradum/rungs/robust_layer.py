"""The input layer of networks that learn from robustly scaled columns."""

from __future__ import annotations

from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.rungs.rows import Rows

ONE_HOT_LEVELS = 9


def robust_layer(rows: Rows) -> InputLayer:
    """Robust scale and smooth clip; columns of few levels are one-hot, those of many embedded."""
    levels = rows.design.layout.level_counts
    treatments: tuple[Treatment, ...] = tuple(_treatment(count) for count in levels)
    return InputLayer.robust(rows.design.dense_columns(), levels, treatments)


def _treatment(levels: int) -> Treatment:
    if levels == 2:
        return "sign"
    return "one_hot" if levels <= ONE_HOT_LEVELS else "embedding"
