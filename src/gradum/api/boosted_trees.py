"""Gradient-boosted trees of scikit-learn, as what learns from the columns of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from gradum.study.watch.answered import Learners, Scores

SMALL_TREES: dict[str, Any] = {
    "learning_rate": 0.1,
    "max_bins": 64,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 30,
    "early_stopping": False,
    "random_state": 0,
}
"""Trees that find in a few thousand rows what is there, and little that is not."""


def boosted_trees() -> Learners:
    """Return what learns a membership, a mean and a size by boosted trees."""
    return Learners(_membership, _mean, _size)


def _membership(values: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Scores:
    trees = HistGradientBoostingClassifier(max_iter=60, l2_regularization=5.0, **SMALL_TREES)
    return trees.fit(values, target, sample_weight=weight).decision_function


def _mean(values: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Scores:
    trees = HistGradientBoostingRegressor(max_iter=40, l2_regularization=3.0, **SMALL_TREES)
    return trees.fit(values, target, sample_weight=weight).predict


def _size(values: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Scores:
    trees = HistGradientBoostingRegressor(
        loss="poisson", max_iter=40, l2_regularization=3.0, **SMALL_TREES
    )
    return trees.fit(values, target, sample_weight=weight).predict
