"""Thresholds that follow time: the rate of misses against adversaries, and what thresholds know."""

import numpy as np
import pytest

from gradum.run.intervals.conformal.adaptive import (
    SCALE_OF_CLASSES,
    SCALE_OF_NUMBERS,
    STEPS,
    Tracker,
    quantile_loss,
)

LOWEST, HIGHEST, TIMES = -2.0, 3.0, 4_000


def rate_bound(step, times):
    """How far the rate of misses may lie from α, by the proposition: (b − a + η) / (η T)."""
    return (HIGHEST - LOWEST + step) / (step * times)


def against(adversary, tracker, times=TIMES):
    """Let an adversary choose each score with the threshold before its eyes: scores (T,)."""
    threshold, scores = tracker.threshold, []
    for moment in range(times):
        score = adversary(moment, threshold)
        scores.append(score)
        threshold += tracker.step * ((score > threshold) - tracker.miscoverage)
    return np.array(scores)


def always_above(moment, threshold):
    return min(threshold + 1e-6, HIGHEST)


def always_below(moment, threshold):
    return max(threshold - 1e-6, LOWEST)


def highest_then_lowest(moment, threshold):
    return HIGHEST if moment < TIMES / 2 else LOWEST


def in_waves(moment, threshold):
    return HIGHEST if moment % 97 < 40 else LOWEST


def by_chance(moment, threshold):
    return np.random.default_rng(moment).uniform(LOWEST, HIGHEST)


@pytest.mark.parametrize("miscoverage", [0.05, 0.1, 0.5])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "adversary", [always_above, always_below, highest_then_lowest, in_waves, by_chance]
)
def test_no_adversary_moves_the_rate_further_than_the_theorem_says(adversary, step, miscoverage):
    tracker = Tracker(0.5, miscoverage, step)
    scores = against(adversary, tracker)
    followed = tracker.follow(scores, np.arange(TIMES))
    for times in (100, 1_000, TIMES):
        rate = np.mean(scores[:times] > followed.thresholds[:times])
        assert abs(rate - miscoverage) <= rate_bound(step, times) + 1e-9
    moved = (followed.last - tracker.threshold) / (step * TIMES)
    assert np.mean(scores > followed.thresholds) - miscoverage == pytest.approx(moved, abs=1e-9)


def test_the_rate_is_kept_while_the_scores_grow_a_hundredfold():
    rng = np.random.default_rng(0)
    sizes = np.abs(rng.normal(size=20_000)) * np.geomspace(1, 100, 20_000)
    scores, time = SCALE_OF_NUMBERS.onto(sizes), np.arange(20_000)
    tracker = Tracker.warmed_up(scores[:1_000], time[:1_000], 0.1)
    followed = tracker.follow(scores[1_000:], time[1_000:])
    assert np.mean(scores[1_000:] > followed.thresholds) == pytest.approx(0.1, abs=0.005)
    fixed = np.quantile(scores[:1_000], 0.9)
    assert np.mean(scores[1_000:] > fixed) > 0.5


@pytest.fixture
def days():
    """Scores of 300 rows on 40 days, out of order, a fifth of them unknown."""
    rng = np.random.default_rng(1)
    time = rng.integers(0, 40, 300)
    scores = np.where(rng.random(300) < 0.2, np.nan, rng.normal(size=300))
    return scores, time


def test_the_thresholds_are_those_of_the_definition(days):
    scores, time = days
    scores = np.where(time == 7, np.nan, scores)  # a day without any outcome
    tracker = Tracker(1.0, 0.1, 0.05)
    followed = tracker.follow(scores, time)
    threshold = 1.0
    for day in range(40):
        on_day = scores[time == day]
        assert followed.thresholds[time == day] == pytest.approx(threshold)
        known = on_day[~np.isnan(on_day)]
        if len(known):
            threshold = threshold + 0.05 * (np.mean(known > threshold) - 0.1)
    assert followed.last == pytest.approx(threshold)


def test_no_row_learns_of_its_own_time_or_of_a_later_one(days):
    scores, time = days
    tracker = Tracker(1.0, 0.1, 0.05)
    before = tracker.follow(scores, time).thresholds
    changed = np.where(time >= 20, scores + 100.0, scores)
    after = tracker.follow(changed, time).thresholds
    assert np.array_equal(before[time <= 20], after[time <= 20])
    assert not np.isclose(before[time == 21], after[time == 21]).any()


def test_the_order_of_the_rows_and_the_type_of_time_do_not_matter(days):
    scores, time = days
    tracker = Tracker(1.0, 0.1, 0.05)
    expected = tracker.follow(scores, time)
    shuffled = np.random.default_rng(2).permutation(300)
    dates = np.datetime64("2026-01-01") + time.astype("timedelta64[D]")
    other = tracker.follow(scores[shuffled], time[shuffled])
    assert np.allclose(other.thresholds, expected.thresholds[shuffled])
    assert np.array_equal(tracker.follow(scores, dates).thresholds, expected.thresholds)


def test_without_rows_or_outcomes_the_threshold_stays():
    tracker = Tracker(1.0, 0.1, 0.05)
    assert tracker.follow(np.array([]), np.array([])).last == 1.0
    unknown = tracker.follow(np.full(3, np.nan), np.arange(3))
    assert unknown.last == 1.0
    assert np.array_equal(unknown.thresholds, np.full(3, 1.0))


def test_a_calm_sequence_gets_a_small_step_and_a_rising_one_a_large_step():
    rng, time = np.random.default_rng(3), np.arange(2_000)
    calm = rng.normal(size=2_000)
    assert Tracker.warmed_up(calm, time, 0.1).step == STEPS[0]
    assert Tracker.warmed_up(calm + 0.02 * time, time, 0.1).step == STEPS[-1]


def test_one_judged_row_is_enough_to_begin():
    assert np.isfinite(Tracker.warmed_up(np.array([0.3]), np.array([5]), 0.1).threshold)


def test_the_quantile_loss_is_least_at_the_quantile():
    scores = np.arange(1.0, 101.0)
    losses = [quantile_loss(scores, np.full(100, float(at)), 0.1) for at in range(1, 101)]
    assert np.argmin(losses) + 1 in (90, 91)
    assert quantile_loss(np.array([3.0]), np.array([1.0]), 0.1) == pytest.approx(1.8)


def test_the_scales_are_monotone_and_lead_back():
    score = np.array([0.0, 1e-9, 0.2, 0.5, 0.999, 1.0])
    odds = SCALE_OF_CLASSES.onto(score)
    assert np.all(np.diff(odds) > 0)
    assert odds[2:4] == pytest.approx([np.log(0.2 / 0.8), 0.0])
    assert SCALE_OF_CLASSES.back(odds) == pytest.approx(score, abs=1e-15)
    sizes = np.array([0.0, 1e-9, 1.0, 1e9])
    assert np.all(np.isfinite(SCALE_OF_NUMBERS.onto(sizes)))
    assert SCALE_OF_NUMBERS.back(SCALE_OF_NUMBERS.onto(sizes)) == pytest.approx(sizes)
