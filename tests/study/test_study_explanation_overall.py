"""Effects of columns over many rows: sizes, directions, and pairs against their regression."""

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

import gradum
from gradum.study.explanation.explain import Explanations, row_explanation
from gradum.study.explanation.interactions import faith_shap
from gradum.study.explanation.overall import (
    MOST_POINTS,
    mean_sizes,
    mean_sizes_before,
    overall,
    rank_correlation,
)
from gradum.study.explanation.shapley import Shapley
from synthetic import ONCE, task


class Toy:
    """A game whose answers are any function of the coalition and the background row."""

    def __init__(self, value, players, background):
        self.value, self.players, self.background = value, players, background

    def answers(self, coalitions):
        if coalitions.ndim == 2:
            coalitions = np.repeat(coalitions[:, None], self.background, axis=1)
        for start in range(0, len(coalitions), 5):
            stretch = slice(start, min(start + 5, len(coalitions)))
            answers = self.value(coalitions[stretch])
            yield stretch, answers, answers[None]


def coalitions_of(players):
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def by_regression(values, players):
    """E of order 2 by the weighted least squares that defines it; nobody and all are exact."""
    inside = coalitions_of(players)
    pairs = list(combinations(range(players), 2))
    terms = np.column_stack(
        [np.ones(len(inside)), inside, *(inside[:, i] & inside[:, j] for i, j in pairs)]
    ).astype(float)
    size = inside.sum(axis=1)
    inner = (size > 0) & (size < players)
    kernel = np.array([1 / (comb(players, s) * s * (players - s)) for s in size[inner]])
    root = np.sqrt(kernel)[:, None]
    quadratic = terms[inner].T @ (kernel[:, None] * terms[inner])
    linear = (root * terms[inner]).T @ (root[:, 0] * values[inner])
    ends = terms[~inner]
    system = np.block([[quadratic, ends.T], [ends, np.zeros((2, 2))]])
    solved = np.linalg.lstsq(system, np.concatenate([linear, values[~inner]]), rcond=None)[0]
    return solved[1 + players : terms.shape[1]]


@pytest.mark.parametrize("players", [2, 3, 6])
def test_pairs_are_the_coefficients_of_the_regression_over_all_coalitions(players):
    rng = np.random.default_rng(players)
    table = rng.normal(size=(2**players, 3))  # of each coalition, before three background rows
    bits = 1 << np.arange(players)

    def value(coalitions):
        return table[coalitions @ bits, np.arange(3)][..., None]

    found, error = faith_shap(Toy(value, players, 3), np.arange(players), rng)
    expected = np.array([by_regression(column, players) for column in table.T])
    np.testing.assert_allclose(found[:, 0], expected.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(error[:, 0], expected.std(axis=0, ddof=1) / np.sqrt(3), atol=1e-10)


def test_a_known_product_is_found_and_drawn_coalitions_err_as_they_say():
    """v = Σ c x_i + 3 x_0 x_1 + x_0 x_1 x_5: Faith-Shap gives the pair 3 and its part of three."""
    players, rows = 9, 4_000
    weights = np.arange(players)

    def value(s):
        three = s[..., 0] & s[..., 1] & s[..., 5]
        return (s @ weights + 3.0 * (s[..., 0] & s[..., 1]) + three)[..., None]

    exact, _ = faith_shap(Toy(value, players, 1), np.arange(players), np.random.default_rng(0))
    pairs = list(combinations(range(players), 2))
    assert exact[pairs.index((2, 3)), 0] == pytest.approx(0.0, abs=1e-10)
    expected = by_regression(value(coalitions_of(players))[:, 0], players)
    np.testing.assert_allclose(exact[:, 0], expected, atol=1e-9)

    rough, error = faith_shap(Toy(value, players, rows), np.arange(3), np.random.default_rng(1))
    assert error[0, 0] > 0
    assert abs(rough[0, 0] - exact[pairs.index((0, 1)), 0]) < 4 * error[0, 0]
    assert abs(rough[2, 0]) < 1e-10  # of (1, 2), which do nothing together


def test_sizes_hold_what_rows_and_errors_leave_open():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 2, 2))
    rows_only = mean_sizes(values, np.zeros_like(values))[0]
    by_row = np.abs(values[:, 0]).mean(axis=1)
    assert rows_only.value == pytest.approx(by_row.mean())
    half = 2.045229642 * by_row.std(ddof=1) / np.sqrt(30)  # Student's quantile of 29
    assert rows_only.high - rows_only.value == pytest.approx(half, rel=1e-6)
    noisy = mean_sizes(values, np.full_like(values, 0.3))[0]
    assert noisy.high - noisy.value == pytest.approx(np.hypot(half, 1.959963985 * 0.3), rel=1e-6)
    assert not mean_sizes(values[:1], np.zeros((1, 2, 2)))[0].known
    assert not mean_sizes(values, np.full_like(values, np.nan))[0].known


def test_a_size_that_is_nothing_but_noise_reaches_down_to_0():
    rng = np.random.default_rng(3)
    values = 0.1 * rng.normal(size=(400, 1, 1))
    (found,) = mean_sizes(values, np.full_like(values, 0.1))
    assert found.value > 0.07
    assert found.low == 0.0


def test_sizes_before_one_background_hold_the_truth_and_are_no_wider_than_need_be():
    """Of x - z and of x z the mean sizes are known: √(2/π), and 1/π by half of the product."""
    rng = np.random.default_rng(4)
    for behind, truth in ((additive, np.sqrt(2 / np.pi)), (product, 1 / np.pi), (noise, 0.0)):
        held, widths, bounds = [], [], []
        for _ in range(150):
            before = behind(rng.normal(size=(60, 2)), rng.normal(size=(32, 2)), rng)  # (60, 32)
            values = before.mean(axis=1)[:, None, None]
            errors = (before.std(axis=1, ddof=1) / np.sqrt(32))[:, None, None]
            batches = [batch.mean(axis=1) for batch in np.array_split(before, 10, axis=1)]
            batches = np.stack(batches, axis=1)[:, None, :, None]
            (size,) = mean_sizes_before(values, errors, batches)
            (bound,) = mean_sizes(values, errors)
            held.append(size.low <= truth <= size.high)
            widths.append(size.high - size.low)
            bounds.append(bound.high - bound.low)
        assert np.mean(held) >= 0.9
        assert np.mean(widths) < 0.6 * np.mean(bounds)


def additive(rows, background, rng):
    return rows[:, :1] - background[None, :, 0]


def product(rows, background, rng):
    return (rows[:, :1] - background[None, :, 0]) * (rows[:, 1:] + background[None, :, 1]) / 2


def noise(rows, background, rng):
    return rng.normal(size=(len(rows), len(background)))


def made(values, contributions, answers=(None,)):
    """Explanations of which the contributions (n, d, k) are known."""
    n, d, k = contributions.shape
    nothing = np.zeros((d, k))
    parts = [
        Shapley(
            each,
            nothing,
            nothing,
            nothing,
            nothing[0],
            each.sum(0),
            1,
            np.stack([each, each], axis=1),
        )
        for each in contributions
    ]
    players = tuple((name,) for name in values.columns)
    return Explanations(
        "mlp",
        "target" if answers == (None,) else "probability",
        players,
        tuple(values.columns),
        answers,
        np.arange(1, n + 1),
        values,
        tuple(parts),
        values[:50],
    )


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(5)
    n = 1_000
    up, flat = rng.normal(size=(2, n))
    third = rng.normal(size=n)
    absent = rng.random(n) < 0.2
    level = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    down = pl.Series(third).set(pl.Series(absent), None)
    values = pl.DataFrame({"up": up, "flat": flat, "down": down, "level": level})
    phi_down = np.where(absent, 0.0, -third)
    phi = np.stack(
        [5 * up + rng.normal(size=n), np.square(flat), phi_down, np.where(level == "a", 0.5, -0.5)],
        axis=1,
    )
    return values, phi


def test_directions_are_rank_correlations(known):
    values, phi = known
    found = overall(made(values, phi[:, :, None]))
    by_name = {each.column: each for each in found.columns}
    assert found.columns[0].column == "up"
    rising = by_name["up"].direction
    assert rising.tendency == "rises"
    assert rising.correlation.value == pytest.approx(
        spearmanr(values["up"], phi[:, 0]).statistic, abs=1e-6
    )
    assert by_name["flat"].direction.tendency == "neither"
    assert by_name["down"].direction.tendency == "falls"
    assert by_name["down"].ranks.count(None) > 0
    assert by_name["level"].direction is None
    means = {each.level: (each.rows, each.contribution.value) for each in by_name["level"].levels}
    assert list(means) == ["a", "b", "c"]
    assert means["a"] == ((values["level"] == "a").sum(), pytest.approx(0.5))


def normal_pairs(rng, n):
    """Pairs whose rank correlation is 0.6."""
    pearson = 2 * np.sin(0.6 * np.pi / 6)
    x, noise = rng.normal(size=(2, n))
    return x, pearson * x + np.sqrt(1 - pearson**2) * noise


def bowl(rng, n):
    """Pairs without rank correlation that depend on each other."""
    x = rng.normal(size=n)
    return x, np.square(x)


@pytest.mark.parametrize(("pairs", "true"), [(normal_pairs, 0.6), (bowl, 0.0)])
def test_intervals_of_rank_correlations_cover(pairs, true):
    rng, tries, covered = np.random.default_rng(7), 400, 0
    for _ in range(tries):
        x, y = pairs(rng, 60)
        interval = rank_correlation(x, y)
        assert interval.value == pytest.approx(spearmanr(x, y).statistic)
        covered += interval.low <= true <= interval.high
    assert 0.91 <= covered / tries <= 0.98


def test_a_rank_correlation_of_ties_is_the_same_and_of_an_order_is_sure():
    x = np.repeat([1.0, 2.0, 3.0], 10)
    y = np.tile([1.0, 2.0, 2.0, 4.0, 5.0], 6) + x
    assert rank_correlation(x, y).value == pytest.approx(spearmanr(x, y).statistic)
    sure = rank_correlation(np.arange(20.0), np.arange(20.0) ** 3)
    assert (sure.low, sure.high) == (1.0, 1.0)


def test_points_are_thinned_but_keep_their_distribution(known):
    values, phi = known
    column = overall(made(values, phi[:, :, None])).columns[0]
    assert len(column.contributions) == MOST_POINTS
    assert column.contributions[0] == pytest.approx(phi[:, 0].min(), abs=1e-4)
    assert column.contributions[-1] == pytest.approx(phi[:, 0].max(), abs=1e-4)
    np.testing.assert_allclose(
        np.quantile(column.contributions, [0.1, 0.5, 0.9]),
        np.quantile(phi[:, 0], [0.1, 0.5, 0.9]),
        atol=0.25,
    )


def test_rounding_makes_no_direction(known):
    values, phi = known
    noise = 1e-12 * values["flat"].to_numpy()
    phi = phi.copy()
    phi[:, 1] = noise
    columns = {each.column: each for each in overall(made(values, phi[:, :, None])).columns}
    assert columns["flat"].direction is None


def test_of_two_classes_the_second_has_directions(known):
    values, phi = known
    both = np.stack([-phi, phi], axis=2)
    found = overall(made(values, both, ("no", "yes")))
    assert found.answer == "yes"
    assert overall(made(values, both, ("no", "yes")), 0).columns[0].direction.tendency == "falls"


def test_a_row_names_its_likeliest_class(known):
    values, phi = known
    found = made(values.head(1), np.stack([-phi[:1], phi[:1]], axis=2), ("no", "yes"))
    (part,) = found.parts
    sure = replace(found, parts=(replace(part, output=np.array([0.8, 0.2])),))
    row = row_explanation(sure, 0)
    assert (row.answer, row.output) == ("no", 0.8)
    assert abs(row.contributions[0].contribution) == np.abs(phi[0]).max()


@pytest.fixture(scope="module")
def classified():
    return gradum.fit(task("label", 240), "label", model="linear", learning_curve=False, **ONCE)


def test_many_rows_are_summed_up_and_pairs_found(classified):
    found = classified.explain(task("label", 40), background=task("label", 8))
    assert "up as its value rises" in found.summary()
    whole = found.overall()
    sizes = [each.size.value for each in whole.columns]
    assert sizes == sorted(sizes, reverse=True)
    frame = found.frame.filter(pl.col("class") == "yes", pl.col("column") == "size")
    by_name = {each.column: each.size.value for each in whole.columns}
    assert by_name["size"] == pytest.approx(frame["value"].abs().mean(), rel=1e-6)
    pairs = found.interactions()
    assert (pairs.tried, pairs.rows, pairs.exact) == (10, 40, True)
    assert pairs.frame.columns == ["column", "other", "size", "low", "high"]
    assert pairs.frame["size"].to_list() == [each.size.value for each in pairs.pairs]
    assert whole.frame["column"].to_list() == [each.column for each in whole.columns]
    assert whole.frame.schema == overall(found.found.take([0])).frame.schema  # without bounds
    size = next(each for each in found.overall("no").columns if each.column == "size")
    assert size.direction.tendency == "falls"
    with pytest.raises(gradum.errors.SpecError, match="no answer 'maybe'"):
        found.overall("maybe")
    with pytest.raises(gradum.errors.SpecError, match="no rows"):
        classified.explain(task("label", 9), rows=[]).overall()
