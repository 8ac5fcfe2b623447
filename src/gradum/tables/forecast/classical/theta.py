"""The Theta forecast of many windows at once: smoothed, with half the slope of the line as a drift.

A series that a test finds seasonal is divided by the places of its season, which are the means of
its ratios to centred moving averages (or, where a value is not above 0, the differences are taken
off). Of n values z with the slope b of the least-squares line and the level l of simple exponential
smoothing, whose α has the least squared errors on a grid,

    ẑ[n + h] = l + b/2 · (h − 1 + (1 − (1 − α)ⁿ) / α).

A series is seasonal if its autocorrelation at the lag m is greater than
1.645 √((1 + 2 Σ_{i < m} r_i²) / n).

Sources: Assimakopoulos, Nikolopoulos, The theta model (International Journal of Forecasting 16,
2000); Hyndman, Billah, Unmasking the Theta method (the same 19, 2003).
"""

from __future__ import annotations

import numpy as np

from gradum.tables.forecast.classical.smoothing import nanmean

LEVELS = (0.02, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
LONGEST, SEASONS_BACK = 400, 8
"""The values that are looked at: at most so many, or so many seasons."""
FEWEST = 4
NUMBERS_AT_ONCE = 2**22
SEASONAL = 1.645


def reach(season: int) -> int:
    """Return how many values up to and with the origin are looked at."""
    return max(LONGEST, SEASONS_BACK * season)


def theta(
    values: np.ndarray, season: int, horizon: int, series: np.ndarray, origins: np.ndarray
) -> np.ndarray:
    """Return forecasts (W, H) from origins (W,), positions in series (W,) of the values (S, T).

    A missing value is taken to be the last one. NaN where there are fewer than four values.
    """
    found = np.full((len(series), horizon), np.nan)
    filled = _filled(values)
    width = min(reach(season), values.shape[1])
    step = max(1, NUMBERS_AT_ONCE // (width * len(LEVELS)))
    lengths = np.minimum((np.cumsum(np.isfinite(filled), axis=1))[series, origins], width)
    order = np.argsort(lengths, kind="stable")
    for at in range(0, len(order), step):
        some = order[at : at + step]
        some = some[lengths[some] >= FEWEST]
        if len(some):
            places = origins[some, None] - np.arange(int(lengths[some].max()))[None, ::-1]
            window = filled[series[some, None], np.maximum(places, 0)]
            there = np.arange(window.shape[1])[None, ::-1] < lengths[some, None]
            found[some] = _forecast(np.where(there, window, np.nan), season, horizon)
    return found


def _filled(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=1), np.nan)


def _forecast(window: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """Return forecasts (W, H) after windows (W, L), which begin with NaN where they are shorter."""
    there = np.isfinite(window)
    count = there.sum(1)
    positive = np.where(there, window, np.inf).min(1) > 0
    factors = np.ones((len(window), season))
    terms = np.zeros((len(window), season))
    if season > 1:
        seasonal = _is_seasonal(window, season, count)
        factors[seasonal & positive] = _places(window[seasonal & positive], season, divided=True)
        terms[seasonal & ~positive] = _places(window[seasonal & ~positive], season, divided=False)
    place = np.arange(window.shape[1])[::-1] % season  # 0 is that of the origin
    plain = (window - terms[:, place]) / factors[:, place]
    slope = _slope(plain)
    level, alpha = _level(plain)
    ahead = np.arange(1, horizon + 1)[None, :]
    gone = (1 - (1 - alpha) ** count) / alpha
    line = level[:, None] + slope[:, None] / 2 * (ahead - 1 + gone[:, None])
    future = -ahead % season
    rows = np.arange(len(window))[:, None]
    return line * factors[rows, future] + terms[rows, future]


def _is_seasonal(window: np.ndarray, season: int, count: np.ndarray) -> np.ndarray:
    """Return which windows (W,) have a season, by the autocorrelation at its lag."""
    there = np.isfinite(window)
    away = np.where(there, window - nanmean(window, -1)[:, None], 0.0)
    squares = np.maximum(np.square(away).sum(1), 1e-300)
    total, of_lag = np.zeros(len(window)), np.zeros(len(window))
    for lag in range(1, season + 1):
        of_lag = (
            (away[:, lag:] * away[:, :-lag]).sum(1) / squares if lag < away.shape[1] else of_lag
        )
        total += np.square(of_lag) if lag < season else 0.0
    return (count >= 3 * season) & (of_lag > SEASONAL * np.sqrt((1 + 2 * total) / count))


def _places(window: np.ndarray, season: int, *, divided: bool) -> np.ndarray:
    """Return the places (W, m) of seasons, counted back from the last value."""
    length = window.shape[1]
    sums = np.concatenate([np.zeros((len(window), 1)), np.nancumsum(window, axis=1)], axis=1)
    known = np.concatenate(
        [np.zeros((len(window), 1)), np.cumsum(np.isfinite(window), axis=1)], axis=1
    )

    def mean(begin: int) -> np.ndarray:
        """Return the means of whole seasons that begin at each place less so much."""
        at = np.arange(length) + begin
        inside = (at >= 0) & (at + season <= length)
        low, high = np.clip(at, 0, length), np.clip(at + season, 0, length)
        full = inside & (known[:, high] - known[:, low] == season)
        return np.where(full, (sums[:, high] - sums[:, low]) / season, np.nan)

    half = season // 2
    centred = mean(-half) if season % 2 else (mean(-half) + mean(1 - half)) / 2
    with np.errstate(all="ignore"):
        away = window / centred if divided else window - centred
    short = -length % season
    back = np.pad(away[:, ::-1], ((0, 0), (0, short)), constant_values=np.nan)
    back = back.reshape(len(window), (length + short) // season, season)
    places = nanmean(back.transpose(0, 2, 1), -1)
    if divided:
        places = np.where(places > 0, places, 1.0)
        return places / places.mean(1, keepdims=True)
    return np.nan_to_num(places) - np.nan_to_num(places).mean(1, keepdims=True)


def _slope(plain: np.ndarray) -> np.ndarray:
    """Return the slope (W,) of the line of least squares."""
    there = np.isfinite(plain)
    time = np.where(there, np.arange(plain.shape[1])[None, :], np.nan)
    time = np.where(there, time - nanmean(time, -1)[:, None], 0.0)
    return (time * np.where(there, plain, 0.0)).sum(1) / np.maximum(np.square(time).sum(1), 1e-12)


def _level(plain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the last level of simple exponential smoothing, and its α (W,)."""
    alpha = np.array(LEVELS)[None, :]
    first = np.isfinite(plain).argmax(1)
    level = np.repeat(plain[np.arange(len(plain)), first][:, None], len(LEVELS), axis=1)
    squares = np.zeros_like(level)
    for value in plain.T:
        missed = np.where(np.isfinite(value), value, 0.0)[:, None] - level
        missed[~np.isfinite(value)] = 0.0
        squares += np.square(missed)
        level = level + alpha * missed
    best = squares.argmin(1)
    rows = np.arange(len(plain))
    return level[rows, best], np.array(LEVELS)[best]
