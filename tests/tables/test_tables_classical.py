"""Classical forecasts: held against recursions by hand, and against the future."""

import datetime as dt
from itertools import product

import numpy as np
import polars as pl
import pytest

from gradum.run.forecast.learned_series import series_rows
from gradum.tables.forecast.classical.forecasts import Segments, drift
from gradum.tables.forecast.classical.smoothing import FADING, LEVELS, SEASONS, TRENDS, smoothed
from gradum.tables.forecast.classical.theta import LEVELS as THETA_LEVELS
from gradum.tables.forecast.classical.theta import theta
from gradum.tables.forecast.pairs import Windows
from gradum.tables.schema.schema import Overrides
from gradum.tables.table import Table

SEASON, HORIZON = 4, 6


def series(length, seed=0, *, positive=True):
    rng = np.random.default_rng(seed)
    level = 50 + np.cumsum(rng.normal(0.2, 1, length))
    values = level * (1 + 0.2 * np.sin(2 * np.pi * np.arange(length) / SEASON))
    return values + rng.normal(0, 1, length) - (0 if positive else 60)


def begun(values, multiplies):
    """Return level and trend before the first value, and the places of two seasons' means."""
    rise = (values[SEASON : 2 * SEASON].mean() - values[:SEASON].mean()) / SEASON
    level = values[:SEASON].mean() - rise * (SEASON + 1) / 2
    line = level + rise * np.arange(1, 2 * SEASON + 1)
    away = values[: 2 * SEASON] / line if multiplies else values[: 2 * SEASON] - line
    return level, rise, away.reshape(2, SEASON).mean(0)


def smoothed_by_hand(values, alpha, beta, phi, gamma, multiplies):
    """Return the forecasts and −2 log L of errors that add and that multiply."""
    level, trend, places = begun(values, multiplies)
    if beta == 0:
        level, trend = values[:SEASON].mean(), 0.0
    if gamma == 0:
        places = np.zeros(SEASON)
    errors, answers = [], []
    for t, value in enumerate(values):
        base, place = level + phi * trend, places[t % SEASON]
        answer = base * place if multiplies else base + place
        if t >= SEASON:
            errors.append(value - answer)
            answers.append(answer)
        of_level = (value - answer) / place if multiplies else value - answer
        of_place = (value - answer) / base if multiplies else value - answer
        level, trend = base + alpha * of_level, phi * trend + alpha * beta * of_level
        places[t % SEASON] = place + gamma * of_place
    n, errors, answers = len(errors), np.array(errors), np.array(answers)
    likely = [n * np.log(np.sum(errors**2))]
    if (values > 0).all() and (answers > 0).all():
        relative = n * np.log(np.sum((errors / answers) ** 2)) + 2 * np.log(answers).sum()
        likely.append(relative)
    ahead = [
        (
            level + sum(phi**i for i in range(1, h + 1)) * trend,
            places[(len(values) - 1 + h) % SEASON],
        )
        for h in range(1, HORIZON + 1)
    ]
    return [a * b if multiplies else a + b for a, b in ahead], min(likely), n


@pytest.mark.parametrize("positive", [True, False])
def test_smoothing_takes_the_setting_of_the_least_aicc(positive):
    values = series(40, positive=positive)
    found = []
    trends = [(0, 1, 0), *product(TRENDS, [1], [2]), *product(TRENDS, FADING, [3])]
    for alpha, (beta, phi, more), gamma in product(LEVELS, trends, (0, *SEASONS)):
        for multiplies in (False, True) if gamma and positive else (False,):
            answer, likely, n = smoothed_by_hand(values, alpha, beta, phi, gamma, multiplies)
            k = 3 + more + (SEASON + 1 if gamma else 0)
            found.append((likely + 2 * k + 2 * k * (k + 1) / (n - k - 1), answer))
    _, expected = min(found, key=lambda each: each[0])
    given = smoothed(values[None], SEASON, HORIZON, np.array([0]), np.array([39]))
    np.testing.assert_allclose(given[0], expected, rtol=1e-9)


def theta_by_hand(values):
    """Return the Theta forecasts of a seasonal series whose values are above 0."""
    n = len(values)
    weights = np.array([0.5, *[1] * (SEASON - 1), 0.5]) / SEASON
    centred = np.convolve(values, weights, "valid")
    ratios = values[SEASON // 2 : n - SEASON // 2] / centred
    by_place = [ratios[(np.arange(len(ratios)) + SEASON // 2) % SEASON == p] for p in range(SEASON)]
    places = np.array([each.mean() for each in by_place])
    places /= places.mean()
    plain = values / places[np.arange(n) % SEASON]
    slope = np.polyfit(np.arange(n), plain, 1)[0]
    fits = []
    for alpha in THETA_LEVELS:
        level, squares = plain[0], 0.0
        for value in plain:
            squares += (value - level) ** 2
            level += alpha * (value - level)
        fits.append((squares, alpha, level))
    _, alpha, level = min(fits)
    return [
        (level + slope / 2 * (h - 1 + (1 - (1 - alpha) ** n) / alpha))
        * places[(n - 1 + h) % SEASON]
        for h in range(1, HORIZON + 1)
    ]


@pytest.mark.parametrize("length", [40, 41, 43])
def test_theta_is_its_formula(length):
    values = series(length, seed=1)
    given = theta(values[None], SEASON, HORIZON, np.array([0]), np.array([length - 1]))
    np.testing.assert_allclose(given[0], theta_by_hand(values), rtol=1e-9)


def test_theta_without_a_season_is_smoothing_with_half_the_drift():
    values = np.cumsum(np.random.default_rng(2).normal(0.3, 1, 60))
    given = theta(values[None], 1, 2, np.array([0]), np.array([59]))[0]
    slope = np.polyfit(np.arange(60), values, 1)[0]
    assert given[1] - given[0] == pytest.approx(slope / 2)


def test_drift_is_the_line_through_the_ends():
    values = np.array([[np.nan, 2.0, 9.0, 4.0, 100.0]])
    np.testing.assert_allclose(drift(values, 2, np.array([0]), np.array([3])), [[5.0, 6.0]])


@pytest.mark.parametrize("rung", ["drift", "smoothing", "theta"])
def test_a_missing_value_yields_a_forecast_all_the_same(rung):
    values = np.stack([series(60), series(60, seed=1)])
    holes = values.copy()
    holes[:, [20, 31, 32, 33]] = np.nan
    series_at, origins = np.array([0, 1]), np.array([59, 59])
    whole, missing = (
        Segments.of(each, 0, SEASON, series_at, origins).forecast(rung, SEASON, HORIZON)
        for each in (values, holes)
    )
    assert np.isfinite(missing).all()
    assert np.abs(missing / whole - 1).max() < 0.1


@pytest.mark.parametrize("rung", ["drift", "smoothing", "theta"])
@pytest.mark.parametrize("values", [1e-150, 1e150, 0.0, -3.0])
def test_series_of_any_size_yield_finite_forecasts(rung, values):
    given = np.full((1, 40), values)
    given[0, 7] *= 2
    at = Segments.of(given, 0, SEASON, np.array([0]), np.array([39]))
    assert np.isfinite(at.forecast(rung, SEASON, HORIZON)).all()


def panel(days=400, stores=3):
    rng = np.random.default_rng(0)
    stamps = [dt.date(2023, 1, 1) + dt.timedelta(days=day) for day in range(days)]
    sold = 20 + 5 * np.sin(2 * np.pi * np.arange(days) / 7) + rng.normal(0, 1, (stores, days))
    return pl.DataFrame(
        {
            "day": stamps * stores,
            "store": [f"s{store}" for store in range(stores) for _ in range(days)],
            "sold": sold.reshape(-1),
        }
    )


def rows_of(frame, horizon=5):
    given = Table(frame, "sales.csv")
    return series_rows(given, "sold", horizon, series=("store",), overrides=Overrides(time="day"))


def test_the_future_changes_no_input():
    learned = rows_of(panel())
    known, history = learned.schema.forecast, learned.history
    cut = history.first + 250
    later = history.until(cut).then(history.since(cut + 1))  # the same panel, in new memory
    later.values[0, :, 251:] = np.random.default_rng(1).normal(1e6, 1e5, (3, 149))
    names = set(known.classical_columns.values())
    assert len(names) == 3
    for origin in (cut - 100, cut):
        at = np.arange(3), np.full(3, origin)
        before, after = (Windows(each, known, *at).frame() for each in (history, later))
        assert names < set(before.columns)
        assert before.drop("sold").equals(after.drop("sold"))
        assert not before["sold"].equals(after["sold"]) or origin < cut


@pytest.mark.slow
def test_what_a_model_keeps_yields_the_same_inputs():
    days = 3200  # more than the means of four years reach
    learned = rows_of(panel(days, stores=2))
    known, history = learned.schema.forecast, learned.history
    kept = history.latest(known)
    assert kept.values.shape[2] < history.values.shape[2]
    whole, later = (Windows.last(each, known).frame() for each in (history, kept))
    assert whole.equals(later)
