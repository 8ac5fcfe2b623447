"""Mean sizes of values over rows, with their intervals.

Shapes: n rows, d values a row, k answers, G batches of background rows.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import stdtrit

from gradum.scores.interval import NORMAL_95, Interval

SIZE = {"size": pl.Float64, "low": pl.Float64, "high": pl.Float64}
"""The columns of a frame that hold a size; bounds are null where they are unknown."""


def bounds_of(size: Interval) -> tuple[float, float | None, float | None]:
    """Return a size as `SIZE` has it."""
    return (size.value, size.low, size.high) if size.known else (size.value, None, None)


def mean_sizes(values: np.ndarray, errors: np.ndarray) -> tuple[Interval, ...]:
    """Return the mean of |v| over rows and answers for each of d values, with its 95% interval.

    The half-width is √(t² s² / n + z² e²): s, the standard deviation over the rows of their mean
    over the answers, and t, Student's quantile, are of other rows; e is the mean of the values'
    own standard errors. All rows meet the same background rows, so their errors may all be of one
    sign, and their mean bounds what they do to the mean of |v|. That a mean of sizes cannot be
    below 0, and noise adds to it, is within the same bound.

    Parameters
    ----------
    values, errors : ndarray (n, d, k)
        Errors are NaN where they are unknown, as they are before one background row.

    Returns
    -------
    tuple of Interval
        Without bounds for one row, or where errors are unknown.
    """
    by_row = np.abs(values).mean(axis=2)
    rows = len(by_row)
    mean, error = by_row.mean(axis=0), errors.mean(axis=(0, 2))
    if rows < 2:
        return tuple(Interval(float(value), np.nan, np.nan, np.nan) for value in mean)
    of_rows = by_row.std(axis=0, ddof=1) / np.sqrt(rows)
    half = np.hypot(student_95(rows) * of_rows, NORMAL_95 * error)
    standard_error = np.hypot(of_rows, error)
    return tuple(
        Interval(float(value), max(float(value - width), 0.0), float(value + width), float(scatter))
        for value, width, scatter in zip(mean, half, standard_error, strict=True)
    )


def mean_sizes_before(
    values: np.ndarray, errors: np.ndarray, batches: np.ndarray
) -> tuple[Interval, ...]:
    """Return the mean of |v| over rows and answers, where all rows met the same background rows.

    Of d values each; the 95% interval holds what other rows and another background would make of
    it. With v_g the values before batch g alone, h_g = Σ sign(v) v_g / (n k) is what the mean of
    |v| would be before that batch, to the first order: values of both signs lose and gain by the
    same background, which a mean of their errors would not see. The half-width is
    √(t² s² + u² e²): s and e the standard errors of the means over the rows and over the h_g, t and
    u Student's quantiles. A value within two of its standard errors σ of 0 may be nothing but
    noise, which is √(2/π) σ in size: the lower end is lower by their mean.
    Source of batch means: B. Schmeiser, Batch size effects in the analysis of simulation output
    (Operations Research 30, 1982).

    Parameters
    ----------
    values, errors : ndarray (n, d, k)
    batches : ndarray (n, d, G, k)

    Returns
    -------
    tuple of Interval
        Without bounds for one row, or one batch.
    """
    rows, count = len(values), batches.shape[2]
    by_row = np.abs(values).mean(axis=2)
    mean = by_row.mean(axis=0)
    if min(rows, count) < 2:
        return tuple(Interval(float(value), np.nan, np.nan, np.nan) for value in mean)
    of_batches = (np.sign(values)[:, :, None, :] * batches).mean(axis=(0, 3))
    of_rows = by_row.std(axis=0, ddof=1) / np.sqrt(rows)
    of_background = of_batches.std(axis=1, ddof=1) / np.sqrt(count)
    half = np.hypot(student_95(rows) * of_rows, student_95(count) * of_background)
    noise = np.sqrt(2 / np.pi) * np.nan_to_num(errors)
    added = np.where(np.abs(values) < 2 * errors, noise, 0.0).mean(axis=(0, 2))
    scatter = np.hypot(of_rows, of_background)
    ends = np.maximum(mean - half - added, 0.0), mean + half
    columns = (mean.tolist(), *(end.tolist() for end in ends), scatter.tolist())
    return tuple(Interval(*each) for each in zip(*columns, strict=True))


def student_95(rows: int) -> float:
    """Return Student's quantile of 0.975 for a mean over so many rows."""
    return float(stdtrit(rows - 1, 0.975))
