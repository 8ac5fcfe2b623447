"""Bands of forecasts on errors of known laws."""

import numpy as np
import pytest

from gradum.run.intervals.conformal.forecast_errors import ForecastBand, ForecastErrors

HORIZON = 4


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def errors_of(values):
    """Return errors (S, O, H) of S series from O successive origins."""
    series, origin, step = np.indices(values.shape)
    columns = (values, series, origin, step + 1)
    return ForecastErrors(*(column.reshape(-1) for column in columns))


def band_of(values, horizon=HORIZON):
    return ForecastBand.of(errors_of(values), horizon, len(values))


def widths(band, series, horizon=HORIZON, **given):
    """Return the width at each step of a series."""
    steps = np.arange(1, horizon + 1)
    return np.ptp(band.ends(np.full(horizon, series), steps, 0.9, **given), axis=1)


def normal(rng, series, origins, size=1.0):
    return size * rng.normal(size=(series, origins, HORIZON))


def test_many_errors_give_the_quantiles_of_their_law(rng):
    values = normal(rng, 4, 2000) * np.arange(1, HORIZON + 1)
    steps = np.arange(1, HORIZON + 1)
    assert widths(band_of(values), 0) / steps == pytest.approx(2 * 1.645, rel=0.25)


@pytest.mark.parametrize("walking", [False, True])
def test_few_origins_of_one_series_hold(rng, walking):
    """Ten origins, whose errors share shocks if they are less than a horizon apart."""
    held, origins, draws = [], 10, 300
    for _ in range(draws):
        shocks = rng.normal(size=origins + 2 * HORIZON)
        ahead = np.lib.stride_tricks.sliding_window_view(shocks, HORIZON)
        ahead = ahead.cumsum(1) if walking else ahead
        low, high = band_of(ahead[None, :origins]).ends(*STEPS, 0.9).T
        held.append((low <= ahead[origins + HORIZON]) & (ahead[origins + HORIZON] <= high))
    assert 0.87 < np.mean(held) < 0.97


STEPS = np.zeros(HORIZON, int), np.arange(1, HORIZON + 1)


def test_a_series_that_is_missed_to_one_side_has_a_band_there(rng):
    values = normal(rng, 3, 60)
    values[1] += 2.0
    ends = [band_of(values).ends(np.full(1, series), np.ones(1, int), 0.9)[0] for series in (0, 1)]
    assert ends[0].mean() == pytest.approx(0, abs=0.5)
    assert ends[1].mean() > 1
    assert ends[1][0] <= 0


def test_errors_that_grow_at_the_end_widen_a_band_more_than_those_long_ago(rng):
    late, early = normal(rng, 3, 60), normal(rng, 3, 60)
    late[:, -15:] *= 3
    early[:, :15] *= 3
    assert widths(band_of(late), 0).mean() > 1.2 * widths(band_of(early), 0).mean()


def test_series_that_are_missed_together_are_as_good_as_one(rng):
    one, own = normal(rng, 1, 12), normal(rng, 20, 12)
    alike = np.repeat(one, 20, 0)
    assert band_of(alike).independent == pytest.approx(band_of(one).independent, rel=0.01)
    assert band_of(own).independent > 3 * band_of(one).independent


def test_a_new_series_is_as_unsure_as_one_that_nothing_is_known_of(rng):
    values = normal(rng, 12, 80) * np.geomspace(0.2, 5, 12)[:, None, None]
    band = band_of(values)
    usual = np.median([widths(band, series).mean() for series in range(12)])
    known = widths(band, -1)
    assert known.mean() > 1.5 * usual
    assert (widths(band, -1, changes=np.full(HORIZON, 3)) > 1.3 * known).all()
    unseen = ForecastBand.of(errors_of(values), HORIZON, 13)
    assert widths(unseen, 12) == pytest.approx(known)


def test_steps_from_which_nothing_was_judged_grow_as_a_walk_does(rng):
    found = widths(band_of(normal(rng, 2, 30), horizon=16), 0, horizon=16)
    assert found[15] / found[3] == pytest.approx(2.0)


def test_a_forecast_without_an_error_is_within_its_band():
    band = band_of(np.zeros((2, 9, HORIZON)))
    assert np.isfinite(band.ends(*STEPS, 0.9)).all()
    assert band.ends(*STEPS, 0.9) == pytest.approx(0, abs=1e-9)


def test_the_order_of_errors_does_not_matter(rng):
    errors = errors_of(normal(rng, 2, 20))
    mixed = errors.take(rng.permutation(len(errors)))
    bands = [ForecastBand.of(each, HORIZON, 2) for each in (errors, mixed)]
    assert widths(bands[0], 1) == pytest.approx(widths(bands[1], 1))
