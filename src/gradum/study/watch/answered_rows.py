"""Typed rows and what a model said of them, as numbers to tell them apart by."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Prediction
from gradum.study.watch.domain_sample import DomainSample

MOST_COLUMNS = 200
"""Encoded columns by which rows are told apart; of more, as many are drawn by chance."""


def answered_rows(
    fitted: Fitted, frame: pl.DataFrame, prediction: Prediction, weight: np.ndarray | None = None
) -> DomainSample:
    """Put typed rows (n) beside what was said of them; of texts only their lengths count.

    The middle one of several quantiles is the prediction.
    """
    columns = fitted.encoder.transform(frame).full()
    if columns.shape[1] > MOST_COLUMNS:
        rng = stream(fitted.spec.seed, "study", "watch", "expected columns")
        columns = columns[:, np.sort(rng.choice(columns.shape[1], MOST_COLUMNS, replace=False))]
    if prediction.value.ndim == 2:
        prediction = Prediction(prediction.middle, None)
    return DomainSample(prediction, np.ones(len(frame)) if weight is None else weight, columns)
