"""A leak through time: a column that is said to be known beforehand, but comes with the target.

Its value at a stamp then nearly determines the target there, far beyond what the past does; or it
has no value yet where the target has none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.alarm import Alarm
from gradum.run.alarms.single_column import LEAST_OF_VARIANCE
from gradum.run.dataset import Dataset
from gradum.scores.figures import figure
from gradum.tables.forecast.facet import Forecast
from gradum.tables.forecast.panel import Panel, in_words

MOST_SERIES = 30  # that are looked at, the longest
FEWEST_STAMPS = 40
LEAST_FILLED = 0.95
USUAL = (0.05, 0.95)  # quantiles of a column's steps: a running total begins again now and then


def known_values(dataset: Dataset, *, seed: int) -> tuple[Alarm, ...]:
    """Return an alarm of each column of a forecast that is hardly known beforehand."""
    known, panel = dataset.schema.forecast, dataset.history
    if known is None or panel is None:
        return ()
    return tuple(_alarms(panel, known, stream(seed, "alarms", "known values")))


def _alarms(panel: Panel, known: Forecast, rng: np.random.Generator) -> Iterator[Alarm]:
    target = known.target.name
    lengths = np.isfinite(panel.target).sum(1)
    longest = np.argsort(-lengths, kind="stable")[:MOST_SERIES]
    for number, each in enumerate(known.covariates, 1):
        if each.use != "known":
            continue
        name, values = each.column.name, panel.values[number]
        sentence = brief = ""
        if _filled_with(panel, values):
            sentence = say(
                "Column {column!r} is said to be known beforehand (--known), but has no value "
                "where {target!r} has none yet. That is a leak if it is filled in together with "
                "{target!r}; leave out --known {column!r}.",
                column=name,
                target=target,
            )
            brief = say(
                "{column!r} is filled in only where {target!r} is", column=name, target=target
            )
        elif not each.levels:
            shares = [told(panel.target[s], values[s], known.season, rng) for s in longest]
            most = int(np.argmax(shares))
            if shares[most] >= LEAST_OF_VARIANCE:
                sentence = _telling(name, target, shares[most], panel.keys[longest[most]])
                brief = say(
                    "{columns} alone predicts {target!r} almost perfectly; was it known before?",
                    columns=repr(name),
                    target=target,
                )
        if sentence:
            yield Alarm("leak", sentence, (name,), brief)


def _telling(name: str, target: str, share: float, key: tuple[str, ...]) -> str:
    values = {"column": name, "target": target, "share": f"{figure(100 * share)}%"}
    if key:
        return say(
            "Column {column!r} is said to be known beforehand (--known), and tells {target!r} of "
            "the same stamp: {share} of the variance that the past leaves, in series {series!r}. "
            "That is a leak unless it is known before {target!r} is; leave out --known {column!r}.",
            series=in_words(key),
            **values,
        )
    return say(
        "Column {column!r} is said to be known beforehand (--known), and tells {target!r} of the "
        "same stamp: {share} of the variance that the past leaves. That is a leak unless it is "
        "known before {target!r} is; leave out --known {column!r}.",
        **values,
    )


def told(y: np.ndarray, x: np.ndarray, season: int, rng: np.random.Generator) -> float:
    """Return what a column tells of the target at its own stamp, beyond the past.

    Least squares on half of the stamps of y[t] on y[t − 1], y[t − m], and of the same with x[t],
    x[t − 1], x[t − m], which has the target itself, multiples of it, its changes and running
    totals; 1 − S₁ / S₀ by the sums of squares that they leave of the other half, and vice versa.
    The same of the ranks of y and x, which find its logarithm and all else that rises with it; the
    larger of the two is returned.

    Parameters
    ----------
    y, x : ndarray of shape (T,)
        The target and the column of a series; NaN where there is none.
    season : int
        m.
    rng : numpy.random.Generator
        Divides the stamps.
    """
    lags = sorted({1, season})
    return max(_told(y, x, lags, rng), _told(_ranks(y), _ranks(x), lags, rng))


def _told(y: np.ndarray, x: np.ndarray, lags: list[int], rng: np.random.Generator) -> float:
    past, here = _with_lags(y, lags), _with_lags(x, lags)
    steps = here[0] - here[1]
    rows = np.isfinite(past).all(0) & np.isfinite(here).all(0)
    if rows.any():
        low, high = np.quantile(steps[rows], USUAL)
        rows &= (steps >= low) & (steps <= high)
    if rows.sum() < FEWEST_STAMPS:
        return 0.0
    past, here = past[:, rows], here[:, rows]
    half = rng.permutation(past.shape[1]) % 2
    without = _left(past[0], past[1:], half)
    if without <= 1e-12 * past.shape[1] * past[0].var():
        return 0.0
    return 1 - _left(past[0], np.concatenate([past[1:], here]), half) / without


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of values (T,), the same for equal ones; NaN where there is none."""
    ranks = np.unique(values, return_inverse=True)[1].astype(np.float64)
    return np.where(np.isfinite(values), ranks, np.nan)


def _with_lags(values: np.ndarray, lags: list[int]) -> np.ndarray:
    """Return values (T,) and those of so many stamps before, (1 + L, T); NaN where none is."""
    before = [np.r_[np.full(lag, np.nan), values[:-lag]][: len(values)] for lag in lags]
    return np.stack([values, *before])


def _left(target: np.ndarray, inputs: np.ndarray, half: np.ndarray) -> float:
    """Return the squares that are left of each half (n,) by least squares on the other."""
    centred = inputs - inputs.mean(1, keepdims=True)
    spread = np.abs(centred).max(1, keepdims=True)
    design = np.concatenate([np.ones((1, len(target))), centred / np.where(spread > 0, spread, 1)])
    left = 0.0
    for part in (0, 1):
        fitted = np.linalg.lstsq(design[:, half != part].T, target[half != part])[0]
        left += float(np.square(target - fitted @ design)[half == part].sum())
    return left


def _filled_with(panel: Panel, values: np.ndarray) -> bool:
    """Whether there are stamps after the last target, and values (S, T) only before them."""
    there, last = np.isfinite(panel.target), int(panel.ends.max()) - panel.first
    later = values[:, last + 1 :]
    filled = np.isfinite(values)[there].mean() >= LEAST_FILLED
    return bool(later.shape[1] and filled and not np.isfinite(later).any())
