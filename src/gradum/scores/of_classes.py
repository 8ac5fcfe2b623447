"""Scores of predicted classes, of their probabilities, and of the rankings of rows by these.

The losses and shares behind them are here as well. A class's rank is its place in the order of the
classes, 0 .. K-1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting, mean_defined, ratio

EXACT = 1e-12  # a smaller difference of shares, or mean square, is rounding


def log_loss(rows: Weighting) -> np.ndarray:
    """Mean of −ln p of the true class, in nats; p is kept 2.2e-16 away from 0 and 1."""
    return rows.mean(log_losses(rows.outcome))


def brier(rows: Weighting) -> np.ndarray:
    """Mean squared error of the probabilities: Σ over the classes of (pₖ − [y = k])².

    With two classes, only the last one counts (scikit-learn's ``scale_by_half="auto"``).
    """
    return rows.mean(brier_scores(rows.outcome))


def accuracy(rows: Weighting) -> np.ndarray:
    """Share of rows whose class is predicted."""
    return mean_defined(hit_shares(rows))


def macro_f1(rows: Weighting) -> np.ndarray:
    """Mean over the classes of F1 = 2·hits / (rows of the class + rows predicted as it).

    A class without rows that is never predicted is left out.
    """
    return mean_defined(f1_of_classes(rows))


def f1(rows: Weighting) -> np.ndarray:
    """F1 of the second of two classes: 2·hits / (its rows + rows predicted as it)."""
    return f1_of_second(rows)[:, 0]


def precision(rows: Weighting) -> np.ndarray:
    """Share of the rows predicted as the second of two classes that are of it; NaN if none is."""
    return precision_of_second(rows)[:, 0]


def recall(rows: Weighting) -> np.ndarray:
    """Share of the rows of the second of two classes that is predicted as it."""
    return recall_of_second(rows)[:, 0]


def macro_precision(rows: Weighting) -> np.ndarray:
    """Mean over the classes of the share of the rows predicted as it that are of it.

    The score is NaN if a class that has rows is never predicted; a class without rows that is never
    predicted is left out.
    """
    actual, predicted, _ = rows.per_class
    never = ((actual > 0) & ~(predicted > 0)).any(axis=1)
    return np.where(never, np.nan, mean_defined(precision_of_classes(rows)))


def mcc(rows: Weighting) -> np.ndarray:
    """Matthews correlation: (c·s − Σ pₖtₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²)).

    c is the weight of the hits, s of all rows, tₖ of the rows of class k and pₖ of those predicted
    as it. The score is 0 if one class is predicted throughout, and NaN if all rows are of one
    class. Source: J. Gorodkin, Comparing two K-category assignments by a K-category correlation
    coefficient, 2004.
    """
    actual, predicted, hits = (
        each / np.where(rows.total > 0, rows.total, np.nan)[:, None] for each in rows.per_class
    )
    covered = hits.sum(axis=1) - (actual * predicted).sum(axis=1)
    of_target = 1.0 - (actual**2).sum(axis=1)
    of_prediction = 1.0 - (predicted**2).sum(axis=1)
    of_target = np.where(of_target > EXACT, of_target, np.nan)
    varies = of_prediction > EXACT
    spread = np.sqrt(of_target * np.where(varies, of_prediction, 1.0))
    return np.clip(np.where(varies, covered, 0.0) / spread, -1.0, 1.0)


def balanced_accuracy(rows: Weighting) -> np.ndarray:
    """Mean over the classes of the share of their rows that is predicted; absent ones left out."""
    return mean_defined(recall_of_classes(rows))


def log_losses(outcome: Outcome) -> np.ndarray:
    """−ln p of each row's class (n,), with p kept 2.2e-16 away from 0 and 1."""
    epsilon = np.finfo(np.float64).eps
    return -np.log(np.clip(_probability_of_target(outcome), epsilon, 1.0 - epsilon))


def brier_scores(outcome: Outcome) -> np.ndarray:
    """Squared error of each row's probabilities (n,); `brier` is their mean."""
    probability, target = outcome.probability, outcome.target
    assert probability is not None
    of_target = _probability_of_target(outcome)
    others = np.square(probability, dtype=np.float64)
    others[np.arange(len(target)), target] = 0.0
    squares = others.sum(axis=1) + (1.0 - of_target) ** 2
    return squares / 2 if outcome.task == "binary" else squares


def hit_shares(rows: Weighting) -> np.ndarray:
    """Share of all rows whose class is predicted: (B, 1)."""
    hits = (rows.outcome.predicted == rows.outcome.target).astype(np.float64)
    return rows.mean(hits)[:, None]


def f1_of_classes(rows: Weighting) -> np.ndarray:
    """F1 of each class: (B, K)."""
    actual, predicted, hits = rows.per_class
    return ratio(2.0 * hits, actual + predicted)


def recall_of_classes(rows: Weighting) -> np.ndarray:
    """Share of each class's rows that are predicted as it: (B, K)."""
    actual, _, hits = rows.per_class
    return ratio(hits, actual)


def precision_of_classes(rows: Weighting) -> np.ndarray:
    """Share of the rows predicted as each class that are of it: (B, K); NaN without any."""
    _, predicted, hits = rows.per_class
    return ratio(hits, predicted)


def f1_of_second(rows: Weighting) -> np.ndarray:
    """F1 of the second of two classes: (B, 1)."""
    return _second(rows, f1_of_classes)


def precision_of_second(rows: Weighting) -> np.ndarray:
    """Precision of the second of two classes: (B, 1)."""
    return _second(rows, precision_of_classes)


def recall_of_second(rows: Weighting) -> np.ndarray:
    """Recall of the second of two classes: (B, 1)."""
    return _second(rows, recall_of_classes)


def _second(rows: Weighting, of_classes: Callable[[Weighting], np.ndarray]) -> np.ndarray:
    """Keep the second class; NaN if no row is of it, whatever is predicted."""
    return np.where(rows.per_class[0][:, 1:2] > 0, of_classes(rows)[:, 1:2], np.nan)


def mcc_as_share(rows: Weighting) -> np.ndarray:
    """(1 + MCC) / 2, which lies in [0, 1]: (B, 1)."""
    return (1.0 + mcc(rows))[:, None] / 2


def _probability_of_target(outcome: Outcome) -> np.ndarray:
    probability, target = outcome.probability, outcome.target
    assert probability is not None
    return probability[np.arange(len(target)), target].astype(np.float64)


def auc(rows: Weighting) -> np.ndarray:
    """Area under the ROC curve: the chance that a row of the class scores above one of the rest.

    Ties count half. With two classes, it is the last one's; otherwise the mean over the classes,
    each against the rest, without classes that lack one of the two kinds of rows.
    """
    return mean_defined(auc_of_classes(rows))


def average_precision(rows: Weighting) -> np.ndarray:
    """Σ (recallₜ − recallₜ₋₁)·precisionₜ over the thresholds t, from the highest score down.

    With two classes, it is the last one's; otherwise the mean over the classes that occur, each
    against the rest. Guessing scores the `prevalence`.
    """
    return mean_defined(average_precision_of_classes(rows))


def gini(rows: Weighting) -> np.ndarray:
    """Gini coefficient of the ranking by the second of two classes, 2·AUC − 1; 0 by chance."""
    return 2.0 * auc(rows) - 1.0


def ks(rows: Weighting) -> np.ndarray:
    """Kolmogorov–Smirnov distance: the most that one threshold parts two classes.

    It is the largest true-positive rate − false-positive rate over all thresholds; 0 by chance.
    """
    return rows.ranked[2][:, 0]


def auc_of_classes(rows: Weighting) -> np.ndarray:
    """AUC of each ranked class: (B, 1) for two classes, else (B, K)."""
    return rows.ranked[0]


def average_precision_of_classes(rows: Weighting) -> np.ndarray:
    """Average precision of each ranked class: (B, 1) for two classes, else (B, K)."""
    return rows.ranked[1]


def distance_as_share(rows: Weighting) -> np.ndarray:
    """Return the Kolmogorov–Smirnov distance, which lies in [0, 1]: (B, 1)."""
    return rows.ranked[2]


def mean_rank_error(rows: Weighting) -> np.ndarray:
    """Mean absolute rank error: Σ w |rank predicted − rank of the class| / Σ w."""
    return rows.mean(rank_errors(rows.outcome))


def quadratic_kappa(rows: Weighting) -> np.ndarray:
    """Quadratic-weighted κ: 1 − E(t − p)² / (E t² + E p² − 2 E t · E p) for the ranks t and p.

    The divisor is the mean square if t and p were independent. The score is 0 if one class is
    predicted throughout, and NaN if all rows are also of it. Source: J. Cohen, Weighted kappa,
    Psychological Bulletin 70 (1968).
    """
    target = rows.outcome.target.astype(np.float64)
    predicted = rows.outcome.predicted.astype(np.float64)
    square, level = rows.mean(predicted**2), rows.mean(predicted)
    chance = rows.mean(target**2) + square - 2.0 * rows.mean(target) * level
    chance = np.where(chance > EXACT, chance, np.nan)
    together = 2.0 * (rows.mean(target * predicted) - rows.mean(target) * level)
    return np.clip(np.where(square - level**2 > EXACT, together, 0.0) / chance, -1.0, 1.0)


def kappa_as_share(rows: Weighting) -> np.ndarray:
    """(1 + κ) / 2, which lies in [0, 1]: (B, 1)."""
    return (1.0 + quadratic_kappa(rows))[:, None] / 2


def rank_errors(outcome: Outcome) -> np.ndarray:
    """|rank predicted − rank of the class| of each row (n,)."""
    return np.abs(outcome.predicted - outcome.target).astype(np.float64)
