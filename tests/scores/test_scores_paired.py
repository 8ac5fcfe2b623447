import numpy as np
import pytest
from scipy import stats

from gradum.scores.bootstrap import Resamples, intervals, resampled
from gradum.scores.outcome import Outcome
from gradum.scores.paired import paired_difference, paired_differences


def rng(seed=0):
    return np.random.default_rng(seed)


TARGET = rng(0).normal(size=300) * 10
HARD = rng(1).normal(size=300) * 5  # what no model knows
A = Outcome("regression", TARGET, TARGET + HARD + rng(2).normal(size=300) * 0.3)
B = Outcome("regression", TARGET, TARGET + HARD + 0.1)
RESAMPLES = Resamples.draw(300, count=4000, rng=rng(3))


def test_the_difference_of_a_model_from_itself_is_nothing():
    found = paired_difference(A, A, "rmse", RESAMPLES)
    assert (found.value, found.low, found.high, found.standard_error) == (0, 0, 0, 0)


def test_the_standard_error_is_that_of_the_difference_of_each_row():
    """The mean of n differences d has the standard error std(d) / √n."""
    difference = np.abs(A.target - A.prediction) - np.abs(B.target - B.prediction)
    found = paired_difference(A, B, "mae", RESAMPLES)
    assert found.value == pytest.approx(difference.mean())
    expected = difference.std() / np.sqrt(300)
    assert found.standard_error == pytest.approx(expected, rel=5 / np.sqrt(8000))


def test_a_difference_of_roots_is_as_unsure_as_that_of_the_squares():
    """Rows of a group that err alike: the roots move together, the squares tell how far."""
    error = np.repeat([2.0, 1.8, 2.3, 1.9, 2.1], 10)
    groups = np.repeat(np.arange(5), 10)
    low, high = (Outcome("regression", error, np.full(50, guess)) for guess in (-0.5, 0.5))
    resamples = Resamples.draw(50, groups=groups, count=4000, rng=rng(4))
    found = paired_difference(low, high, "rmse", resamples)
    roots = [np.sqrt(np.mean((error - guess) ** 2)) for guess in (-0.5, 0.5)]
    squares = (error[::10] + 0.5) ** 2 - (error[::10] - 0.5) ** 2
    assert found.value == pytest.approx(roots[0] - roots[1])
    expected = squares.std(ddof=1) / np.sqrt(5) / sum(roots)
    assert found.standard_error == pytest.approx(expected, rel=0.05)


def test_pairs_are_far_surer_than_intervals_side_by_side():
    alone = intervals(A, RESAMPLES)["mae"]
    pair = paired_difference(A, B, "mae", RESAMPLES)
    assert pair.high - pair.low < (alone.high - alone.low) / 5


def test_it_is_antisymmetric_and_taken_on_the_same_draws():
    forth, back = paired_difference(A, B, "r2", RESAMPLES), paired_difference(B, A, "r2", RESAMPLES)
    assert (forth.value, forth.low, forth.high) == pytest.approx(
        (-back.value, -back.high, -back.low), rel=1e-9
    )
    a, b = (resampled([each], RESAMPLES)["r2"][0] for each in (A, B))
    assert forth.standard_error == pytest.approx((a - b).std(ddof=1), rel=1e-9)


def test_many_at_once_are_each_alone():
    together = paired_differences([A, B], B, "rmse", RESAMPLES)
    assert together[0] == paired_difference(A, B, "rmse", RESAMPLES)
    assert together[1].value == together[1].high == 0


def test_equal_models_are_told_apart_as_rarely_as_promised():
    """400 samples of two models off by the same amount to either side, against the binomial law."""
    generator, samples, rows = rng(8), 400, 60
    apart = 0
    for _ in range(samples):
        error = generator.normal(size=rows)
        low, high = (Outcome("regression", error, np.full(rows, guess)) for guess in (-0.5, 0.5))
        resamples = Resamples.draw(rows, count=200, rng=generator)
        found = paired_difference(low, high, "rmse", resamples)
        apart += found.low > 0 or found.high < 0
    # One run in ten thousand would have more, and one fewer, of what is told apart in 5%.
    law = stats.binom(samples, 0.05)
    assert law.ppf(1e-4) <= apart <= law.ppf(1 - 1e-4)
