"""Exponential smoothing of many series at once, its form chosen at each origin by AICc.

The level l, the trend b and the seasonal places s of a series follow its values y. With the
forecast ŷ[t] = l + φ b + s (or (l + φ b) s), of which the value misses e = y[t] − ŷ[t],

    l ← l + φ b + α e,    b ← φ b + α β e,    s ← s + γ e

(with e divided by s for the first two, and by l + φ b for the last, where seasons multiply). The
forms are without a trend, with one, and with one that fades (φ < 1), each without seasons, with
seasons that add and that multiply, and each with errors that add and that multiply. At origin o,
the form and the parameters with the least

    AICc = −2 log L + 2 k + 2 k (k + 1) / (n − k − 1)

over the n errors up to o are taken, −2 log L being n log Σ e² for errors that add and
n log Σ (e / ŷ)² + 2 Σ log ŷ for those that multiply, k the number of parameters and initial states.
The parameters lie on a grid and the states begin at the means of the first two seasons, so that a
single pass yields the forecasts from all origins, each from values up to it alone.

Source: Hyndman, Koehler, Ord, Snyder, Forecasting with exponential smoothing (Springer, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

LEVELS = (0.02, 0.1, 0.2, 0.35, 0.5, 0.7, 0.99)
TRENDS = (0.02, 0.1, 0.3)
FADING = (0.9, 0.97)
SEASONS = (0.05, 0.2, 0.5)
SERIES_AT_ONCE = 50
BEGINNING = 4
"""Values from which the states begin where there are no seasons; else those of two seasons."""


@dataclass(frozen=True)
class Grid:
    """G settings of one way in which seasons come in: each an array of shape (G,)."""

    alpha: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    gamma: np.ndarray
    parameters: np.ndarray
    """k."""

    @classmethod
    def of(cls, season: int, *, multiplies: bool) -> Grid:
        """Return the settings; those whose seasons add include those without seasons."""
        trends = [(0.0, 1.0, 0), *product(TRENDS, (1.0,), (2,)), *product(TRENDS, FADING, (3,))]
        seasons = [(gamma, season + 1) for gamma in SEASONS] if season > 1 else []
        seasons = seasons if multiplies else [(0.0, 0), *seasons]
        rows = [
            (alpha, beta, phi, gamma, 3 + more + of_season)
            for alpha, (beta, phi, more), (gamma, of_season) in product(LEVELS, trends, seasons)
        ]
        return cls(*np.array(rows, float).T)


def smoothed(
    values: np.ndarray, season: int, horizon: int, series: np.ndarray, origins: np.ndarray
) -> np.ndarray:
    """Return forecasts (W, H) from origins (W,), positions in series (W,) of the values (S, T).

    A missing value moves nothing. NaN where there are too few values.
    """
    found = np.full((len(series), horizon), np.nan)
    known = np.isfinite(values)
    names = np.unique(series)
    names = names[known[names].any(1)]
    for at in range(0, len(names), SERIES_AT_ONCE):
        part = names[at : at + SERIES_AT_ONCE]
        first = known[part].argmax(1)
        windows = np.flatnonzero(np.isin(series, part))
        row = np.searchsorted(part, series[windows])
        found[windows] = _of_aligned(
            _from_first(values[part], first), season, horizon, row, origins[windows] - first[row]
        )
    return found


def _of_aligned(
    values: np.ndarray, season: int, horizon: int, series: np.ndarray, origins: np.ndarray
) -> np.ndarray:
    """Return what `smoothed` does of few series that begin with a value."""
    found = np.full((len(series), horizon), np.nan)
    passes = [Pass(values, season, multiplies=False)]
    if season > 1:
        passes.append(Pass(values, season, multiplies=True))
    order = np.argsort(origins, kind="stable")
    ends = np.searchsorted(origins[order], np.arange(int(origins.max(initial=-1)) + 2))
    for t in range(len(ends) - 1):
        for each in passes:
            each.see(values[:, t], t)
        wanted = order[ends[t] : ends[t + 1]]
        if len(wanted) and t + 1 >= passes[0].beginning:
            scores, ahead = zip(*(each.forecast(t, horizon) for each in passes), strict=True)
            best, row = np.argmin(scores, axis=0)[series[wanted]], series[wanted]
            usable = np.isfinite(np.stack(scores)[best, row])
            found[wanted] = np.where(usable[:, None], np.stack(ahead)[best, row], np.nan)
    return found


def _from_first(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return series (S, T) moved so that each begins with its first value."""
    places = np.arange(values.shape[1])[None, :] + first[:, None]
    there = places < values.shape[1]
    moved = np.take_along_axis(values, np.where(there, places, 0), axis=1)
    return np.where(there, moved, np.nan)


class Pass:
    """One pass over S series with every setting of a grid."""

    def __init__(self, values: np.ndarray, season: int, *, multiplies: bool) -> None:
        self.grid, self.season = Grid.of(season, multiplies=multiplies), season
        self.multiplies, self.beginning = multiplies, max(2 * season, BEGINNING)
        seasonal = self.grid.gamma > 0
        shape = (len(values), len(seasonal))
        level, rise, places = _begun(values[:, : self.beginning], season, multiplies)
        flat = nanmean(values[:, :season].T) if season > 1 else values[:, 0]
        trended = self.grid.beta > 0
        self.level = np.where(trended, level[:, None], flat[:, None])
        self.trend = np.where(trended, rise[:, None], 0.0)
        neutral = 1.0 if multiplies else 0.0
        self.places = np.where(seasonal[None, :, None], places[:, None, :], neutral)
        self.squares, self.relative, self.logs = (np.zeros(shape) for _ in range(3))
        self.seen = np.zeros(len(values))
        self.above = np.ones(len(values), bool)  # whether all values up to now were above 0

    def see(self, value: np.ndarray, t: int) -> None:
        """Move the states by the values (S,) at t; missing ones move nothing but the trend."""
        grid, place = self.grid, t % self.season
        base = self.level + grid.phi * self.trend
        seasonal = self.places[:, :, place]
        expected = base * seasonal if self.multiplies else base + seasonal
        there = np.isfinite(value)
        missed = np.where(there[:, None], value[:, None] - expected, 0.0)
        if t >= self.season:
            self._score(missed, expected, there)
        self.above &= ~(value <= 0)
        with np.errstate(all="ignore"):
            of_level = missed / seasonal if self.multiplies else missed
            of_place = missed / base if self.multiplies else missed
        self.level = base + grid.alpha * of_level
        self.trend = grid.phi * self.trend + grid.alpha * grid.beta * of_level
        self.places[:, :, place] = seasonal + grid.gamma * of_place

    def _score(self, missed: np.ndarray, expected: np.ndarray, there: np.ndarray) -> None:
        self.seen += there
        self.squares += np.square(missed)
        with np.errstate(all="ignore"):
            self.relative += np.square(missed / expected)
            logs = np.where(expected > 0, np.log(expected), np.inf)
        self.logs += np.where(there[:, None], logs, 0.0)

    def forecast(self, t: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the least AICc (S,), and the forecasts from t of the settings that have it (S, H).

        It is infinite where there are too few values.
        """
        n, k = self.seen[:, None], self.grid.parameters
        with np.errstate(all="ignore"):
            adding = n * np.log(np.maximum(self.squares, TINY))
            multiplying = n * np.log(np.maximum(self.relative, TINY)) + 2 * self.logs
            multiplying = np.where(self.above[:, None], multiplying, np.inf)
            likely = np.fmin(adding, multiplying)
            penalty = np.where(n > k + 1, 2 * k + 2 * k * (k + 1) / (n - k - 1), np.inf)
            score = likely + penalty
        if self.multiplies:
            score = np.where(self.above[:, None], score, np.inf)
        score = np.where(np.isnan(score), np.inf, score)
        best = score.argmin(1)
        rows = np.arange(len(best))
        fading = np.cumsum(self.grid.phi[best][:, None] ** np.arange(1, horizon + 1), axis=1)
        base = self.level[rows, best][:, None] + fading * self.trend[rows, best][:, None]
        seasonal = self.places[rows, best][:, (t + np.arange(1, horizon + 1)) % self.season]
        return score[rows, best], base * seasonal if self.multiplies else base + seasonal


TINY = 1e-300


def _begun(
    values: np.ndarray, season: int, multiplies: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the level and trend (S,) before the first value, and the places (S, m) of seasons."""
    half = values.shape[1] // 2
    early, late = nanmean(values[:, :half].T), nanmean(values[:, half:].T)
    rise = np.nan_to_num((late - early) / half)
    level = np.where(np.isfinite(early), early, late) - rise * (half + 1) / 2
    if season == 1:
        return level, rise, np.full((len(values), 1), 1.0 if multiplies else 0.0)
    line = level[:, None] + rise[:, None] * np.arange(1, values.shape[1] + 1)
    with np.errstate(all="ignore"):
        away = values / line if multiplies else values - line
    places = nanmean(away.reshape(len(values), 2, season).transpose(1, 0, 2))
    neutral = 1.0 if multiplies else 0.0
    return level, rise, np.where(np.isfinite(places), places, neutral)


def nanmean(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the mean over an axis of what is not NaN; NaN where all is."""
    known = np.isfinite(values)
    count = np.where(known.any(axis), known.sum(axis), np.nan)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis) / count
