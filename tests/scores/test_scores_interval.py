"""Intervals against closed forms, and how often they hold against what chance allows."""

import msgspec
import numpy as np
import pytest
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from gradum.scores.bootstrap import Resamples, intervals, sampled, scheme_basis
from gradum.scores.interval import (
    Basis,
    Interval,
    Sampled,
    interval,
    of_size,
    student,
    wilson,
    with_unknown_bounds,
)
from gradum.scores.metrics import METRICS
from gradum.scores.of_numbers import clear_of_zero
from gradum.scores.outcome import Outcome

MANY = Basis(400, 400)


def rng(seed=0):
    return np.random.default_rng(seed)


def two_classes(logit, generator):
    """Rows of which each is of the second class with its chance, and a model that knows it."""
    chance = special.expit(logit)
    target = (generator.random(len(logit)) < chance).astype(int)
    return Outcome("binary", target, probability=np.column_stack([1 - chance, chance]))


def all_right(rows, wrong=0):
    """Half of the rows of each class; of the first class so many are taken for the second."""
    target = np.arange(rows) % 2
    predicted = target.copy()
    predicted[: 2 * wrong : 2] = 1
    return Outcome("binary", target, probability=np.eye(2)[predicted] * 0.9 + 0.05)


def test_students_interval_is_t_standard_errors_wide():
    draws = rng().normal(3.0, 2.0, 50)
    found = student(3.0, draws, Basis(12, 12))
    half = stats.t(11).ppf(0.975) * draws.std(ddof=1)
    assert (found.low, found.high) == pytest.approx((3.0 - half, 3.0 + half))


def test_percentiles_ignore_what_is_undefined():
    assert interval(1.0, np.array([np.nan, 1.0, 3.0]), 1.0) == Interval(1.0, 1.0, 3.0, np.sqrt(2))
    nothing = interval(np.nan, np.full(5, np.nan))
    assert np.isnan([nothing.low, nothing.high, nothing.standard_error]).all()


@pytest.mark.parametrize("few", [Basis(9, 9), Basis(200, 4, 5)])
def test_too_few_rows_or_groups_have_no_interval_but_a_standard_error(few):
    draws = rng().normal(1.0, 0.1, 100)
    for found in (student(1.0, draws, few), of_size(Sampled(1.0, draws, few))):
        assert not found.known
        assert found.standard_error == pytest.approx(draws.std(ddof=1))


def test_a_size_without_a_tail_has_students_interval_of_its_logarithm():
    draws = rng().normal(2.0, 0.1, 2000)
    found = of_size(Sampled(2.0, draws, Basis(30, 30)))
    half = stats.t(29).ppf(0.975) * draws.std(ddof=1) / 2.0
    assert np.log([found.low, found.high]) == pytest.approx(np.log(2.0) + half * np.r_[-1, 1])


def test_a_long_tail_reaches_further_up_than_students_and_than_percentiles():
    errors = rng(3).lognormal(0, 0.7, 300)
    outcome = Outcome("regression", errors, np.zeros(300))
    (found,) = sampled([outcome], Resamples.draw(300, rng=rng()))
    rmse = found["rmse"]
    with_tail, without = of_size(rmse), of_size(Sampled(rmse.value, rmse.draws, rmse.basis))
    assert with_tail.high > without.high > interval(rmse.value, rmse.draws).high
    # Hall's studentised bootstrap of a mean, written out, on other draws.
    squares = errors**2
    drawn = squares[rng(9).integers(0, 300, (4000, 300))]
    mean, spread = squares.mean(), squares.std() / squares.mean() / np.sqrt(300)
    own = drawn.std(axis=1) / drawn.mean(axis=1) / np.sqrt(300)
    low = np.quantile(np.log(drawn.mean(axis=1) / mean) / own, 0.025)
    expected = np.sqrt(mean * np.exp(-low * spread * np.sqrt(300 / 299)))
    assert with_tail.high == pytest.approx(expected, rel=0.15)


def test_a_handful_of_rows_that_make_up_the_loss_leave_it_an_upper_bound_of_use():
    """Three of 344 rows are wrong: between a hundredth and ten times the loss, not 500 times."""
    losses = np.full(344, 0.001)
    losses[:3] = 5.0
    outcome = Outcome("regression", losses, np.zeros(344))
    found = intervals(outcome, Resamples.draw(344, rng=rng()))["mae"]
    half = 2.0 * stats.t(343).ppf(0.975) * found.standard_error / found.value
    assert found.high == pytest.approx(found.value * np.exp(half))
    assert found.high < 10 * found.value


@pytest.mark.parametrize("wrong", [0, 1, 5, 40])
def test_the_interval_of_an_accuracy_is_wilsons(wrong):
    rows = 400
    found = intervals(all_right(rows, wrong), Resamples.draw(rows, rng=rng()))["accuracy"]
    low, high = proportion_confint(rows - wrong, rows, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.12 * (high - low))
    assert found.low < found.value <= found.high


@pytest.mark.parametrize("rows", [7, 45, 311])
def test_wilsons_interval_of_no_row_and_of_every_row_ends_exactly_there(rows):
    assert wilson(0.0, rows, 1.96)[0] == 0.0
    assert wilson(1.0, rows, 1.96)[1] == 1.0
    low, high = proportion_confint(0, rows, method="wilson", alpha=2 * stats.norm.sf(1.96))
    assert wilson(0.0, rows, 1.96) == pytest.approx((low, high), abs=1e-12)


def test_the_balanced_accuracy_puts_its_classes_together():
    """Two independent shares: their distances from Wilson's bounds add up in squares."""
    rows, wrong = 400, 30
    outcome = all_right(rows, wrong)
    resamples = Resamples.draw(rows, classes=outcome.target, count=4000, rng=rng())
    found = intervals(outcome, resamples)["balanced_accuracy"]
    t = stats.t(199).ppf(0.975)
    first, last = wilson(170 / 200, 199, t), wilson(1.0, 100, t)
    expected = found.value - np.hypot(170 / 200 - first[0], 1.0 - last[0]) / 2
    assert found.low == pytest.approx(expected, abs=0.001)


def test_a_basis_counts_the_rarest_kind():
    target = np.repeat([0, 1, 2], [60, 30, 10])
    outcome = Outcome("multiclass", target, probability=np.full((100, 3), 1 / 3))
    rows = Resamples.draw(100, rng=rng()).scheme
    accuracy, macro_f1 = (METRICS[name].kinds(outcome) for name in ("accuracy", "macro_f1"))
    assert scheme_basis(accuracy, rows) == Basis(40, 40)
    assert scheme_basis(macro_f1, rows) == Basis(10, 10)
    groups = Resamples.draw(100, groups=np.arange(100) // 5, rng=rng()).scheme
    assert scheme_basis(accuracy, groups) == Basis(40, 8, 5)
    assert scheme_basis(macro_f1, groups) == Basis(10, 2, 5)


@pytest.mark.parametrize(("found", "right"), [(0.7, 0.6), (0.5, 0.95)])
def test_precision_of_a_rare_class_is_covered_as_often_as_said(found, right):
    """5% of 400 rows are of the class: against the binomial law, of 200 samples."""
    generator, held = rng(4), []
    law = 0.05 * np.array([found, found * (1 - right) / right, (1 - found)])
    for _ in range(200):
        counts = generator.multinomial(400, [*law, 1 - law.sum()])
        target, called = (np.repeat(codes, counts) for codes in ([1, 0, 1, 0], [1, 1, 0, 0]))
        sure = np.where(called, 0.8, 0.1)
        outcome = Outcome("binary", target, probability=np.column_stack([1 - sure, sure]))
        drawn = Resamples.draw(400, classes=target, count=100, rng=generator)
        (samples,) = sampled([outcome], drawn, ["precision"])
        precision = METRICS["precision"].interval(samples["precision"])
        assert precision.known == (counts[:2].sum() >= 10)
        if precision.known:
            held.append(precision.low <= right <= precision.high)
    assert len(held) > 60
    assert sum(held) >= stats.binom(len(held), 0.95).ppf(0.001)


@pytest.mark.slow
def test_intervals_of_a_rare_class_hold_as_often_as_they_say():
    """300 samples of a known population, 8% of the second class: against the binomial law."""
    generator, rows, draws = rng(11), 300, 300
    population = two_classes(-3.3 + 1.5 * generator.normal(size=400_000), generator)
    truth = {name: each.value for name, each in _plain(population).items()}
    held = dict.fromkeys(("log_loss", "accuracy", "brier", "auc"), 0)
    said = 0
    for _ in range(draws):
        sample = two_classes(-3.3 + 1.5 * generator.normal(size=rows), generator)
        resamples = Resamples.draw(rows, classes=sample.target, count=200, rng=generator)
        found = intervals(sample, resamples)
        said += found["log_loss"].known
        for name in held:
            held[name] += found[name].low <= truth[name] <= found[name].high
    assert said > 0.95 * draws
    for name, count in held.items():
        # Not fewer than 95% by more than chance: one draw in ten thousand would have fewer.
        assert count >= stats.binom(said, 0.95).ppf(1e-4), name


def _plain(outcome):
    few = Resamples.draw(len(outcome), count=2, rng=rng())
    return intervals(outcome, few)


def test_a_model_that_says_the_same_of_all_rows_ranks_by_chance_on_any():
    target = np.repeat([0, 1], [150, 50])
    outcome = Outcome("binary", target, probability=np.tile([0.7, 0.3], (200, 1)))
    found = intervals(outcome, Resamples.draw(200, classes=target, rng=rng()))
    for name in ("auc", "balanced_accuracy"):
        assert (found[name].low, found[name].high) == pytest.approx((0.5, 0.5))
    for name in ("log_loss", "accuracy", "brier", "macro_f1", "average_precision"):
        assert found[name].low < found[name].value < found[name].high


def test_what_json_cannot_say_of_an_interval_comes_back():
    said = {"a": [{"of": Interval(1.0, np.nan, np.nan, 0.5)}], "low": None}
    back = with_unknown_bounds(msgspec.json.decode(msgspec.json.encode(said)))
    assert msgspec.convert(back["a"][0]["of"], Interval) == said["a"][0]["of"]
    assert back["low"] is None


def test_intervals_without_bounds_are_equal():
    one, two = (Interval(1.0, float("nan"), float("nan"), 0.5) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert one != Interval(1.0, 0.5, 1.5, 0.5)
    assert one != Interval(1.0, float("nan"), float("nan"), 0.25)


def binary(rows, separation, draws):
    target = np.r_[0, 1, draws.integers(0, 2, rows - 2)]
    share = 1 / (1 + np.exp(-(draws.normal(size=rows) + separation * (target - 0.5))))
    return Outcome("binary", target, probability=np.c_[1 - share, share])


def distance(outcome, draws):
    resamples = Resamples.draw(len(outcome), classes=outcome.target, count=200, rng=draws)
    return intervals(outcome, resamples)["ks"]


def test_the_distance_of_two_alike_classes_is_not_shown_to_be_above_0():
    """The threshold that parts alike rows best parts them a little, nearly always."""
    draws = rng(0)
    found = [distance(binary(120, 0.0, draws), draws) for _ in range(60)]
    assert np.mean([each.value for each in found]) > 0.05
    assert sum(each.low == 0 for each in found) >= 57


def test_the_distance_of_two_normal_classes_is_covered():
    """Of two normal distributions d apart it is 2 Φ(d / 2) − 1."""
    draws = rng(1)
    truth = 2 * special.ndtr(0.75) - 1
    found = [distance(binary(150, 1.5, draws), draws) for _ in range(100)]
    assert sum(each.low <= truth <= each.high for each in found) >= 88


def test_gini_has_the_interval_of_the_auc_stretched():
    draws = rng(2)
    outcome = binary(200, 1.0, draws)
    resamples = Resamples.draw(200, classes=outcome.target, count=200, rng=draws)
    found = intervals(outcome, resamples)
    area, gini = found["auc"], found["gini"]
    stretched = [2 * end - 1 for end in (area.value, area.low, area.high)]
    assert [gini.value, gini.low, gini.high] == pytest.approx(stretched)
    assert gini.standard_error == pytest.approx(2 * area.standard_error)


def test_the_median_error_lies_between_the_order_statistics_that_bound_a_median():
    """The binomial interval of a median of 200 rows is from the 86th to the 115th."""
    draws = rng(3)
    errors = np.sort(draws.exponential(size=200))
    outcome = Outcome("regression", np.zeros(200), errors)
    found = intervals(outcome, Resamples.draw(200, count=1000, rng=draws))["median_absolute_error"]
    assert found.value == pytest.approx(np.median(errors))
    assert errors[82] <= found.low <= errors[90]
    assert errors[109] <= found.high <= errors[118]


@pytest.mark.parametrize(
    ("draw", "estimable"),
    [
        (lambda rng, rows: rng.normal(size=rows), False),
        (lambda rng, rows: rng.normal(1.0, 1.0, rows), False),
        (lambda rng, rows: rng.exponential(size=rows), False),  # of one sign, yet down to 0
        (lambda rng, rows: rng.normal(5.0, 1.0, rows), True),
        (lambda rng, rows: -rng.lognormal(0.0, 0.5, rows), True),
        (lambda rng, rows: rng.choice([-1.0, 1.0], rows) * rng.normal(5.0, 1.0, rows), True),
        (lambda rng, rows: rng.integers(1, 9, rows).astype(float), True),
    ],
)
@pytest.mark.parametrize("rows", [100, 1000])
def test_mape_has_an_interval_where_percentages_have_a_mean(draw, estimable, rows):
    """Which they have not where 0 is among the targets that may come: ∫ 1/|y| diverges there."""
    rng = np.random.default_rng(0)
    said = []
    for _ in range(60):
        target = draw(rng, rows)
        said.append(clear_of_zero(Outcome("regression", target, target + 0.3)))
    share = np.mean(said)
    assert share >= 0.9 if estimable else share <= 0.1
    outcome = Outcome("regression", target, target + rng.normal(size=rows))
    found = intervals(outcome, Resamples.draw(rows, count=50, rng=rng))
    assert found["mae"].known
    assert found["mape"].known == clear_of_zero(outcome)
    assert found["mape"].value == pytest.approx(
        np.abs((outcome.prediction - target) / target).mean()
    )


def test_a_bound_beyond_the_largest_number_is_infinite_and_raises_no_warning():
    draws = np.array([1e-3, 1.0, 1e3, 1e3])
    with np.errstate(all="raise", under="ignore"):
        found = of_size(Sampled(1e-3, draws, MANY))
    assert (found.low, found.high) == (0, np.inf)
