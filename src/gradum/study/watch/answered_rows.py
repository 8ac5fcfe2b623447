"""Typed rows and a model's answers for them, as numbers that can tell rows apart."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Prediction
from gradum.study.watch.domain_sample import DomainSample

MOST_COLUMNS = 200
"""The most encoded columns that can tell rows apart; if there are more, this many are drawn."""


def answered_rows(
    fitted: Fitted, frame: pl.DataFrame, prediction: Prediction, weight: np.ndarray | None = None
) -> DomainSample:
    """Join typed rows (n) with the answers for them; only the lengths of texts count.

    With several quantiles, the middle one is the prediction.
    """
    columns = fitted.encoder.transform(frame).full()
    if columns.shape[1] > MOST_COLUMNS:
        rng = stream(fitted.spec.seed, "study", "watch", "expected columns")
        columns = columns[:, np.sort(rng.choice(columns.shape[1], MOST_COLUMNS, replace=False))]
    if prediction.value.ndim == 2:
        prediction = Prediction(prediction.middle, None)
    return DomainSample(prediction, np.ones(len(frame)) if weight is None else weight, columns)
