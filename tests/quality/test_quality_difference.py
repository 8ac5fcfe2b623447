"""Friedman's and Nemenyi's tests against Demšar's published example and table, and brute force."""

import itertools
import math

import numpy as np
import pytest
from benchmarks.quality.difference import alike, critical_difference, friedman
from scipy.stats import friedmanchisquare

# Demšar (2006), table 6: ranks of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 data sets.
TREES = np.array(
    [
        [4, 1, 4, 4, 4, 1, 3, 2.5, 4, 2.5, 4, 3, 4, 3],
        [3, 2, 1, 1, 2, 2.5, 2, 2.5, 3, 2.5, 2.5, 2, 1, 1],
        [2, 3, 2, 3, 3, 4, 4, 4, 2, 2.5, 1, 4, 2, 4],
        [1, 4, 3, 2, 1, 2.5, 1, 1, 1, 2.5, 2.5, 1, 3, 2],
    ]
)
# Table 5 (a): q at α = 0.05 for 2 to 10 methods.
Q = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]


def test_friedmans_test_of_the_published_example():
    np.testing.assert_allclose(TREES.mean(axis=1), [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    found = friedman(TREES)
    chi_square = 9.28
    assert found.statistic == pytest.approx(13 * chi_square / (14 * 3 - chi_square), abs=5e-3)
    assert found.statistic == pytest.approx(3.69, abs=5e-3)
    assert found.freedom == (3, 39)
    assert 0.01 < found.p < 0.05  # F is above 2.85


def test_critical_differences_of_the_published_example():
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=5e-3)
    assert critical_difference(4, 14, alpha=0.1) == pytest.approx(1.12, abs=5e-3)


@pytest.mark.parametrize(("methods", "q"), list(enumerate(Q, 2)))
def test_critical_values_of_the_published_table(methods, q):
    unit = math.sqrt(methods * (methods + 1) / 6)
    assert critical_difference(methods, 1) / unit == pytest.approx(q, abs=1.1e-3)


def test_friedmans_test_agrees_with_scipy_where_nothing_ties():
    rng = np.random.default_rng(0)
    ranks = np.stack([rng.permutation(5) + 1.0 for _ in range(12)], axis=1)
    chi_square = friedmanchisquare(*ranks).statistic
    assert friedman(ranks).statistic == pytest.approx(11 * chi_square / (12 * 4 - chi_square))


def test_sets_that_all_agree_leave_no_doubt():
    found = friedman(np.tile([[1.0], [2.0], [3.0]], 6))
    assert (found.statistic, found.p) == (math.inf, 0.0)


def test_methods_that_always_tie_are_alike():
    found = friedman(np.full((3, 5), 2.0))
    assert (found.statistic, found.p) == (0.0, 1.0)


@pytest.mark.parametrize("shape", [(1, 5), (4, 1)])
def test_one_method_or_one_set_is_not_tested(shape):
    assert friedman(np.ones(shape)) is None


def test_methods_not_told_apart_in_an_example():
    assert alike([1.25, 2.81, 3.56, 4.31, 4.38, 4.69], 1.87) == [(0, 1), (1, 4), (2, 5)]
    assert alike([1.0, 2.0, 3.0], 1.0) == []  # those that differ by it are told apart
    assert alike([1.0, 1.5, 2.0], 5.0) == [(0, 2)]


@pytest.mark.parametrize("seed", range(20))
def test_runs_are_the_maximal_ones(seed):
    rng = np.random.default_rng(seed)
    ranks = sorted(rng.uniform(1, 8, size=8).tolist())
    joined = [(a, b) for a, b in itertools.combinations(range(8), 2) if ranks[b] - ranks[a] < 1.5]
    maximal = [
        (a, b)
        for a, b in joined
        if not any(c <= a and b <= d and (c, d) != (a, b) for c, d in joined)
    ]
    assert alike(ranks, 1.5) == maximal
