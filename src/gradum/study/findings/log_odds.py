"""Calibration intercept and slope of two classes, with intervals."""

from __future__ import annotations

import msgspec
import numpy as np
from scipy.special import stdtrit

from gradum.messages import say
from gradum.scores.interval import Interval, standard_error
from gradum.study.evidence import Evidence
from gradum.study.finding_words import said
from gradum.study.log_odds_calibration import (
    calibration_intercept,
    calibration_slope,
    fisher_errors,
)
from gradum.study.prediction_bins import FEWEST_GROUPS
from gradum.study.resampling import ERROR, Subset, independent, places_to_redraw, redrawn

FEWEST_OF_EACH = 10


class LogOdds(msgspec.Struct, frozen=True):
    """The judged rows' classes regressed on the predicted log-odds."""

    positive: str
    """The second class, whose log-odds these are."""
    intercept: Interval
    """At slope 1: by how much the true log-odds are higher; 0 if calibrated."""
    slope: Interval
    """1 if calibrated; below 1 where the probabilities are too near to 0 and 1."""
    sentence: str


def log_odds(evidence: Evidence) -> LogOdds | None:
    """Estimate both; None with too few rows of a class, or if the classes are separated.

    The intervals are Student's. A standard error is that of the judge's resamples, each one Newton
    step from the maximum, or by the fitted law, if that is larger, as in `reliability`.
    """
    every = np.arange(len(evidence))
    alone = independent(evidence, evidence.target >= 0)
    if evidence.groups is not None and alone < FEWEST_GROUPS:
        return None
    if np.bincount(evidence.target, minlength=2).min() < FEWEST_OF_EACH:
        return None
    places = places_to_redraw(evidence, "log-odds")
    whole, sample = (
        Subset.of(evidence, held, np.full(len(held), True)) for held in (every, places)
    )
    blocks = list(redrawn(evidence, places, "log-odds"))
    intervals = []
    errors = fisher_errors(whole.outcome)
    for measure, least in zip((calibration_intercept, calibration_slope), errors, strict=True):
        value = float(measure(whole.weighting(evidence.weight[None]))[0])
        drawn = np.concatenate([measure(sample.weighting(weights)) for weights in blocks])
        error = max(standard_error(drawn[1:]), least)
        half = float(stdtrit(alone - 1, 1 - ERROR / 2)) * error
        intervals.append(Interval(value, value - half, value + half, error))
    intercept, slope = intervals
    if not np.isfinite([slope.low, slope.high]).all():
        return None
    sentence = say(
        "On the scale of log-odds, the calibration slope is {slope} and the calibration intercept "
        "{intercept}, where 1 and 0 are right: a slope below 1 means probabilities too near to 0 "
        "and 1, an intercept above 0 probabilities that are too low.",
        slope=said(slope),
        intercept=said(intercept, sign=True),
    )
    return LogOdds(evidence.classes[1], intercept, slope, sentence)
