"""Sentences on a reliability curve: only what a test shows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from gradum.messages import marked, say, sentences
from gradum.scores.figures import figure
from gradum.scores.interval import Interval
from gradum.scores.outcome import Task
from gradum.study.interval_words import said

LEVEL = 0.05


@dataclass(frozen=True)
class Gap:
    """A figure next to the one that a calibrated model would have.

    Parameters
    ----------
    estimate : Interval
    calibrated : float
    least_error : float
        The standard error that the outcomes of a calibrated model would give: what resamples of
        few rows of one kind may fail to show.
    enough : bool
        Whether there are rows enough to tell.
    """

    estimate: Interval
    calibrated: float
    least_error: float
    enough: bool

    def errors(self) -> float:
        """How many standard errors lie between; 0 where the interval holds both."""
        estimate, error = self.estimate, max(self.estimate.standard_error, self.least_error)
        if not self.enough or not error > 0 or estimate.low <= self.calibrated <= estimate.high:
            return 0.0
        return abs(estimate.value - self.calibrated) / error


def sentence(
    task: Task, label: str, mean: float, large: Gap, slope: Gap | None, bins: list[Gap]
) -> tuple[str, bool, bool]:
    """Say where predictions differ from what was observed, as far as tests show it.

    Also return whether they are shown to differ, and whether there were rows enough to test it.

    Together the tests claim something of a calibrated model in `LEVEL` of all cases at most: each
    has its share of that level (Bonferroni).

    Parameters
    ----------
    task : str
    label : str
        The class whose probability is looked at; not needed otherwise.
    mean : float
        Of the predictions.
    large : Gap
        Mean prediction - mean observation.
    slope : Gap or None
        Of the observed on the predicted.
    bins : list of Gap
        The observed of rows with like predictions, next to the predicted.
    """
    if not large.enough:
        untold = say(
            "Too few rows, or groups of them, to say whether predictions mean what they say."
        )
        return untold, False, False
    tests = 1 + (slope is not None) + len(bins)
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / tests)
    means = _means(task, label, mean, mean - large.estimate.value)
    shown = []
    if large.errors() > z:
        shown.append(
            say(
                _direction(task, large.estimate.value > 0),
                means=means,
                difference=said(large.estimate, sign=True),
            )
        )
    if slope is not None and slope.errors() > z:
        shown.append(_steepness(task, slope.estimate))
    worst = max(bins, key=Gap.errors)
    if not shown and worst.errors() > z:
        shown.append(
            say(
                "Off in places: where it says {predicted}, {observed} is observed.",
                predicted=figure(worst.calibrated, digits=3),
                observed=said(worst.estimate),
            )
        )
    if shown:
        return sentences(shown), True, True
    return say("No miscalibration shown: {means}.", means=means), False, True


def _means(task: Task, label: str, predicted: float, observed: float) -> str:
    values = {
        "predicted": figure(predicted, digits=3),
        "observed": figure(observed, digits=3),
    }
    if task == "binary":
        return say(
            "{label!r} has a probability of {predicted} on average, and a share of {observed}",
            label=label,
            **values,
        )
    if task == "multiclass":
        return say(
            "the class it predicts has a probability of {predicted} on average, and is right in "
            "{observed}",
            **values,
        )
    return say("{predicted} on average, where {observed} is observed", **values)


def _direction(task: Task, above: bool) -> str:
    if task == "multiclass" and above:
        return marked("Too sure of itself: {means} (difference {difference}).")
    if task == "multiclass":
        return marked("Not sure enough: {means} (difference {difference}).")
    if above:
        return marked("Predicts too high: {means} (difference {difference}).")
    return marked("Predicts too low: {means} (difference {difference}).")


def _steepness(task: Task, slope: Interval) -> str:
    """Say what differences between predictions are worth."""
    flat = slope.value < 1
    if task == "binary":
        rise = said(slope, unit=0.1)
        if flat:
            return say(
                "Too sure of itself: where probabilities differ by 0.1, shares differ by {rise}.",
                rise=rise,
            )
        return say(
            "Not sure enough: where probabilities differ by 0.1, shares differ by {rise}.",
            rise=rise,
        )
    if flat:
        return say(
            "Predictions lie too far apart: where they differ by 1, actual values differ by "
            "{rise}.",
            rise=said(slope),
        )
    return say(
        "Predictions lie too close together: where they differ by 1, actual values differ by "
        "{rise}.",
        rise=said(slope),
    )
