"""Scores of a model, each computed for a whole matrix of weightings of the rows at once.

A metric takes a `Weighting`: one outcome of n rows and a weight matrix (B, n), one line a
resample; it returns B values. The plain score is the case B = 1. Everything is float64. Where a
score is undefined (no rows, one class only, a constant target), it is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.scores.interval import (
    LEVEL,
    Interval,
    Sampled,
    of_shares,
    of_size,
    of_unexplained,
    standard_error,
    student,
)
from gradum.scores.outcome import Outcome, Ranking, Task


@dataclass(frozen=True, eq=False)
class Weighting:
    """One outcome under B weightings of its n rows, with what several metrics share.

    Parameters
    ----------
    outcome : Outcome
        n rows.
    weights : ndarray of shape (B, n)
        The full weights: how often a row was drawn times its own weight.
    """

    outcome: Outcome
    weights: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Σ wᵢ vᵢ / Σ wᵢ of values (n,): shape (B,)."""
        # einsum, not BLAS: threads bring nothing here and would change the last digits.
        return ratio(np.einsum("bi,i->b", self.weights, values), self.total)

    @cached_property
    def total(self) -> np.ndarray:
        """Σ wᵢ: shape (B,)."""
        return self.weights.sum(axis=1)

    @cached_property
    def per_class(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weight of the rows of each class, predicted as it, and both: three times (B, K)."""
        target, predicted = self.outcome.target, self.outcome.predicted
        hits = np.where(predicted == target, target, self.outcome.classes)
        return self._totals(target), self._totals(predicted), self._totals(hits)

    @cached_property
    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """AUC and average precision of each ranked class against the rest: twice (B, classes)."""
        pairs = [_ranked(ranking, self.weights, self.total) for ranking in self.outcome.rankings]
        auc, precision = zip(*pairs, strict=True)
        return np.stack(auc, axis=1), np.stack(precision, axis=1)

    def _totals(self, codes: np.ndarray) -> np.ndarray:
        """Sum the weights of the rows of each code 0 .. K-1, leaving out other codes: (B, K)."""
        totals = np.zeros((len(self.weights), self.outcome.classes))
        for code in range(self.outcome.classes):
            rows = np.flatnonzero(codes == code)
            totals[:, code] = self.weights.take(rows, axis=1).sum(axis=1)
        return totals


def rmse(rows: Weighting) -> np.ndarray:
    """Root mean squared error: √(Σ w (y − ŷ)² / Σ w), in the target's unit."""
    return np.sqrt(rows.mean(squared_errors(rows.outcome)))


def mae(rows: Weighting) -> np.ndarray:
    """Mean absolute error: Σ w |y − ŷ| / Σ w, in the target's unit."""
    return rows.mean(absolute_errors(rows.outcome))


def r2(rows: Weighting) -> np.ndarray:
    """Share of the variance explained: 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)²; NaN where y is constant.

    ȳ is the weighted mean of the resample.
    """
    target = rows.outcome.target.astype(np.float64)
    constant = len(target) == 0 or target.min() == target.max()
    # Centred first, so that the one-pass variance does not cancel.
    centred = np.zeros_like(target) if constant else target - target.mean()
    square = rows.mean(centred**2)
    variance = square - rows.mean(centred) ** 2
    variance = np.where(variance > 1e-12 * square, variance, 0.0)
    return 1.0 - ratio(rows.mean(squared_errors(rows.outcome)), variance)


def log_loss(rows: Weighting) -> np.ndarray:
    """Mean of −ln p of the true class, in nats; p is kept 2.2e-16 away from 0 and 1."""
    return rows.mean(log_losses(rows.outcome))


def brier(rows: Weighting) -> np.ndarray:
    """Mean squared error of the probabilities: Σ over the classes of (pₖ − [y = k])².

    With two classes, of the last one alone (scikit-learn's ``scale_by_half="auto"``).
    """
    return rows.mean(brier_scores(rows.outcome))


def accuracy(rows: Weighting) -> np.ndarray:
    """Share of rows whose class is predicted."""
    return mean_defined(hit_shares(rows))


def macro_f1(rows: Weighting) -> np.ndarray:
    """Mean over the classes of F1 = 2·hits / (rows of the class + rows predicted as it).

    A class that no row has and no row is predicted as is left out.
    """
    return mean_defined(f1_of_classes(rows))


def balanced_accuracy(rows: Weighting) -> np.ndarray:
    """Mean over the classes of the share of their rows that is predicted; absent ones left out."""
    return mean_defined(recall_of_classes(rows))


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
    return mean_defined(precision_of_classes(rows))


def squared_errors(outcome: Outcome) -> np.ndarray:
    """(y − ŷ)² of each row (n,): their mean is the square of the RMSE."""
    return (outcome.target.astype(np.float64) - outcome.predicted) ** 2


def absolute_errors(outcome: Outcome) -> np.ndarray:
    """|y − ŷ| of each row (n,): their mean is the MAE."""
    return np.abs(outcome.target.astype(np.float64) - outcome.predicted)


def log_losses(outcome: Outcome) -> np.ndarray:
    """−ln p of each row's class (n,), p kept 2.2e-16 away from 0 and 1."""
    epsilon = np.finfo(np.float64).eps
    return -np.log(np.clip(_probability_of_target(outcome), epsilon, 1.0 - epsilon))


def row_losses(outcome: Outcome) -> np.ndarray:
    """Return what each row costs (n,): the mean is the default metric, or its square.

    In nats, or in the target's unit squared.
    """
    return squared_errors(outcome) if outcome.probability is None else log_losses(outcome)


def brier_scores(outcome: Outcome) -> np.ndarray:
    """Squared error of each row's probabilities (n,), as `brier` takes their mean."""
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
    """Share of each class's rows that is predicted as it: (B, K)."""
    actual, _, hits = rows.per_class
    return ratio(hits, actual)


def auc_of_classes(rows: Weighting) -> np.ndarray:
    """AUC of each ranked class: (B, 1) of two classes, else (B, K)."""
    return rows.ranked[0]


def precision_of_classes(rows: Weighting) -> np.ndarray:
    """Average precision of each ranked class: (B, 1) of two classes, else (B, K)."""
    return rows.ranked[1]


@dataclass(frozen=True)
class Metric:
    """One line of the registry.

    Parameters
    ----------
    name : str
        As users write it.
    title : str
        As reports show it.
    tasks : tuple of str
        Where it applies.
    greater_is_better : bool
        Whether more is better.
    function : callable
        From a `Weighting` to values (B,).
    interval : callable
        From a `Sampled` score to its 95% interval.
    losses : callable, optional
        Of a function of a mean loss: from an `Outcome` to the loss of each row (n,).
    shares : callable, optional
        Of a mean of shares: from a `Weighting` to the shares (B, K).
    by_class : bool
        Whether each class counts the same, however many rows it has.
    root : bool
        Whether it is the square root of a mean loss.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    function: Callable[[Weighting], np.ndarray]
    interval: Callable[[Sampled], Interval]
    losses: Callable[[Outcome], np.ndarray] | None = None
    shares: Callable[[Weighting], np.ndarray] | None = None
    by_class: bool = False
    root: bool = False

    def difference(self, one: Sampled, other: Sampled, level: float = LEVEL) -> Interval:
        """Give one − other Student's interval, both taken on the same resamples.

        A difference of roots a − b is that of the squares, (a² − b²) / (a + b). Resampled with
        a + b held fixed, it has a standard error of its own, and the greater one counts: of few
        groups that are alike, a large difference of roots comes with a small standard error, so
        that equal models of five groups were told apart in 7.9% of samples instead of 5.4%.
        """
        draws = one.draws - other.draws
        total = one.value + other.value
        if self.root and total > 0:
            of_squares = (one.draws**2 - other.draws**2) / total
            draws = max(draws, of_squares, key=standard_error)
        return student(one.value - other.value, draws, one.basis, level)

    @property
    def words(self) -> str:
        """The title within a sentence: "log loss", but "RMSE" and "R²"."""
        return self.title[0].lower() + self.title[1:] if self.title[1:2].islower() else self.title

    @property
    def explanation(self) -> str:
        """The first paragraph of the function's docstring, formula included."""
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())


_NUMBERS: tuple[Task, ...] = ("regression",)
_CLASSES: tuple[Task, ...] = ("binary", "multiclass")


def _mean_over_classes(
    name: str,
    title: str,
    function: Callable[[Weighting], np.ndarray],
    shares: Callable[[Weighting], np.ndarray],
) -> Metric:
    return Metric(name, title, _CLASSES, True, function, of_shares, shares=shares, by_class=True)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("rmse", "RMSE", _NUMBERS, False, rmse, of_size, squared_errors, root=True),
        Metric("mae", "MAE", _NUMBERS, False, mae, of_size, absolute_errors),
        Metric("r2", "R²", _NUMBERS, True, r2, of_unexplained, squared_errors),
        Metric("log_loss", "Log loss", _CLASSES, False, log_loss, of_size, log_losses),
        Metric("accuracy", "Accuracy", _CLASSES, True, accuracy, of_shares, shares=hit_shares),
        _mean_over_classes("macro_f1", "Macro F1", macro_f1, f1_of_classes),
        _mean_over_classes(
            "balanced_accuracy", "Balanced accuracy", balanced_accuracy, recall_of_classes
        ),
        _mean_over_classes("auc", "AUC", auc, auc_of_classes),
        _mean_over_classes(
            "average_precision", "Average precision", average_precision, precision_of_classes
        ),
        Metric("brier", "Brier score", _CLASSES, False, brier, of_size, brier_scores),
    )
}

DEFAULT_METRIC: dict[Task, str] = {
    "regression": "rmse",
    "binary": "log_loss",
    "multiclass": "log_loss",
}


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """List the metrics that apply to a task, in the registry's order."""
    return tuple(metric for metric in METRICS.values() if task in metric.tasks)


def score(outcome: Outcome) -> dict[str, float]:
    """Compute every metric of the outcome's task on its own weights."""
    rows = Weighting(outcome, outcome.weights[None, :])
    return {metric.name: float(metric.function(rows)[0]) for metric in metrics_of(outcome.task)}


def prevalence(outcome: Outcome) -> float:
    """Compute what guessing scores in `average_precision`, to be shown beside it.

    The weight share of the last class if there are two, else the mean share of the classes that
    are present; NaN without rows.
    """
    shares = Weighting(outcome, outcome.weights[None, :]).per_class[0]
    shares = ratio(shares, shares.sum(axis=1, keepdims=True))[0]
    return float(
        shares[-1] if outcome.task == "binary" else ratio(shares.sum(), np.sum(shares > 0))
    )


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with NaN wherever the denominator is not above 0."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    undefined = np.full(shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def _probability_of_target(outcome: Outcome) -> np.ndarray:
    probability, target = outcome.probability, outcome.target
    assert probability is not None
    return probability[np.arange(len(target)), target].astype(np.float64)


def _ranked(
    ranking: Ranking, weights: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """AUC and average precision of one ranking under B weightings: twice (B,).

    With A the weight passed down the ranking and T that of its positive rows, a positive row of
    weight w stands above N − F of the N negatives and level with a share of them, where F = A − T:

        AUC = Σ w (N − (F_before + F_after) / 2) / (P N),    AP = Σ w T_after / A_after / P
    """
    in_order = weights.take(ranking.order, axis=1)
    own = in_order.take(ranking.positive, axis=1)
    passed, hit = _running(in_order), _running(own)
    positives = hit[:, -1]
    negatives = total - positives
    all_after = passed.take(ranking.after, axis=1)
    hit_after = hit.take(ranking.positive_after, axis=1)
    precision = np.divide(hit_after, all_after, where=all_after > 0, out=np.zeros_like(own))
    missed = all_after - hit_after
    missed += passed.take(ranking.before, axis=1)
    missed -= hit.take(ranking.positive_before, axis=1)
    pairs = positives * negatives
    above = pairs - np.einsum("bi,bi->b", own, missed) / 2
    average_precision = ratio(np.einsum("bi,bi->b", own, precision), positives)
    return np.clip(ratio(above, pairs), 0.0, 1.0), np.clip(average_precision, 0.0, 1.0)


def _running(weights: np.ndarray) -> np.ndarray:
    """Sum up along each line, starting at 0: (B, n + 1)."""
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums
