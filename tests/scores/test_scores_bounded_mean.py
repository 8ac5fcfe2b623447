"""Intervals for means of bounded numbers hold as often as they say, on simulated ones."""

import numpy as np
import pytest
from scipy.stats import beta

from gradum.scores.bounded_mean import bounded_mean

DRAWS = 100


def laws():
    """Laws on [0, 1] with their means, as most returns are: at an end, rare failures, a spread."""
    return {
        "rare failures": (lambda rng, n: (rng.random(n) > 0.03).astype(float), 0.97),
        "rare, half": (lambda rng, n: np.where(rng.random(n) < 0.02, 0.5, 1.0), 0.99),
        "a coin": (lambda rng, n: (rng.random(n) < 0.5).astype(float), 0.5),
        "narrow": (lambda rng, n: rng.beta(60, 40, n), 0.6),
        "a long tail": (lambda rng, n: rng.beta(0.2, 4, n), 0.2 / 4.2),
    }


@pytest.mark.parametrize("name", laws())
def test_intervals_hold_the_mean_at_least_as_often_as_they_say(name):
    draw, mean = laws()[name]
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(DRAWS):
        found = bounded_mean(draw(rng, 100), 0.0, 1.0)
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0
        held += found.low <= mean <= found.high
    assert held >= 0.95 * DRAWS - 2 * np.sqrt(0.05 * 0.95 * DRAWS)


def test_equal_returns_leave_room_for_what_a_hundred_episodes_may_have_missed():
    found = bounded_mean(np.full(100, 500.0), 0.0, 500.0)
    exact = 500 * 0.025 ** (1 / 100)  # of Clopper and Pearson, for 100 of 100
    assert 475 < found.low < exact
    assert (found.value, found.high) == (500.0, 500.0)
    least = bounded_mean(np.full(100, -200.0), -200.0, 0.0)
    assert (least.low, least.value) == (-200.0, -200.0)
    assert -200 < least.high < -185


def test_of_yes_and_no_it_is_never_narrower_than_the_exact_interval_and_not_twice_as_wide():
    for count in (50, 80, 95, 99):
        values = np.repeat([1.0, 0.0], [count, 100 - count])
        exact = beta.ppf(0.025, count, 101 - count), beta.ppf(0.975, count + 1, 100 - count)
        found = bounded_mean(values, 0.0, 1.0)
        assert found.low <= exact[0] + 1e-9
        assert found.high >= exact[1] - 1e-9
        assert found.high - found.low < 1.75 * (exact[1] - exact[0])


def test_units_only_move_and_stretch_it():
    values = np.random.default_rng(2).random(50)
    one, other = bounded_mean(values, 0.0, 1.0), bounded_mean(5 * values - 3, -3.0, 2.0)
    np.testing.assert_allclose([other.low, other.high], [5 * one.low - 3, 5 * one.high - 3])
