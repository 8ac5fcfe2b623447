"""A test of overdispersion: whether counts vary more than a Poisson law of the predicted means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradum.messages import say
from gradum.scores.figures import with_interval
from gradum.scores.interval import NORMAL_95, Interval

if TYPE_CHECKING:
    from gradum.run.dataset import Dataset
    from gradum.run.judging.judge_rungs import Seen

FEWEST_ROWS = 30


def dispersion_note(dataset: Dataset, seen: Seen, used: str) -> str:
    """Say what the judged rows of a model of counts show; empty for other models."""
    if dataset.loss is None or not dataset.loss.whole:
        return ""
    rows, averaged = seen.average(len(dataset))
    exposure = 1.0 if dataset.exposure is None else dataset.exposure[rows]
    return overdispersion_in_words(dataset.row_target[rows], averaged[used].value * exposure)


def dispersion_of_counts(count: np.ndarray, mean: np.ndarray) -> Interval:
    """Return φ, the variance of counts (n,) in units of their mean (n,), with its interval.

    φ = 1 + Σ ((y − μ)² − y) / Σ μ, which is 1 for a Poisson law: the test of A. Cameron and
    P. Trivedi, Regression-based tests for overdispersion in the Poisson model (1990), for a
    variance φμ, weighted by μ. The standard error is that which any variance allows or, if greater,
    that of a Poisson law, √(2 Σ μ²) / Σ μ: few rare counts may by chance lack those above 1.
    """
    excess = (count - mean) ** 2 - count
    index = excess.sum() / mean.sum()
    squares = max(np.square(excess - index * mean).sum(), 2.0 * np.square(mean).sum())
    error = np.sqrt(squares) / mean.sum()
    reach = NORMAL_95 * error
    return Interval(1.0 + index, 1.0 + index - reach, 1.0 + index + reach, error)


def overdispersion_in_words(count: np.ndarray, mean: np.ndarray) -> str:
    """Say what a test of the judged rows shows; empty for too few rows."""
    if len(count) < FEWEST_ROWS:
        return ""
    found = dispersion_of_counts(count, mean)
    factor = with_interval(found)
    if found.low > 1.0:
        return say(
            "Overdispersion: counts vary {factor} times as much as a Poisson law with these means "
            "says. Predicted means are right all the same, and intervals are made from the judged "
            "rows; but errors and p-values that assume a Poisson law are too small.",
            factor=factor,
        )
    if found.high < 1.0:
        return say(
            "Underdispersion: counts vary {factor} times as much as a Poisson law with these means "
            "says. Predicted means are right all the same.",
            factor=factor,
        )
    return say(
        "No overdispersion is shown: counts vary {factor} times as much as a Poisson law with "
        "these means says.",
        factor=factor,
    )
