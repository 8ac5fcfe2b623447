"""Scores of how well probabilities rank the rows of a class above the others."""

from __future__ import annotations

import numpy as np

from gradum.scores.ratios import mean_defined
from gradum.scores.weighting import Weighting


def auc(rows: Weighting) -> np.ndarray:
    """Area under the ROC curve: the chance that a row of the class scores above one of the rest.

    Ties count half. Of the last class if there are two; else the mean over the classes, each
    against the rest, those without both kinds of rows left out.
    """
    return mean_defined(auc_of_classes(rows))


def average_precision(rows: Weighting) -> np.ndarray:
    """Σ (recallₜ − recallₜ₋₁)·precisionₜ over the thresholds t, from the highest score down.

    Of the last class if there are two; else the mean over the classes, each against the rest,
    absent ones left out. Guessing scores the `prevalence`.
    """
    return mean_defined(average_precision_of_classes(rows))


def gini(rows: Weighting) -> np.ndarray:
    """Gini coefficient of the ranking by the second of two classes, 2·AUC − 1; 0 by chance."""
    return 2.0 * auc(rows) - 1.0


def ks(rows: Weighting) -> np.ndarray:
    """Kolmogorov–Smirnov distance: the most that one threshold parts two classes.

    The largest true-positive rate − false-positive rate over all thresholds; 0 by chance.
    """
    return rows.ranked[2][:, 0]


def auc_of_classes(rows: Weighting) -> np.ndarray:
    """AUC of each ranked class: (B, 1) of two classes, else (B, K)."""
    return rows.ranked[0]


def average_precision_of_classes(rows: Weighting) -> np.ndarray:
    """Average precision of each ranked class: (B, 1) of two classes, else (B, K)."""
    return rows.ranked[1]


def distance_as_share(rows: Weighting) -> np.ndarray:
    """Return the distance of Kolmogorov and Smirnov, which lies in [0, 1]: (B, 1)."""
    return rows.ranked[2]
