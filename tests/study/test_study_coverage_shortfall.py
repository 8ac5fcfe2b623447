"""The laws of coverage against enumeration, simulation and other implementations."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom, binomtest, hypergeom
from statsmodels.stats.multitest import multipletests

from gradum.study.shortfall import (
    exact_share,
    holm,
    shortfall_of_judged,
    shortfall_of_new,
)


def covered_of(scores, coverage):
    """Each row against the scores of the others, as split conformal prediction is defined."""
    covered = []
    for place, score in enumerate(scores):
        others = np.sort(np.delete(scores, place))
        rank = int(np.ceil(round(coverage * (len(others) + 1), 9)))
        covered.append(rank > len(others) or score <= others[rank - 1])
    return np.array(covered)


def test_the_law_of_a_group_is_that_of_all_ways_to_choose_it():
    covered = covered_of(np.random.default_rng(0).normal(size=12), 0.75)
    assert covered.sum() == 9
    for size in (1, 3, 5):
        counts = [covered[list(chosen)].sum() for chosen in combinations(range(12), size)]
        for chosen in ([0, 1, 2, 3, 4], [7, 8, 9, 10, 11], [2, 5, 7, 9, 11]):
            inside = np.isin(np.arange(12), chosen[:size])
            expected = np.mean(np.array(counts) <= covered[inside].sum())
            found = shortfall_of_judged(covered, inside, np.zeros(12, int))
            assert found == pytest.approx(expected)


def test_the_law_over_two_thresholds_is_that_of_all_ways_within_each():
    covered = np.array([1, 1, 0, 1, 0, 1, 1, 1, 0], bool)
    strata = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
    inside = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1], bool)
    sums = [
        covered[list(one)].sum() + covered[list(two)].sum()
        for one in combinations(range(4), 2)
        for two in combinations(range(4, 9), 3)
    ]
    expected = np.mean(np.array(sums) <= covered[inside].sum())
    assert shortfall_of_judged(covered, inside, strata) == pytest.approx(expected)


def test_the_law_of_many_rows_is_that_of_scipy():
    covered, inside = np.arange(10_000) < 9_000, np.arange(10_000) % 7 == 0
    expected = hypergeom.cdf(np.count_nonzero(covered & inside), 10_000, 9_000, inside.sum())
    found = shortfall_of_judged(covered, inside, np.zeros(10_000, int))
    assert found == pytest.approx(expected, rel=1e-8)


def test_new_rows_are_covered_as_simulated_thresholds_cover_them():
    rng, judged, rows = np.random.default_rng(1), 30, 20
    scores = rng.random((40_000, judged))
    thresholds = np.sort(scores, axis=1)[:, int(np.ceil(0.9 * 31)) - 1]
    covered = (rng.random((40_000, rows)) <= thresholds[:, None]).sum(axis=1)
    for count in (14, 17, 19):
        expected = np.mean(covered <= count)
        found = shortfall_of_new(count, rows, judged, 0.9)
        assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / 40_000) + 1e-3)


def test_rounding_asks_for_no_score_more():
    """0.3 × 10 is 3, and (0.1 + 0.2) × 10 is 3.0000000000000004."""
    assert shortfall_of_new(5, 10, 9, 0.1 + 0.2) == shortfall_of_new(5, 10, 9, 0.3)


def test_too_few_judged_rows_cover_all():
    assert shortfall_of_new(10, 10, 5, 0.9) == 1.0


def test_holm_is_that_of_statsmodels():
    p_values = np.random.default_rng(2).random(9) ** 3
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected)
    assert len(holm(np.array([]))) == 0


def test_exact_intervals_hold_at_their_ends():
    for covered, rows in ((7, 10), (0, 4), (4, 4)):
        found = exact_share(covered, rows)
        ends = binomtest(covered, rows).proportion_ci(0.95, method="exact")
        assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    share = exact_share(7, 10)
    assert binom.sf(6, 10, share.low) == pytest.approx(0.025, rel=1e-6)
    assert binom.cdf(7, 10, share.high) == pytest.approx(0.025, rel=1e-6)


def claims(rng, rows, groups, spread):
    """Whether any of some groups is called short, and which; the first has that spread."""
    group = rng.integers(0, groups, rows)
    scores = np.abs(rng.normal(size=rows)) * np.where(group == 0, spread, 1.0)
    covered = scores <= np.sort(scores)[int(np.ceil(0.9 * rows)) - 1]
    p_values = [
        shortfall_of_judged(covered, group == code, np.zeros(rows, int)) for code in range(groups)
    ]
    return holm(np.array(p_values)) <= 0.05


def test_equal_groups_are_called_short_in_one_of_twenty_tables_at_most():
    rng = np.random.default_rng(3)
    false = sum(claims(rng, 400, 12, 1.0).any() for _ in range(300))
    assert false <= 0.05 * 300 + 2 * np.sqrt(0.05 * 0.95 * 300)


def test_a_group_of_twice_the_noise_is_found():
    rng = np.random.default_rng(4)
    found = np.array([claims(rng, 1_200, 10, 2.0) for _ in range(60)])
    assert found[:, 0].mean() > 0.95
    assert found[:, 1:].any(axis=1).mean() < 0.1
