"""Sentences on a reliability curve: only what a test shows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from gradum.scores.figures import figure
from gradum.scores.interval import Interval
from gradum.scores.outcome import Task
from gradum.study.interval_words import said

LEVEL = 0.05
UNTOLD, NOTHING_SHOWN = "Too few rows", "No miscalibration"


@dataclass(frozen=True)
class Gap:
    """A figure next to the one that a calibrated model would have.

    Parameters
    ----------
    found : Interval
    calibrated : float
    least_error : float
        The standard error that the outcomes of a calibrated model would give: what resamples of
        few rows of one kind may fail to show.
    told : bool
        Whether there are rows enough to tell.
    """

    found: Interval
    calibrated: float
    least_error: float
    told: bool

    def errors(self) -> float:
        """How many standard errors lie between; 0 where the interval holds both."""
        found, error = self.found, max(self.found.standard_error, self.least_error)
        if not self.told or not error > 0 or found.low <= self.calibrated <= found.high:
            return 0.0
        return abs(found.value - self.calibrated) / error


def sentence(
    task: Task, label: str, mean: float, large: Gap, slope: Gap | None, bins: list[Gap]
) -> str:
    """Say where predictions differ from what was observed, as far as tests show it.

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
    if not large.told:
        return f"{UNTOLD}, or groups of them, to say whether predictions mean what they say."
    tests = 1 + (slope is not None) + len(bins)
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / tests)
    means = _means(task, label, mean, mean - large.found.value)
    sentences = []
    if large.errors() > z:
        direction = _direction(task, large.found.value > 0)
        sentences.append(f"{direction}: {means} (difference {said(large.found, sign=True)}).")
    if slope is not None and slope.errors() > z:
        sentences.append(_steepness(task, slope.found))
    worst = max(bins, key=Gap.errors)
    if not sentences and worst.errors() > z:
        where = figure(worst.calibrated, digits=3)
        sentences.append(f"Off in places: where it says {where}, {said(worst.found)} is observed.")
    return " ".join(sentences) or f"{NOTHING_SHOWN} shown: {means}."


def _means(task: Task, label: str, predicted: float, observed: float) -> str:
    said, seen = figure(predicted, digits=3), figure(observed, digits=3)
    if task == "binary":
        return f"{label!r} has a probability of {said} on average, and a share of {seen}"
    if task == "multiclass":
        return (
            f"the class it predicts has a probability of {said} on average, and is right in {seen}"
        )
    return f"{said} on average, where {seen} is observed"


def _direction(task: Task, above: bool) -> str:
    if task == "multiclass":
        return "Too sure of itself" if above else "Not sure enough"
    return "Predicts too high" if above else "Predicts too low"


def _steepness(task: Task, slope: Interval) -> str:
    """Say what differences between predictions are worth."""
    flat = slope.value < 1
    if task == "binary":
        finding = "Too sure of itself" if flat else "Not sure enough"
        rise = said(slope, unit=0.1)
        return f"{finding}: where probabilities differ by 0.1, shares differ by {rise}."
    finding = "Predictions lie too far apart" if flat else "Predictions lie too close together"
    return f"{finding}: where they differ by 1, actual values differ by {said(slope)}."
