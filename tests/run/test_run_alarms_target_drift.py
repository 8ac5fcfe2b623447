"""The alarm of drift: a target's level that moves over time, and moves too small to count."""

import numpy as np
import polars as pl
import pytest
from alarm_tables import planned
from scipy.signal import lfilter

from gradum.run.alarms.target_drift import drift
from gradum.scores.figures import figure
from gradum.tables.split import Part


def table(y, seed=0):
    """Rows in time, and then shuffled."""
    rng = np.random.default_rng(seed + 1000)
    frame = pl.DataFrame({"t": np.arange(len(y)), "x": rng.normal(size=len(y)), "y": y})
    return frame.sample(fraction=1.0, shuffle=True, seed=seed)


def alarms(y, seed=0, **options):
    return drift(*planned(table(y, seed), "y", seed=seed, **options))


def wandering(memory, rows, rng):
    """A stationary series whose neighbours are correlated."""
    return lfilter([1], [1, -memory], rng.normal(size=rows + 1000))[1000:]


@pytest.mark.parametrize("folds", [0, 4])
def test_a_level_that_has_moved_is_found_and_both_values_named(folds):
    rng = np.random.default_rng(0)
    y = 50 + rng.normal(0, 4, 2000) + np.where(np.arange(2000) < 1600, 0, 2.5)
    dataset, plan = planned(table(y), "y", time="t", folds=folds)
    (alarm,) = drift(dataset, plan)
    parts = plan.folds[-1] if folds else plan.kept
    judged = parts == Part.TEST
    assert f"'y' is {figure(dataset.target[judged].mean())} on average" in alarm.sentence
    assert f"{figure(dataset.target[~judged].mean())} (with a deviation" in alarm.sentence
    assert (alarm.kind, alarm.columns) == ("drift", ("y",))


def test_levels_that_read_alike_in_three_digits_are_written_with_more():
    rng = np.random.default_rng(0)
    y = 101_325 + rng.normal(0, 4, 2000) + np.where(np.arange(2000) < 1600, 0, 5)
    (alarm,) = alarms(y, time="t")
    before, after = (np.mean(y[rows]) for rows in (slice(1600), slice(1600, None)))
    assert f"is {after:,.0f} on average in the judged rows, {before:,.0f} (" in alarm.sentence


def test_a_share_that_has_moved_is_found_and_both_shares_named():
    late = np.arange(2000) >= 1600
    y = np.where(np.random.default_rng(0).random(2000) < np.where(late, 0.32, 0.2), "yes", "no")
    (alarm,) = alarms(y, time="t")
    before, after = (np.mean(y[rows] == "yes") for rows in (~late, late))
    assert f"'y' is 'yes' in {100 * after:.3g}% of the judged rows" in alarm.sentence
    assert f"{100 * before:.3g}% in the rows trained on" in alarm.sentence


def test_a_steady_trend_is_found():
    rng = np.random.default_rng(0)
    (alarm,) = alarms(np.linspace(0, 2, 1500) + rng.normal(size=1500), time="t")
    assert alarm.kind == "drift"


def test_without_time_there_is_no_drift():
    y = np.where(np.arange(2000) < 1600, 0.0, 3.0) + np.random.default_rng(0).normal(size=2000)
    assert alarms(y, drop=("t",)) == ()


def test_what_is_small_is_no_drift_however_sure():
    rng = np.random.default_rng(0)
    late = np.arange(60_000) >= 48_000
    assert alarms(rng.normal(size=60_000) + 0.15 * late, time="t") == ()
    shares = np.where(late, 0.5, 0.45)
    assert alarms(np.where(rng.random(60_000) < shares, "a", "b"), time="t") == ()


@pytest.mark.slow
@pytest.mark.parametrize(("memory", "rows"), [(0.0, 60), (0.5, 300), (0.9, 1000), (0.95, 2000)])
def test_a_stationary_series_raises_an_alarm_in_few_seeds(memory, rows):
    """t ≥ 3.5 with some 20 degrees of freedom has a chance of 1 in 500; memory adds a little."""
    found = 0
    for seed in range(40):
        y = wandering(memory, rows, np.random.default_rng(seed))
        found += bool(alarms(y, seed, time="t"))
        found += bool(alarms(np.where(y > 0, "up", "down"), seed, time="t"))
    assert found <= 3


def test_small_tables_are_looked_at_without_harm():
    for rows in (20, 40, 100):
        for seed in range(5):
            assert alarms(np.random.default_rng(seed).normal(size=rows), seed, time="t") == ()


def test_weights_count():
    """Rows of weight near 0 do not move the level."""
    rng = np.random.default_rng(0)
    late = np.arange(2000) >= 1600
    outlying = late & (rng.random(2000) < 0.3)
    y = rng.normal(size=2000) + 4.0 * outlying
    frame = table(y).with_columns(w=pl.lit(1.0))
    assert len(drift(*planned(frame, "y", time="t", weight="w"))) == 1
    light = frame.with_columns(w=pl.Series(np.where(outlying, 1e-6, 1.0)[frame["t"].to_numpy()]))
    assert drift(*planned(light, "y", time="t", weight="w")) == ()
