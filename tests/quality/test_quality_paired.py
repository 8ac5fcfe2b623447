"""Ratios, intervals and wins of a few results worked out by hand, by SciPy and by statsmodels."""

import math

import numpy as np
import pytest
from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.paired import paired
from scipy.stats import t, ttest_1samp
from statsmodels.stats.proportion import proportion_confint


def fits(method, errors, cpu_s=1.0):
    """Outcomes of a method, by table and split; None is a fit that failed."""
    return [
        Outcome(method, name, seed, failed="timeout")
        if error is None
        else Outcome(method, name, seed, error=error, cpu_s=cpu_s)
        for name, splits in errors.items()
        for seed, error in enumerate(splits)
    ]


def test_ratios_are_geometric_means_over_splits_and_then_over_tables():
    one = fits("a", {"s": [0.1, 0.4], "t": [0.3, 0.3], "u": [0.2]}, cpu_s=6.0)
    other = fits("b", {"s": [0.1, 0.1], "t": [0.1, 0.1], "v": [0.2]}, cpu_s=2.0)
    found = paired([*one, *other], "a", "b")
    assert [table.name for table in found.tables] == ["s", "t"]
    assert [table.splits for table in found.tables] == [2, 2]
    assert [table.ratio.value for table in found.tables] == pytest.approx([2, 3])
    assert found.mean.value == pytest.approx(math.sqrt(6))
    assert found.median == pytest.approx(2.5)
    assert found.cpu == 3
    assert (found.worse, found.better) == (2, 0)
    back = paired([*one, *other], "b", "a")
    assert back.mean.value * found.mean.value == pytest.approx(1)
    assert back.mean.low * found.mean.high == pytest.approx(1)


def test_the_interval_over_tables_is_students():
    logs = np.random.default_rng(0).normal(0.1, 0.3, 12)
    one = fits("a", {f"s{i}": [0.2 * math.exp(log)] for i, log in enumerate(logs)})
    other = fits("b", {f"s{i}": [0.2] for i in range(12)})
    found = paired([*one, *other], "a", "b")
    low, high = np.exp(ttest_1samp(logs, 0).confidence_interval(0.95))
    assert (found.mean.low, found.mean.high) == pytest.approx((low, high))
    assert math.isnan(found.tables[0].ratio.low)
    wilson = proportion_confint((logs > 0).sum(), 12, 0.05, "wilson")
    assert (found.share_worse.low, found.share_worse.high) == pytest.approx(wilson)


def test_the_interval_over_splits_allows_for_the_rows_that_they_share():
    logs = np.random.default_rng(1).normal(0, 0.1, 10)
    one = fits("a", {"s": 0.3 * np.exp(logs)})
    found = paired([*one, *fits("b", {"s": [0.3] * 10})], "a", "b").tables[0].ratio
    # Nadeau and Bengio: s² (1 / J + n₂ / n₁), of which 20% of the rows are tested.
    half = t.ppf(0.975, 9) * math.sqrt(logs.var(ddof=1) * (1 / 10 + 0.2 / 0.8))
    assert math.log(found.high / found.value) == pytest.approx(half)
    assert math.log(found.value / found.low) == pytest.approx(half)


def test_who_fails_loses_the_table_and_is_not_in_the_mean():
    one = fits("a", {"s": [0.2, None], "t": [0.1, 0.1], "u": [0.3], "v": [None]})
    other = fits("b", {"s": [0.1, 0.1], "t": [0.2, None], "u": [0.1], "v": [None]})
    found = paired([*one, *other], "a", "b")
    assert {table.name: table.ratio.value for table in found.tables} == pytest.approx(
        {"s": math.inf, "t": 0.0, "u": 3.0}
    )
    assert found.mean.value == pytest.approx(3)
    assert (found.worse, found.better) == (2, 1)
    assert found.most_extreme.name == "u"  # the only one that the mean is of


def test_where_one_failed_everywhere_there_is_no_mean():
    found = paired([*fits("a", {"s": [None]}), *fits("b", {"s": [0.1]})], "a", "b")
    assert found.most_extreme is None
    assert math.isnan(found.mean.value)
    assert math.isnan(found.without_most_extreme.mean.value)
    assert found.median == math.inf


def test_the_most_extreme_table_is_the_farthest_from_the_median():
    errors = {"s": [0.10], "t": [0.11], "u": [0.09], "v": [0.02]}
    others = {name: [0.1] for name in errors}
    found = paired([*fits("a", errors), *fits("b", others)], "a", "b")
    assert found.most_extreme.name == "v"
    rest = found.without_most_extreme
    assert [table.name for table in rest.tables] == ["s", "t", "u"]
    assert rest.mean.value == pytest.approx((1.1 * 0.9) ** (1 / 3))


def test_ties_are_nobodys_and_errors_of_zero_have_finite_ratios():
    one = fits("a", {"s": [0.0], "t": [0.2]})
    found = paired([*one, *fits("b", {"s": [1e-3], "t": [0.2]})], "a", "b")
    assert found.tables[0].ratio.value == pytest.approx(1e-3)
    assert (found.worse, found.better) == (0, 1)
    alike = paired([*fits("a", {"s": [0.2]}), *fits("b", {"s": [0.2]})], "a", "b")
    assert math.isnan(alike.share_worse.value)
    assert alike.without_most_extreme.tables == ()
    assert math.isnan(alike.without_most_extreme.mean.value)


def test_methods_that_met_nowhere_are_not_compared():
    assert paired([*fits("a", {"s": [0.1]}), *fits("b", {"t": [0.1]})], "a", "b") is None
    assert paired(fits("a", {"s": [0.1]}), "a", "c") is None


@pytest.mark.parametrize("splits", [3, 10])
def test_intervals_over_splits_hold_the_true_ratio_about_as_often_as_they_say(splits):
    """Of least squares with a useful column and without, on tables drawn anew."""
    rng, rows, tables = np.random.default_rng(splits), 100, 200
    compared = [_two_methods(rng, rows, splits) for _ in range(tables)]
    true = np.exp(np.mean([np.log(each.value) for each in compared]))
    held = np.mean([each.low <= true <= each.high for each in compared])
    assert 0.92 <= held < 1  # 200 tables tell a share to 0.03


def _two_methods(rng, rows, splits):
    columns = rng.normal(size=(rows, 3))
    target = columns @ [1.0, 0.5, 0.3] + rng.normal(size=rows)
    errors = {"a": [], "b": []}
    for _ in range(splits):
        test, train = np.split(rng.permutation(rows), [rows // 5])
        for method, used in (("a", columns[:, :2]), ("b", columns)):
            fitted = np.linalg.lstsq(used[train], target[train], rcond=None)[0]
            errors[method].append(np.std(used[test] @ fitted - target[test]))
    made = [*fits("a", {"s": errors["a"]}), *fits("b", {"s": errors["b"]})]
    return paired(made, "a", "b").tables[0].ratio
