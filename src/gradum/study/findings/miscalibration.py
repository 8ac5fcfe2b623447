"""Sentences on a reliability curve, which say only what a test shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from scipy.special import stdtr

from gradum.messages import marked, say, sentences
from gradum.scores.figures import figure, figures_apart
from gradum.scores.interval import Interval
from gradum.scores.outcome import Task
from gradum.study.finding_words import said

LEVEL = 0.05
SMALL = (
    marked("Small predictions are too low: predicted {predicted}, actual {observed}."),
    marked("Small predictions are too high: predicted {predicted}, actual {observed}."),
)
MIDDLING = (
    marked("Middling predictions are too low: predicted {predicted}, actual {observed}."),
    marked("Middling predictions are too high: predicted {predicted}, actual {observed}."),
)
LARGE = (
    marked("Large predictions are too low: predicted {predicted}, actual {observed}."),
    marked("Large predictions are too high: predicted {predicted}, actual {observed}."),
)
"""What is said of predictions that are off in one place alone: too low, and too high."""


@dataclass(frozen=True)
class Gap:
    """A figure next to the value that a calibrated model would have."""

    estimate: Interval
    calibrated: float
    least_error: float
    """The standard error under a calibrated model's outcomes, which resamples of few rows of one
    kind may fail to show."""
    freedom: int
    """Degrees of freedom of Student's distribution: independent rows, or groups of them, less
    one."""
    enough: bool
    """Whether there are enough rows to tell."""

    @property
    def error(self) -> float:
        """The larger of the standard errors from resamples and under a calibrated model."""
        return max(self.estimate.standard_error, self.least_error)

    def p_value(self, widened: float) -> float:
        """Return the p-value of the difference by Student's distribution.

        It is 1 where the interval holds both values. The standard error is multiplied by
        ``widened``.
        """
        estimate, error = self.estimate, widened * self.error
        if not self.enough or not error > 0 or estimate.low <= self.calibrated <= estimate.high:
            return 1.0
        return float(2 * stdtr(self.freedom, -abs(estimate.value - self.calibrated) / error))


class CalibrationFinding(NamedTuple):
    """The results of the tests of a reliability curve."""

    sentence: str
    miscalibrated: bool = False
    """Whether p is at most `LEVEL`."""
    tested: bool = False
    """Whether there were enough rows."""
    p_value: float = 1.0
    """The p-value under a calibrated model, corrected for all tests."""
    comparisons: int = 1
    """The factor by which the p-value of the calibration in the large was multiplied."""
    error: float | None = None
    """The standard error that was used to test it."""


def shown_by(
    task: Task,
    label: str,
    mean: float,
    large: Gap,
    slope: Gap | None,
    bins: list[Gap],
    widened: float = 1.0,
) -> CalibrationFinding:
    """Say where predictions differ from observations, as far as tests show it.

    The calibration in the large, the slope and the bins together have equal shares of `LEVEL`, and
    each bin has an equal part of the bins' share (weighted Bonferroni). Together they reject a
    calibrated model in at most `LEVEL` of all cases. Otherwise the many bins would take most of the
    level from the two figures that say most about a model.

    Parameters
    ----------
    task : str
    label : str
        The class whose probability is looked at; not needed otherwise.
    mean : float
        The mean of the predictions.
    large : Gap
        Mean prediction − mean observation.
    slope : Gap or None
        Slope of the observed on the predicted.
    bins : list of Gap
        For rows with similar predictions, the observed value next to the predicted one.
    widened : float
        The factor on standard errors that accounts for the model's own uncertainty.
    """
    if not large.enough:
        return CalibrationFinding(
            say("There are too few rows, or groups of rows, to judge calibration.")
        )
    kinds = 2 + (slope is not None)
    p_large = kinds * large.p_value(widened)
    p_slope = 1.0 if slope is None else kinds * slope.p_value(widened)
    worst = min(bins, key=lambda gap: gap.p_value(widened))
    p_bins = kinds * sum(gap.enough for gap in bins) * worst.p_value(widened)
    observed, shown = mean - large.estimate.value, []
    if p_large <= LEVEL:
        shown.append(
            say(
                _direction(task, large.estimate.value > 0),
                means=_means(task, label, *figures_apart(mean, observed)),
                difference=said(large.estimate, sign=True),
            )
        )
    if slope is not None and p_slope <= LEVEL:
        shown.append(_steepness(task, slope.estimate))
    if not shown and p_bins <= LEVEL and worst.enough:
        shown.append(
            say(
                _place(bins.index(worst) / len(bins), worst.estimate.value < worst.calibrated),
                predicted=figure(worst.calibrated),
                observed=said(worst.estimate),
            )
        )
    p_bins = p_bins if worst.enough else 1.0
    if not shown:
        means = _means(task, label, figure(mean), figure(observed))
        shown.append(say("No miscalibration shown: {means}.", means=means))
    p_value = min(p_large, p_slope, p_bins, 1.0)
    error = widened * large.error
    return CalibrationFinding(sentences(shown), p_value <= LEVEL, True, p_value, kinds, error)


def _means(task: Task, label: str, predicted: str, observed: str) -> str:
    values = {"predicted": predicted, "observed": observed}
    if task == "binary":
        return say(
            "the mean probability of {label!r} is {predicted}, its actual share {observed}",
            label=label,
            **values,
        )
    if task == "multiclass":
        return say(
            "the mean probability of the predicted class is {predicted}, the share of right "
            "predictions {observed}",
            **values,
        )
    return say("predictions are {predicted} on average, actual values {observed}", **values)


def _direction(task: Task, above: bool) -> str:
    if task == "multiclass" and above:
        return marked("Too sure of itself: {means} (difference {difference}).")
    if task == "multiclass":
        return marked("Not sure enough: {means} (difference {difference}).")
    if above:
        return marked("Predicts too high: {means} (difference {difference}).")
    return marked("Predicts too low: {means} (difference {difference}).")


def _steepness(task: Task, slope: Interval) -> str:
    """Say whether predictions are too far apart or too close together."""
    flat = slope.value < 1
    if task == "binary":
        rise = said(slope, unit=0.1)
        if flat:
            return say(
                "Too sure of itself: where two probabilities differ by 0.1, actual shares differ "
                "by {rise}.",
                rise=rise,
            )
        return say(
            "Not sure enough: where two probabilities differ by 0.1, actual shares differ by "
            "{rise}.",
            rise=rise,
        )
    if flat:
        return say(
            "Predictions vary too much: actual values differ only {times} times as much as they "
            "do.",
            times=said(slope),
        )
    return say(
        "Predictions vary too little: actual values differ {times} times as much as they do.",
        times=said(slope),
    )


def _place(share: float, too_high: bool) -> str:
    """Return the sentence on predictions that are off; ``share`` of the bins have smaller ones."""
    if share < 1 / 3:
        return SMALL[too_high]
    return LARGE[too_high] if share >= 2 / 3 else MIDDLING[too_high]
