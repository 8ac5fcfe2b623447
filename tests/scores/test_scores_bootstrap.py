"""The bootstrap: draws against their laws, and intervals against simulation."""

import numpy as np
import pytest
from scipy import stats

from gradum.errors import ShapeError
from gradum.scores import bootstrap
from gradum.scores.bootstrap import (
    Resamples,
    intervals,
    paired_difference,
    paired_differences,
    resampled,
)
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome


def rng(seed=0):
    return np.random.default_rng(seed)


def counts_of(resamples):
    return np.concatenate(list(resamples))


def mean_as_score(values):
    """The MAE of predicting 0 for positive values is their mean."""
    return Outcome("regression", values, np.zeros(len(values)))


def hits(correct):
    """An outcome with the given rows predicted correctly, all of one class."""
    probability = np.where(np.asarray(correct, bool)[:, None], [1.0, 0.0], [0.0, 1.0])
    return Outcome("binary", np.zeros(len(correct), int), probability=probability)


KEYS = {
    "rows": {},
    "classes": {"classes": rng(1).integers(0, 3, 100)},
    "groups": {"groups": rng(2).integers(0, 20, 100)},
    "time": {"time": rng(3).permutation(100)},
}


@pytest.mark.parametrize("key", KEYS)
def test_every_pass_draws_the_same_and_every_seed_another(key):
    resamples = Resamples.draw(100, **KEYS[key], rng=rng(7))
    np.testing.assert_array_equal(counts_of(resamples), counts_of(resamples))
    assert counts_of(resamples).shape == (1000, 100)
    assert (counts_of(Resamples.draw(100, **KEYS[key], rng=rng(8))) != counts_of(resamples)).any()


@pytest.mark.parametrize("key", KEYS)
def test_blocks_are_bounded_and_do_not_change_the_draws(key, monkeypatch):
    resamples = Resamples.draw(100, **KEYS[key], rng=rng(7))
    whole = counts_of(resamples)
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 8 * 100 * 7)
    blocks = list(resamples)
    assert max(block.nbytes for block in blocks) == 8 * 100 * 7
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_large_tables_get_fewer_resamples_in_small_blocks():
    resamples = Resamples.draw(200_000, rng=rng())
    assert resamples.count == 200
    assert next(iter(resamples)).nbytes <= 2**22
    assert Resamples.draw(40_000, rng=rng()).count == 500
    assert Resamples.draw(400, rng=rng()).count == 1000


def test_of_n_rows_n_less_one_are_drawn_and_each_as_often():
    counts = counts_of(Resamples.draw(50, count=20_000, rng=rng())) * 49 / 50
    np.testing.assert_allclose(counts.sum(axis=1), 49)
    # How often one row is drawn is Binomial(49, 1/50).
    observed = np.bincount(np.rint(counts[:, 17]).astype(int), minlength=5)[:5]
    expected = 20_000 * stats.binom.pmf(range(5), 49, 1 / 50)
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-4


@pytest.mark.parametrize("times", [1, 5])
def test_shares_of_classes_vary_as_those_of_the_table_and_rows_uniformly_within(times):
    classes = KEYS["classes"]["classes"]
    table = np.tile(classes, times)
    counts = counts_of(Resamples.draw(100, classes=classes, table=table, count=5000, rng=rng()))
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=6 / np.sqrt(5000))
    for code in range(3):
        rows = int((classes == code).sum())
        shares = counts[:, classes == code].sum(axis=1) / 100
        # The share that N = 100 times rows show is Binomial(N, share) / N.
        expected = np.sqrt(rows / 100 * (1 - rows / 100) / (100 * times))
        assert shares.std() == pytest.approx(expected, rel=5 / np.sqrt(2 * 5000))
        within = counts[:, classes == code] / shares[:, None] * (rows - 1) / 100
        drawn = np.rint(within)
        np.testing.assert_allclose(within, drawn, atol=1e-9)
        assert (drawn.sum(axis=1) == rows - 1).all()


def test_groups_are_drawn_whole_and_one_fewer_than_there_are():
    groups = KEYS["groups"]["groups"]
    counts = counts_of(Resamples.draw(100, groups=groups, rng=rng()))
    for group in np.unique(groups):
        of_group = counts[:, groups == group]
        assert (of_group == of_group[:, :1]).all()
    first = [int(np.flatnonzero(groups == group)[0]) for group in np.unique(groups)]
    drawn = counts[:, first] * (len(first) - 1) / len(first)
    np.testing.assert_allclose(drawn, np.rint(drawn), atol=1e-9)
    np.testing.assert_allclose(drawn.sum(axis=1), len(first) - 1)


def test_blocks_of_time_follow_one_another_around_the_circle():
    time = rng(3).permutation(27)
    resamples = Resamples.draw(27, time=time, count=2000, rng=rng())
    counts = counts_of(resamples)[:, np.argsort(time)] * 24 / 27
    np.testing.assert_allclose(counts.sum(axis=1), 24)
    # Eight blocks of 27^(1/3) = 3: each covers one row of every remainder by 3, and has two edges.
    for remainder in range(3):
        np.testing.assert_allclose(counts[:, remainder::3].sum(axis=1), 8)
    edges = np.abs(counts - np.roll(counts, 1, axis=1)).sum(axis=1)
    assert edges.max() <= 16 + 1e-9
    np.testing.assert_allclose(counts.mean(axis=0), 24 / 27, atol=5 / np.sqrt(2000))


def test_standard_error_of_a_mean_is_sigma_over_root_n():
    values = rng(5).exponential(size=400)
    resamples = Resamples.draw(400, count=4000, rng=rng())
    found = intervals(mean_as_score(values), resamples)["mae"]
    assert found.value == pytest.approx(values.mean())
    # The relative error of a standard deviation over 4000 draws is about 1 / sqrt(8000).
    expected = values.std(ddof=1) / 20
    assert found.standard_error == pytest.approx(expected, rel=5 / np.sqrt(8000))


def test_standard_error_by_group_is_that_of_the_groups():
    groups = np.repeat(np.arange(50), 8)
    values = rng(6).exponential(size=50)[groups]
    resamples = Resamples.draw(400, groups=groups, count=4000, rng=rng())
    found = intervals(mean_as_score(values), resamples)["mae"]
    expected = values[::8].std(ddof=1) / np.sqrt(50)
    assert found.standard_error == pytest.approx(expected, rel=5 / np.sqrt(8000))


@pytest.mark.parametrize("times", [1, 5])
def test_standard_error_by_class_is_that_within_classes_and_of_their_shares_in_the_table(times):
    classes = np.repeat([0, 1], [100, 300])
    values = rng(7).exponential(size=400) + 10 * classes
    table = np.tile(classes, times)
    resamples = Resamples.draw(400, classes=classes, table=table, count=4000, rng=rng())
    within = sum(
        (classes == code).mean() ** 2
        * values[classes == code].var(ddof=1)
        / (classes == code).sum()
        for code in (0, 1)
    )
    gap = values[classes == 1].mean() - values[classes == 0].mean()
    expected = np.sqrt(within + gap**2 * 0.25 * 0.75 / (400 * times))
    found = intervals(mean_as_score(values), resamples)["mae"]
    assert found.standard_error == pytest.approx(expected, rel=5 / np.sqrt(8000))


def test_standard_error_in_time_is_that_of_the_circular_blocks():
    noise = rng(8).normal(size=1000)
    values = np.empty(1000)
    values[0] = noise[0]
    for i in range(1, 1000):
        values[i] = 0.8 * values[i - 1] + noise[i]
    values += 100
    time = np.arange(1000)
    usual = Resamples.draw(1000, time=time, count=4000, rng=rng())
    found = intervals(mean_as_score(values), usual)["mae"]
    means = np.array([np.roll(values, -start)[:10].mean() for start in range(1000)])
    expected = means.std() / np.sqrt(99)  # of a hundred blocks, without bias
    assert found.standard_error == pytest.approx(expected, rel=5 / np.sqrt(8000))
    fitting = Resamples.draw(1000, time=time, losses=[values], rng=rng())
    # The long-run variance of this series is (1 / 0.2)², of 1000 rows.
    expected = 5 / np.sqrt(1000)
    assert found.standard_error < 0.9 * expected
    found = intervals(mean_as_score(values), fitting)["mae"]
    assert found.standard_error == pytest.approx(expected, rel=0.2)


def test_several_outcomes_in_one_pass_are_each_alone():
    generator = rng(4)
    target = generator.integers(0, 3, 80)
    outcomes = [
        Outcome(
            "multiclass", target, probability=generator.dirichlet(np.ones(3), 80), weight=weight
        )
        for weight in (None, generator.exponential(size=80))
    ]
    resamples = Resamples.draw(80, classes=target, rng=rng())
    together = resampled(outcomes, resamples)
    for index, outcome in enumerate(outcomes):
        for name, values in resampled([outcome], resamples).items():
            np.testing.assert_array_equal(together[name][index], values[0])
        for name, found in intervals(outcome, resamples).items():
            assert found.value == score(outcome)[name]
            spread = together[name][index].std(ddof=1)
            assert found.standard_error == pytest.approx(spread)
            assert found.low < found.value < found.high


@pytest.mark.parametrize("key", ["classes", "groups", "time", None])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_rows_do_not_crash_or_warn(rows, key):
    codes = {key: np.arange(rows)} if key else {}
    resamples = Resamples.draw(rows, **codes, rng=rng())
    probability = np.full((rows, 2), 0.5)
    classes = Outcome("binary", np.arange(rows), probability=probability)
    values = Outcome("regression", np.arange(rows) * 1.0, np.zeros(rows))
    for outcome in (classes, values):
        for found in intervals(outcome, resamples).values():
            assert np.isnan(found.value) or not found.known


def test_unstratified_resamples_of_one_class_leave_the_area_undefined_not_wrong():
    outcome = Outcome("binary", np.array([0, 0, 1]), probability=np.array([[0.9, 0.1]] * 3))
    resamples = Resamples.draw(3, rng=rng())
    area = resampled([outcome], resamples)["auc"][0]
    # Two of three rows are drawn: both of the first class with 4/9, both of the last with 1/9.
    assert stats.binomtest(int(np.isnan(area).sum()), 1000, 5 / 9).pvalue > 1e-3
    assert set(area[~np.isnan(area)]) == {0.5}


def test_other_numbers_of_rows_are_refused():
    with pytest.raises(ShapeError, match="3 rows, the resamples 4"):
        intervals(hits([1, 1, 0]), Resamples.draw(4, rng=rng()))
    with pytest.raises(ShapeError, match=r"classes have shape \(3,\), the rows \(4,\)"):
        Resamples.draw(4, classes=np.zeros(3), rng=rng())


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
