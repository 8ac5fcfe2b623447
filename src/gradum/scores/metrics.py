"""Scores of a model, each computed for a whole matrix of weightings of the rows at once.

A metric takes a `Weighting`: one outcome of n rows and a weight matrix (B, n), one line a
resample; it returns B values. The plain score is the case B = 1. Everything is float64. Where a
score is undefined (no rows, one class only, a constant target), it is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gradum.messages import marked, say
from gradum.scores.interval import (
    LEVEL,
    Interval,
    Sampled,
    of_greatest_share,
    of_median,
    of_shares,
    of_signed_shares,
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
    def ranked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """AUC, average precision and Kolmogorov–Smirnov distance of each ranked class.

        Each against the rest: three times (B, classes).
        """
        found = [_ranked(ranking, self.weights, self.total) for ranking in self.outcome.rankings]
        auc, precision, distance = (np.stack(each, axis=1) for each in zip(*found, strict=True))
        return auc, precision, distance

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


def median_absolute_error(rows: Weighting) -> np.ndarray:
    """Median of |y − ŷ|, in the target's unit: half of the weight of the rows is off by less.

    Where the weight is halved between two rows, their mean (scikit-learn's averaged quantile).
    """
    errors = absolute_errors(rows.outcome)
    order = np.argsort(errors, kind="stable")
    rising = errors[order]
    passed = np.cumsum(rows.weights.take(order, axis=1), axis=1)
    return np.array([_median(rising, line) for line in passed])


def mape(rows: Weighting) -> np.ndarray:
    """Mean absolute percentage error as a share: Σ w |y − ŷ| / |y| / Σ w; NaN where a y is 0."""
    return rows.mean(relative_errors(rows.outcome))


def rmsle(rows: Weighting) -> np.ndarray:
    """Root mean squared error of ln(1 + y): √(Σ w (ln(1 + y) − ln(1 + ŷ))² / Σ w).

    A prediction below 0 counts as 0. NaN where a y is below 0.
    """
    return np.sqrt(rows.mean(squared_log_errors(rows.outcome)))


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


def f1(rows: Weighting) -> np.ndarray:
    """F1 of the second of two classes: 2·hits / (its rows + rows predicted as it)."""
    return f1_of_second(rows)[:, 0]


def precision(rows: Weighting) -> np.ndarray:
    """Share of the rows predicted as the second of two classes that are of it; 0 if none is."""
    return precision_of_second(rows)[:, 0]


def recall(rows: Weighting) -> np.ndarray:
    """Share of the rows of the second of two classes that is predicted as it."""
    return recall_of_second(rows)[:, 0]


def macro_precision(rows: Weighting) -> np.ndarray:
    """Mean over the classes of the share of the rows predicted as it that are of it.

    0 for a class that is never predicted; one that no row has either is left out.
    """
    return mean_defined(precision_of_classes(rows))


def mcc(rows: Weighting) -> np.ndarray:
    """Matthews correlation: (c·s − Σ pₖtₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²)).

    c is the weight of the hits, s of all rows, tₖ of the rows of class k and pₖ of those predicted
    as it. 0 where one class is predicted throughout; NaN where all rows are of one class. Source:
    J. Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, 2004.
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


def squared_errors(outcome: Outcome) -> np.ndarray:
    """(y − ŷ)² of each row (n,): their mean is the square of the RMSE."""
    return (outcome.target.astype(np.float64) - outcome.predicted) ** 2


def absolute_errors(outcome: Outcome) -> np.ndarray:
    """|y − ŷ| of each row (n,): their mean is the MAE."""
    return np.abs(outcome.target.astype(np.float64) - outcome.predicted)


def relative_errors(outcome: Outcome) -> np.ndarray:
    """|y − ŷ| / |y| of each row (n,), NaN for all where the y of a row that counts is 0."""
    size = np.abs(outcome.target.astype(np.float64))
    counts = outcome.weights > 0
    if (size[counts] == 0).any():
        return np.full(len(outcome), np.nan)
    return absolute_errors(outcome) / np.where(size > 0, size, 1.0)


def squared_log_errors(outcome: Outcome) -> np.ndarray:
    """(ln(1 + y) − ln(1 + ŷ))² of each row (n,), as `rmsle` takes their mean."""
    target = outcome.target.astype(np.float64)
    if (target[outcome.weights > 0] < 0).any():
        return np.full(len(outcome), np.nan)
    return (np.log1p(np.maximum(target, 0.0)) - np.log1p(np.maximum(outcome.predicted, 0.0))) ** 2


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


def precision_of_classes(rows: Weighting) -> np.ndarray:
    """Share of the rows predicted as each class that are of it: (B, K).

    0 for a class that is never predicted, NaN if no row is of it either.
    """
    actual, predicted, hits = rows.per_class
    share = ratio(hits, predicted)
    return np.where((predicted > 0) | ~(actual > 0), share, 0.0)


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
    """Keep the second class; NaN where no row is of it, whatever is predicted."""
    return np.where(rows.per_class[0][:, 1:2] > 0, of_classes(rows)[:, 1:2], np.nan)


def mcc_as_share(rows: Weighting) -> np.ndarray:
    """(1 + MCC) / 2, which lies in [0, 1]: (B, 1)."""
    return (1.0 + mcc(rows))[:, None] / 2


def distance_as_share(rows: Weighting) -> np.ndarray:
    """Return the distance of Kolmogorov and Smirnov, which lies in [0, 1]: (B, 1)."""
    return rows.ranked[2]


def auc_of_classes(rows: Weighting) -> np.ndarray:
    """AUC of each ranked class: (B, 1) of two classes, else (B, K)."""
    return rows.ranked[0]


def average_precision_of_classes(rows: Weighting) -> np.ndarray:
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
    undefined : str
        Why it may be undefined on some rows.
    proper : bool
        Whether the title begins with a person's name.
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
    undefined: str = marked("their target does not vary enough")
    proper: bool = False

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
    def sign(self) -> float:
        """1 where less is better and -1 where more is: times it, the least value is the best."""
        return -1.0 if self.greater_is_better else 1.0

    @property
    def words(self) -> str:
        """The title within a sentence: "log loss", but "RMSE", "R²" and "Gini"."""
        title = say(self.title)
        as_it_is = self.proper or not title[1:2].islower()
        return title if as_it_is else title[0].lower() + title[1:]

    @property
    def explanation(self) -> str:
        """The first paragraph of the function's docstring, formula included."""
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())


EXACT = 1e-12
"""Below which a difference of shares is rounding."""

_NUMBERS: tuple[Task, ...] = ("regression",)
_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_TWO_CLASSES: tuple[Task, ...] = ("binary",)


def _mean_over_classes(
    name: str,
    title: str,
    function: Callable[[Weighting], np.ndarray],
    shares: Callable[[Weighting], np.ndarray],
) -> Metric:
    return Metric(name, title, _CLASSES, True, function, of_shares, shares=shares, by_class=True)


def _of_two_classes(
    name: str,
    title: str,
    function: Callable[[Weighting], np.ndarray],
    interval: Callable[[Sampled], Interval],
    shares: Callable[[Weighting], np.ndarray],
) -> Metric:
    return Metric(name, title, _TWO_CLASSES, True, function, interval, shares=shares, by_class=True)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("rmse", marked("RMSE"), _NUMBERS, False, rmse, of_size, squared_errors, root=True),
        Metric("mae", marked("MAE"), _NUMBERS, False, mae, of_size, absolute_errors),
        Metric("r2", marked("R²"), _NUMBERS, True, r2, of_unexplained, squared_errors),
        Metric(
            "median_absolute_error",
            marked("Median absolute error"),
            _NUMBERS,
            False,
            median_absolute_error,
            of_median,
        ),
        Metric(
            "mape",
            marked("MAPE"),
            _NUMBERS,
            False,
            mape,
            of_size,
            relative_errors,
            undefined=marked("a target of 0 has no percentage"),
        ),
        Metric(
            "rmsle",
            marked("RMSLE"),
            _NUMBERS,
            False,
            rmsle,
            of_size,
            squared_log_errors,
            root=True,
            undefined=marked("a target below 0 has no logarithm here"),
        ),
        Metric("log_loss", marked("Log loss"), _CLASSES, False, log_loss, of_size, log_losses),
        Metric(
            "accuracy", marked("Accuracy"), _CLASSES, True, accuracy, of_shares, shares=hit_shares
        ),
        _mean_over_classes("macro_f1", marked("Macro F1"), macro_f1, f1_of_classes),
        _mean_over_classes(
            "balanced_accuracy", marked("Balanced accuracy"), balanced_accuracy, recall_of_classes
        ),
        _mean_over_classes("auc", marked("AUC"), auc, auc_of_classes),
        _mean_over_classes(
            "average_precision",
            marked("Average precision"),
            average_precision,
            average_precision_of_classes,
        ),
        Metric("brier", marked("Brier score"), _CLASSES, False, brier, of_size, brier_scores),
        _mean_over_classes(
            "macro_precision", marked("Macro precision"), macro_precision, precision_of_classes
        ),
        Metric(
            "mcc",
            marked("MCC"),
            _CLASSES,
            True,
            mcc,
            of_signed_shares,
            shares=mcc_as_share,
            by_class=True,
        ),
        _of_two_classes("f1", marked("F1"), f1, of_shares, f1_of_second),
        _of_two_classes(
            "precision", marked("Precision"), precision, of_shares, precision_of_second
        ),
        _of_two_classes("recall", marked("Recall"), recall, of_shares, recall_of_second),
        replace(
            _of_two_classes("gini", marked("Gini"), gini, of_signed_shares, auc_of_classes),
            proper=True,
        ),
        _of_two_classes("ks", marked("KS"), ks, of_greatest_share, distance_as_share),
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
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AUC, average precision and distance of one ranking under B weightings: three times (B,).

    With A the weight passed down the ranking and T that of its positive rows, a positive row of
    weight w stands above N − F of the N negatives and level with a share of them, where F = A − T:

        AUC = Σ w (N − (F_before + F_after) / 2) / (P N),    AP = Σ w T_after / A_after / P

    The Kolmogorov–Smirnov distance is the largest T_after / P − F_after / N, or 0: it is reached
    where a positive row has just been passed.
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
    parted = ratio(hit_after, positives[:, None]) - ratio(missed, negatives[:, None])
    distance = np.maximum(parted.max(axis=1, initial=0.0), 0.0)
    missed += passed.take(ranking.before, axis=1)
    missed -= hit.take(ranking.positive_before, axis=1)
    pairs = positives * negatives
    above = pairs - np.einsum("bi,bi->b", own, missed) / 2
    average_precision = ratio(np.einsum("bi,bi->b", own, precision), positives)
    auc, average_precision, distance = (
        np.clip(each, 0.0, 1.0)
        for each in (ratio(above, pairs), average_precision, np.where(pairs > 0, distance, np.nan))
    )
    return auc, average_precision, distance


def _median(rising: np.ndarray, passed: np.ndarray) -> float:
    """Return the median of rising values (n,), of which so much weight has been passed (n,)."""
    total = passed[-1] if len(passed) else 0.0
    if not total > 0:
        return np.nan
    # The weights' sums are rounded; where half of it is reached but for that, it is reached.
    low, high = (total * (0.5 + step) for step in (-EXACT, EXACT))
    first, second = np.searchsorted(passed, [low, high], side="left")
    return float((rising[first] + rising[min(second, len(rising) - 1)]) / 2)


def _running(weights: np.ndarray) -> np.ndarray:
    """Sum up along each line, starting at 0: (B, n + 1)."""
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums
