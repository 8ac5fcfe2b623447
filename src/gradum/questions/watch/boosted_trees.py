"""Gradient-boosted trees of scikit-learn, as learners on the columns of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from gradum.study.watch.domain_sample import Learners, Scores

BINS = 64
SMALL_TREES: dict[str, Any] = {
    "learning_rate": 0.1,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 30,
    "max_bins": BINS,
    "early_stopping": False,
    "random_state": 0,
}
"""Trees that find the patterns in a few thousand rows, and few false ones."""


def classifying_trees(values: np.ndarray, coded: np.ndarray, label: np.ndarray) -> Scores:
    """Learn to tell rows (n, d) with labels 0 and 1 apart; return the log-odds of 1.

    Columns that are ``coded`` (d,) hold codes of levels, without an order.
    """
    trees = HistGradientBoostingClassifier(
        max_iter=40,
        max_leaf_nodes=8,
        max_bins=BINS,  # as many as there can be levels, and faster than more bins
        categorical_features=coded,  # type: ignore[arg-type] - a mask is taken too
        early_stopping=False,  # type: ignore[arg-type] - the same
        random_state=0,
    )
    return trees.fit(values, label).decision_function


def boosted_trees() -> Learners:
    """Return learners of a membership, a mean and a size by boosted trees."""
    return Learners(_membership, _mean, _size)


def _membership(values: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Scores:
    trees = HistGradientBoostingClassifier(max_iter=60, l2_regularization=5.0, **SMALL_TREES)
    bins = _Bins(values)
    trees.fit(bins(values), target, sample_weight=weight)
    return lambda rows: trees.decision_function(bins(rows))


def _mean(values: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Scores:
    return _regression(values, target, weight, "squared_error")


def _size(values: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Scores:
    return _regression(values, target, weight, "poisson")


def _regression(values: np.ndarray, target: np.ndarray, weight: np.ndarray, loss: Any) -> Scores:
    trees = HistGradientBoostingRegressor(
        loss=loss, max_iter=40, l2_regularization=3.0, **SMALL_TREES
    )
    bins = _Bins(values)
    trees.fit(bins(values), target, sample_weight=weight)
    return lambda rows: trees.predict(bins(rows))


class _Bins:
    """Numbers the bins between quantiles of each column; missing values stay missing.

    For weighted rows, scikit-learn takes ten times as long to find the bins as to grow the trees.
    """

    def __init__(self, values: np.ndarray) -> None:
        shares = np.arange(1, BINS) / BINS
        present = [column[~np.isnan(column)] for column in values.T]
        self.edges = [
            np.unique(np.quantile(column, shares)) if len(column) else column for column in present
        ]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of the bin of each value (n, d)."""
        numbers = np.empty(rows.shape)
        for place, edges in enumerate(self.edges):
            column = rows[:, place]
            bins = np.searchsorted(edges, column, side="right")
            # A column without a value teaches nothing, and scikit-learn refuses it.
            numbers[:, place] = np.where(np.isnan(column) & (len(edges) > 0), np.nan, bins)
        return numbers
