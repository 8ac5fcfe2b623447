"""Tests of a trust report that share one error, and the gap that each would find."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from gradum.study.resampling import p_values, tail_probability
from gradum.study.trust import Gauge, Line, at_most, settled, share_error

LINE = Line("part.line", "A demand")


def judged(*, holds):
    return LINE.judged(holds, "So it was found.", figure="1", threshold="2")


def test_p_values_are_those_of_holm_and_only_a_gap_that_is_beyond_both_fails():
    ps = (0.004, 0.012, 0.02, 0.5)
    large = [judged(holds=False).tested(p) for p in ps]
    checks, family = settled([judged(holds=False), *large, judged(holds=True).tested(1e-6)], 0.03)
    adjusted = multipletests([*ps, 1e-6], method="holm")[1]
    assert [check.adjusted_p for check in checks[1:]] == pytest.approx(adjusted.tolist())
    statuses = ["failed", "failed", "held", "held", "held", "held"]
    assert [check.status for check in checks] == statuses
    assert (family.error, family.lines) == (0.03, 5)
    assert "among the 5 tests" in checks[2].reason
    assert "more rows would tell" in checks[4].reason
    assert checks[5].reason.endswith("This gap is shown, but small.")
    assert settled([], 0.03)[0] == []


@pytest.mark.parametrize("beyond", [False, True])
@pytest.mark.parametrize("allowed", [0.0, 1.0, 5.0])
def test_a_detectable_gap_is_found_in_80_of_100_cases(beyond, allowed):
    gauge = Gauge("{gap}", "metric", 1.0, 6.0, allowed, beyond)
    gap, limit = gauge.detectable(0.01), stats.norm.isf(0.01 / 6)
    estimates = gap + np.random.default_rng(0).normal(size=40_000)
    found = (estimates > allowed) & (estimates - (allowed if beyond else 0.0) > limit)
    assert found.mean() == pytest.approx(0.8, abs=0.01)


def test_few_rows_that_keep_a_share_have_binomial_probabilities():
    for kept, rows, share in ((70, 90, 0.85), (0, 12, 0.9), (12, 12, 0.9), (40, 41, 0.5)):
        assert at_most(kept, rows, share) == pytest.approx(stats.binom.cdf(kept, rows, share))
    rows, level = 300, 0.005
    gap = Gauge("{gap}", "points", share_error(0.9, rows), 1.0).detectable(level)
    critical = stats.binom.ppf(level, rows, 0.9) - 1
    assert stats.binom.cdf(critical, rows, 0.9 - gap) == pytest.approx(0.8, abs=0.08)


def test_tails_are_told_beyond_the_draws():
    draws = np.random.default_rng(0).exponential(size=2_000)
    for far in (0.1, 1.0, 3.0, 9.0):
        assert np.log(tail_probability(draws, far)) == pytest.approx(-far, rel=0.15, abs=0.02)
    assert tail_probability(np.zeros(99), 1.0) == 0.01


def test_groups_that_do_not_differ_have_p_values_above_their_share():
    rng, tables = np.random.default_rng(1), 150
    least = np.empty(tables)
    for table in range(tables):
        apart = rng.normal(size=(4, 1))
        drawn = rng.normal(size=(2, 4, 1, 250))
        ones = np.full((4, 1), True)
        least[table] = p_values(["site"] * 4, ones, apart, np.full(4, 200.0), *drawn).min()
    for level in (0.01, 0.05, 0.2):
        assert np.mean(least <= level) <= stats.binom.ppf(0.999, tables, level) / tables


def test_p_values_of_a_column_count_its_own_groups_alone():
    rng = np.random.default_rng(2)
    drawn = rng.normal(size=(2, 6, 1, 250))
    apart = np.array([[4.0], [0.1], [0.1], [0.1], [0.1], [0.1]])
    comparable = np.array([[True], [True], [False], [True], [True], [True]])
    columns = ["site", "site", "site", "other", "other", "other"]
    found = p_values(columns, comparable, apart, np.full(6, 500.0), *drawn)
    assert np.isnan(found[2, 0])
    assert found[0, 0] == pytest.approx(4 * stats.norm.sf(4), rel=3)  # two groups, two sides
    assert (found[[1, 3, 4, 5], 0] > 0.5).all()
