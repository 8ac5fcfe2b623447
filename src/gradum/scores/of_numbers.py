"""Scores of predicted numbers, and the losses of single rows whose means they are."""

from __future__ import annotations

import math

import numpy as np

from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting, ratio

EXACT = 1e-12  # share of the weight that counts as rounding


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
    # Centre first, so that the one-pass variance does not cancel.
    centred = np.zeros_like(target) if constant else target - target.mean()
    square = rows.mean(centred**2)
    variance = square - rows.mean(centred) ** 2
    variance = np.where(variance > 1e-12 * square, variance, 0.0)
    return 1.0 - ratio(rows.mean(squared_errors(rows.outcome)), variance)


def median_absolute_error(rows: Weighting) -> np.ndarray:
    """Median of |y − ŷ|, in the target's unit: half of the weight of the rows is off by less.

    If the weight is halved between two rows, it is their mean (scikit-learn's averaged quantile).
    """
    errors = absolute_errors(rows.outcome)
    order = np.argsort(errors, kind="stable")
    rising = errors[order]
    passed = np.cumsum(rows.weights.take(order, axis=1), axis=1)  # weight up to each row
    if not len(errors):
        return np.full(len(passed), np.nan)
    total = passed[:, -1]
    # The weights' sums are rounded: half counts as reached if it is reached up to rounding.
    ends = (total * (0.5 + step) for step in (-EXACT, EXACT))
    first, second = ((passed < end[:, None]).sum(axis=1) for end in ends)
    median = (
        rising[first.clip(max=len(rising) - 1)] + rising[second.clip(max=len(rising) - 1)]
    ) / 2
    return np.where(total > 0, median, np.nan)


def mape(rows: Weighting) -> np.ndarray:
    """Mean absolute percentage error as a share: Σ w |y − ŷ| / |y| / Σ w; NaN where a y is 0.

    It has no interval where targets come near 0; see `clear_of_zero`.
    """
    return rows.mean(relative_errors(rows.outcome))


def rmsle(rows: Weighting) -> np.ndarray:
    """Root mean squared error of ln(1 + y): √(Σ w (ln(1 + y) − ln(1 + ŷ))² / Σ w).

    A prediction below 0 counts as 0. The score is NaN if a y is below 0.
    """
    return np.sqrt(rows.mean(squared_log_errors(rows.outcome)))


def squared_errors(outcome: Outcome) -> np.ndarray:
    """(y − ŷ)² of each row (n,); their mean is the square of the RMSE."""
    return (outcome.target.astype(np.float64) - outcome.predicted) ** 2


def absolute_errors(outcome: Outcome) -> np.ndarray:
    """|y − ŷ| of each row (n,); their mean is the MAE."""
    return np.abs(outcome.target.astype(np.float64) - outcome.predicted)


def relative_errors(outcome: Outcome) -> np.ndarray:
    """|y − ŷ| / |y| of each row (n,); NaN for all rows if a row with weight has y = 0."""
    size = np.abs(outcome.target.astype(np.float64))
    counts = outcome.weights > 0
    if (size[counts] == 0).any():
        return np.full(len(outcome), np.nan)
    return absolute_errors(outcome) / np.where(size > 0, size, 1.0)


def clear_of_zero(outcome: Outcome) -> bool:
    """Whether targets are far enough from 0 that percentage errors demonstrably have a mean.

    If targets have a positive density around 0, or reach down to it, ∫ 1/|y| diverges: the MAPE
    grows without end with the number of rows, and an interval would have nothing to contain. The
    probability of 1/|y| above t then falls as t^-α with α ≤ 1. From the k = ⌈√n⌉ least |y|, Hill's
    estimate of α is k / Σ ln(|y|₍ₖ₊₁₎ / |y|₍ᵢ₎). It has a standard error of α/√k, and must lie two
    of these above 1. Source: B. Hill, A simple general approach to inference about the tail of a
    distribution, 1975.
    """
    size = np.sort(np.abs(outcome.target[outcome.weights > 0].astype(np.float64)))
    few = math.ceil(math.sqrt(len(size)))
    if len(size) <= few or not size[0] > 0:
        return False
    if (size == np.round(size)).all():
        return True  # no whole number but 0 is nearer than 1
    spacings = np.log(size[few] / size[:few]).mean()
    return bool(1.0 - 2.0 / math.sqrt(few) > spacings)


def squared_log_errors(outcome: Outcome) -> np.ndarray:
    """(ln(1 + y) − ln(1 + ŷ))² of each row (n,); `rmsle` is the root of their mean."""
    target = outcome.target.astype(np.float64)
    if (target[outcome.weights > 0] < 0).any():
        return np.full(len(outcome), np.nan)
    return (np.log1p(np.maximum(target, 0.0)) - np.log1p(np.maximum(outcome.predicted, 0.0))) ** 2
