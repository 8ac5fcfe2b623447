"""The registry of metrics: every score of a model, by name.

A metric takes a `Weighting`, which is one outcome of n rows and a weight matrix (B, n) with one
line per resample, and returns B values. The plain score is the case B = 1. Everything is float64.
An undefined score (no rows, only one class, a constant target) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradum.messages import Said, marked, say
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
from gradum.scores.of_classes import (
    accuracy,
    auc,
    auc_of_classes,
    average_precision,
    average_precision_of_classes,
    balanced_accuracy,
    brier,
    brier_scores,
    distance_as_share,
    f1,
    f1_of_classes,
    f1_of_second,
    gini,
    hit_shares,
    kappa_as_share,
    ks,
    log_loss,
    log_losses,
    macro_f1,
    macro_precision,
    mcc,
    mcc_as_share,
    mean_rank_error,
    precision,
    precision_of_classes,
    precision_of_second,
    quadratic_kappa,
    rank_errors,
    recall,
    recall_of_classes,
    recall_of_second,
)
from gradum.scores.of_costs import costs, deviance, deviance_explained, pinball, pinball_explained
from gradum.scores.of_numbers import (
    absolute_errors,
    clear_of_zero,
    mae,
    mape,
    median_absolute_error,
    r2,
    relative_errors,
    rmse,
    rmsle,
    squared_errors,
    squared_log_errors,
)
from gradum.scores.outcome import ORDER, Outcome, Task
from gradum.scores.weighting import Weighting, ratio


def row_losses(outcome: Outcome) -> np.ndarray:
    """Return each row's loss (n,), whose mean is the default metric, or its square.

    It is in nats, or in the target's unit squared; or it is what the loss that was asked for costs.
    """
    if outcome.cost is not None:
        return costs(outcome)
    return squared_errors(outcome) if outcome.probability is None else log_losses(outcome)


@dataclass(frozen=True)
class Metric:
    """One line of the registry."""

    name: str
    """The name that users write."""
    title: str
    """The title that reports show."""
    tasks: tuple[Task, ...]
    """The tasks that it applies to."""
    greater_is_better: bool
    """Whether more is better."""
    function: Callable[[Weighting], np.ndarray]
    """Maps a `Weighting` to values (B,)."""
    interval: Callable[[Sampled], Interval]
    """Maps a `Sampled` score to its 95% interval."""
    losses: Callable[[Outcome], np.ndarray] | None = None
    """For a function of a mean loss: maps an `Outcome` to the loss of each row (n,)."""
    shares: Callable[[Weighting], np.ndarray] | None = None
    """For a mean of shares: maps a `Weighting` to the shares (B, K)."""
    by_class: bool = False
    """Whether each class counts the same, however many rows it has."""
    of_second: bool = False
    """Whether it is about the second of two classes alone."""
    of_predicted: bool = False
    """Whether it is about the rows predicted as a class, and not about the rows of that class."""
    certain: float = 0.5
    """The factor for the number of rows if a share of 0 or 1 shows no error: an F1 of 0 is based on
    half as many rows as the class has."""
    root: bool = False
    """Whether it is the square root of a mean loss."""
    estimable: Callable[[Outcome], bool] | None = None
    """Maps an `Outcome` to whether the score converges as the number of such rows grows; if not, it
    has no interval."""
    undefined: str = marked("their target does not vary enough")
    """Why it may be undefined on some rows."""
    proper: bool = False
    """Whether the title begins with a person's name."""
    of_unit: bool = False
    """Whether it is in the target's unit."""
    of_cost: str = ""
    """The metric of the `PredictionCost` that it is for, or `ORDER` if it is for ordered classes;
    empty if it is for all of its tasks."""

    def titled(self, unit: str) -> str:
        """Return the title with the target's unit, if there is one that the score is in."""
        title = say(self.title)
        return say("{title} in {unit}", title=title, unit=unit) if self.of_unit and unit else title

    def difference(self, one: Sampled, other: Sampled, level: float = LEVEL) -> Interval:
        """Compute Student's interval for one − other, both on the same resamples.

        A difference of roots a − b equals (a² − b²) / (a + b). Resampled with a + b held fixed,
        this has a standard error of its own, and the greater of the two is used: with few groups
        that are alike, a large difference of roots has a small standard error, so that equal models
        on five groups were found to differ in 7.9% of samples instead of 5.4%.
        """
        draws = one.draws - other.draws
        total = one.value + other.value
        rests_on = one.basis.least(other.basis)
        if self.root and total > 0:
            of_squares = (one.draws**2 - other.draws**2) / total
            draws = max(draws, of_squares, key=standard_error)
        return student(one.value - other.value, draws, rests_on, level)

    def rows_of(self, outcome: Outcome, code: int) -> np.ndarray:
        """Return a mask (n,) of the rows that it is about if it is about one class."""
        return (outcome.predicted if self.of_predicted else outcome.target) == code

    def kinds(self, outcome: Outcome) -> Sequence[np.ndarray]:
        """List the kinds of rows that it compares, each as a mask (n,).

        For a regression, these are all rows. A mean over the rows of all classes compares the
        commonest class with the others; a mean over the classes compares each of them.
        """
        if not outcome.classes:
            return [np.ones(len(outcome), bool)]
        if self.of_second:
            return [self.rows_of(outcome, 1)]
        if self.by_class:
            return [self.rows_of(outcome, code) for code in range(outcome.classes)]
        common = outcome.target == np.bincount(outcome.target, minlength=1).argmax()
        return [common, ~common]

    @property
    def sign(self) -> float:
        """1 if less is better, -1 if more is: multiplied by it, the least value is the best."""
        return -1.0 if self.greater_is_better else 1.0

    @property
    def words(self) -> str:
        """The title as in a sentence: "log loss", but "RMSE", "R²" and "Gini"."""
        title = say(self.title)
        as_it_is = self.proper or not self.title[1:2].islower()
        return title if as_it_is else Said("lower", title)

    @property
    def explanation(self) -> str:
        """The first paragraph of the function's docstring, formula included."""
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())


_NUMBERS: tuple[Task, ...] = ("regression",)
_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_MANY_CLASSES: tuple[Task, ...] = ("multiclass",)
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
        Metric(
            "rmse",
            marked("RMSE"),
            _NUMBERS,
            False,
            rmse,
            of_size,
            squared_errors,
            root=True,
            of_unit=True,
        ),
        *(
            Metric(name, title, _NUMBERS, more, function, interval, costs, of_cost=of)
            for name, title, more, function, interval, of in (
                ("deviance", marked("Deviance"), False, deviance, of_size, "deviance"),
                (
                    "deviance_explained",
                    marked("Deviance explained"),
                    True,
                    deviance_explained,
                    of_unexplained,
                    "deviance",
                ),
                ("pinball", marked("Pinball loss"), False, pinball, of_size, "pinball"),
                (
                    "pinball_explained",
                    marked("Pinball loss explained"),
                    True,
                    pinball_explained,
                    of_unexplained,
                    "pinball",
                ),
            )
        ),
        Metric("mae", marked("MAE"), _NUMBERS, False, mae, of_size, absolute_errors, of_unit=True),
        Metric("r2", marked("R²"), _NUMBERS, True, r2, of_unexplained, squared_errors),
        Metric(
            "median_absolute_error",
            marked("Median absolute error"),
            _NUMBERS,
            False,
            median_absolute_error,
            of_median,
            of_unit=True,
        ),
        Metric(
            "mape",
            marked("MAPE"),
            _NUMBERS,
            False,
            mape,
            of_size,
            relative_errors,
            estimable=clear_of_zero,
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
        Metric(
            "quadratic_kappa",
            marked("Quadratic-weighted κ"),
            _MANY_CLASSES,
            True,
            quadratic_kappa,
            of_signed_shares,
            shares=kappa_as_share,
            by_class=True,
            of_cost=ORDER,
        ),
        Metric(
            ORDER,
            marked("Mean rank error"),
            _MANY_CLASSES,
            False,
            mean_rank_error,
            of_size,
            rank_errors,
            of_cost=ORDER,
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
        replace(
            _mean_over_classes(
                "macro_precision", marked("Macro precision"), macro_precision, precision_of_classes
            ),
            of_predicted=True,
            certain=1.0,
            undefined=marked("a class is never predicted"),
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
        replace(_of_two_classes("f1", marked("F1"), f1, of_shares, f1_of_second), of_second=True),
        replace(
            _of_two_classes(
                "precision", marked("Precision"), precision, of_shares, precision_of_second
            ),
            of_second=True,
            of_predicted=True,
            certain=1.0,
            undefined=marked("the second class is never predicted"),
        ),
        replace(
            _of_two_classes("recall", marked("Recall"), recall, of_shares, recall_of_second),
            of_second=True,
            certain=1.0,
        ),
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


def metrics_of(task: Task, cost: str = "") -> tuple[Metric, ...]:
    """List the metrics of a task, those for the metric ``cost`` of a `PredictionCost` first.

    Those of ordered classes follow the log loss, which compares their models.
    """
    known = [metric for metric in METRICS.values() if task in metric.tasks]
    own = [metric for metric in known if cost and metric.of_cost == cost]
    others = [metric for metric in known if not metric.of_cost]
    first = 1 if cost == ORDER else 0
    return (*others[:first], *own, *others[first:])


def metrics_for(outcome: Outcome) -> tuple[Metric, ...]:
    """List the metrics that apply to an outcome."""
    return metrics_of(outcome.task, outcome.own_metric)


def score(outcome: Outcome) -> dict[str, float]:
    """Compute every metric of the outcome's task on its own weights."""
    rows = Weighting(outcome, outcome.weights[None, :])
    return {metric.name: float(metric.function(rows)[0]) for metric in metrics_for(outcome)}


def prevalence(outcome: Outcome) -> float:
    """Compute the `average_precision` of guessing, to show beside a model's.

    It is the weight share of the last class if there are two, else the mean share of the classes
    that occur; NaN without rows.
    """
    shares = Weighting(outcome, outcome.weights[None, :]).per_class[0]
    shares = ratio(shares, shares.sum(axis=1, keepdims=True))[0]
    return float(
        shares[-1] if outcome.task == "binary" else ratio(shares.sum(), np.sum(shares > 0))
    )
