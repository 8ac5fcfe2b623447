"""Labels drawn anew, so that they depend on the columns in new rows as in the rows of the fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier

TREES: dict[str, Any] = {
    "max_iter": 60,
    "learning_rate": 0.1,
    "min_samples_leaf": 30,
    "early_stopping": False,
    "random_state": 0,
}


def with_drawn_labels(
    source: pl.DataFrame,
    chunks: Iterable[pl.DataFrame],
    target: str,
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Replace the labels of all rows by draws from one law given the columns.

    The law is that of boosted trees that learned only from the real labels of ``source``,
    calibrated by isotonic regression on folds that they did not learn from. The expected scores of
    the chunks are then off by a method's own error and by the chance of the draw, but not because
    the relation has changed.

    Returns
    -------
    source : DataFrame
    chunks : list of DataFrame
    """
    frames = [source, *chunks]
    values = _numbers(pl.concat(frames).drop(target))
    labels = source[target].to_numpy()
    law = CalibratedClassifierCV(HistGradientBoostingClassifier(**TREES), method="isotonic", cv=3)
    law.fit(values[: len(source)], labels)
    is_second = rng.random(len(values)) < law.predict_proba(values)[:, 1]
    levels = np.unique(labels)
    drawn = pl.Series(target, levels[is_second.astype(np.intp)], source[target].dtype)
    ends = np.cumsum([len(frame) for frame in frames])
    relabelled = [
        frame.with_columns(drawn[end - len(frame) : end])
        for frame, end in zip(frames, ends.tolist(), strict=True)
    ]
    return relabelled[0], relabelled[1:]


def _numbers(frame: pl.DataFrame) -> np.ndarray:
    """Return the columns as numbers (n, d), levels as their ranks; NaN is missing."""
    columns = [
        column.cast(pl.Float64)
        if column.dtype.is_numeric() or column.dtype == pl.Boolean
        else column.cast(pl.String).rank("dense").cast(pl.Float64)
        for column in frame
    ]
    return pl.DataFrame(columns).fill_null(np.nan).to_numpy()
