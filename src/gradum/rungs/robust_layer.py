"""The input layer of networks that learn from robustly scaled columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.margins import falling
from gradum.rungs.rows import Rows

ONE_HOT_LEVELS = 9
MOST_NGRAMS = 1_000  # as a network multiplies with each, whether a text has it or not


def robust_layer(rows: Rows) -> InputLayer:
    """Robust scale and smooth clip; columns of few levels are one-hot, those of many embedded.

    Of a wide text block, the n-grams that tell the target best are let through.
    """
    levels = rows.design.layout.level_counts
    treatments: tuple[Treatment, ...] = tuple(_treatment(count) for count in levels)
    layer = InputLayer.robust(rows.design.dense_columns(), levels, treatments)
    if len(rows.design.layout.sparse) <= MOST_NGRAMS:
        return layer
    best = falling(_explained(rows.design.sparse, rows))[:MOST_NGRAMS]
    return replace(layer, ngrams=tuple(sorted(best.tolist())))


def _explained(text: Any, rows: Rows) -> np.ndarray:
    """Return the share of the variance of each column (v,) that a line in the target explains.

    For classes, it is the share that their means explain: both are R² of one column on the target.
    """
    weight = rows.weight / rows.weight.sum()
    mean = text.T @ weight
    variance = np.maximum(text.multiply(text).T @ weight - mean**2, np.finfo(float).tiny)
    if rows.classes is None:
        target = rows.target - weight @ rows.target
        return (text.T @ (weight * target)) ** 2 / variance  # but for a factor
    of_class = weight[:, None] * (rows.target[:, None] == np.arange(rows.classes))
    share = np.maximum(of_class.sum(axis=0), np.finfo(float).tiny)
    between = (text.T @ of_class - mean[:, None] * share) ** 2 / share
    return between.sum(axis=1) / variance


def _treatment(levels: int) -> Treatment:
    if levels == 2:
        return "sign"
    return "one_hot" if levels <= ONE_HOT_LEVELS else "embedding"
