"""The mathematics of conformal prediction against its definitions, written out row by row."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from gradum.run.intervals.conformal.conformal_intervals import conformal_intervals
from gradum.run.intervals.conformal.guarantee import JudgedScores, Terms
from gradum.run.intervals.conformal.law import (
    beta_binomial,
    cross_bound,
    fewest_scores,
    split_range,
)
from gradum.run.intervals.conformal.score_list import SLACK, ScoreList
from gradum.run.intervals.conformal.sets import conforming_classes
from gradum.run.intervals.conformal.statement import Support, state
from gradum.run.intervals.judged_scores import MOST_SCORES, drawn
from gradum.rungs.located import Located

COVERAGES = (0.05, 0.5, 0.8, 0.9, 0.95)


def located(rng, rows):
    return Located(rng.normal(size=rows), rng.gamma(4, size=rows), rng.gamma(4, size=rows))


def ends_by_definition(scores, weights, judges, coverage, newcomer):
    """The n × m matrix of ends, and the least above which too little weight is left."""
    wanted = coverage * (sum(map(np.sum, weights)) + newcomer) - 1e-9
    pairs = zip(scores, judges, strict=True)
    upper = np.concatenate(
        [judge.centre + (score[:, None] + SLACK) * judge.above for score, judge in pairs]
    )
    weight = np.concatenate(weights)
    ends = np.full(upper.shape[1], np.inf)
    for row, column in enumerate(upper.T):
        for end in np.sort(column)[::-1]:
            if weight[column <= end].sum() >= wanted:
                ends[row] = end
    return ends


@pytest.mark.parametrize("sizes", [(23,), (7, 7, 6), (1, 2, 9, 1), (5, 0, 3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_are_those_of_the_definition(sizes, weighted):
    rng = np.random.default_rng(len(sizes) + weighted)
    scores = [rng.exponential(size=size).round(1) for size in sizes]  # some of them equal
    weights = [rng.gamma(2, size=size) if weighted else np.ones(size) for size in sizes]
    newcomer = max(weight.max(initial=0) for weight in weights)
    judges = [located(rng, 40) for _ in sizes]
    lists = [ScoreList.of(*pair) for pair in zip(scores, weights, strict=True)]
    for coverage in COVERAGES:
        low, high = conformal_intervals(lists, judges, coverage, newcomer)
        arguments = scores, weights, judges, coverage, newcomer
        np.testing.assert_allclose(high, ends_by_definition(*arguments), rtol=0, atol=1e-7)
        mirrored = [Located(-judge.centre, judge.above, judge.below) for judge in judges]
        arguments = scores, weights, mirrored, coverage, newcomer
        np.testing.assert_allclose(-low, ends_by_definition(*arguments), rtol=0, atol=1e-7)


def test_a_split_takes_the_rank_that_exact_arithmetic_says():
    """Also where (1 - α)(n + 1) is whole, which rounding may put on either side."""
    for n in (1, 4, 9, 19, 39, 99, 999):
        ranked = [ScoreList.of(np.arange(1.0, n + 1), np.ones(n))]
        where = [Located(np.zeros(1), np.ones(1), np.ones(1))]
        for percent in range(1, 100):
            rank = math.ceil(Fraction(percent, 100) * (n + 1))
            _, high = conformal_intervals(ranked, where, percent / 100)
            expected = rank if rank <= n else np.inf
            assert high[0] == pytest.approx(expected, abs=1e-5)
            assert (n >= fewest_scores(percent / 100)) == (rank <= n)


def test_no_new_row_equal_to_a_judged_one_falls_out_by_rounding():
    ranked = [ScoreList.of(np.full(9, 1 / 3), np.ones(9))]
    low, high = conformal_intervals(ranked, [Located(np.zeros(1), *np.full((2, 1), 3.0))], 0.5)
    assert low[0] <= -1 - 1e-8
    assert high[0] >= 1 + 1e-8


def test_sets_are_those_of_the_definition():
    rng = np.random.default_rng(3)
    sizes, rows, classes = (9, 8, 8), 50, 4
    scores = [rng.random(size) for size in sizes]
    weights = [rng.gamma(2, size=size) for size in sizes]
    shares = [rng.dirichlet(np.ones(classes), size=rows) for _ in sizes]
    lists = [ScoreList.of(*pair) for pair in zip(scores, weights, strict=True)]
    total, newcomer = sum(map(np.sum, weights)), 2.0
    for coverage in COVERAGES:
        expected = np.zeros((rows, classes), bool)
        for row in range(rows):
            for label in range(classes):
                better = sum(
                    weight
                    for judge in range(3)
                    for score, weight in zip(scores[judge], weights[judge], strict=True)
                    if score + SLACK < 1 - shares[judge][row, label]
                )
                expected[row, label] = better < coverage * (total + newcomer)
        chosen = conforming_classes(lists, shares, coverage, newcomer)
        np.testing.assert_array_equal(chosen, expected)


def test_a_group_counts_once_however_many_rows_it_has():
    """Hierarchical conformal prediction: 1 / (K + 1) a group, shared among its rows."""
    group = np.array([0, 0, 0, 0, 1, 2, 2, 3], np.int32)
    scores = JudgedScores({"linear": np.arange(8.0)}, np.zeros(8, np.int32), group=group)
    weight, newcomer = scores.weights(np.ones(8, bool))
    np.testing.assert_allclose(weight, [0.25, 0.25, 0.25, 0.25, 1, 0.5, 0.5, 1])
    assert newcomer == 1
    (ranked,), _ = scores.lists("linear", np.ones(8, bool), folds=1)
    where = [Located(np.zeros(1), np.ones(1), np.ones(1))]
    # The weights up to each score are 1/4, 1/2, 3/4, 1, 2, 5/2, 3, 4: 5 times the coverage counts.
    ends = {0.2: 3, 0.4: 4, 0.5: 5, 0.6: 6, 0.61: 7, 0.8: 7, 0.81: np.inf}
    for coverage, end in ends.items():
        _, high = conformal_intervals([ranked], where, coverage, newcomer)
        assert high[0] == pytest.approx(end, abs=1e-5), coverage


def test_a_new_row_weighs_as_much_as_the_heaviest():
    weight = np.array([1.0, 4.0, 2.0])
    scores = JudgedScores({"linear": np.arange(3.0)}, np.zeros(3, np.int32), weight=weight)
    assert scores.weights(np.array([True, False, True]))[1] == 2
    assert scores.weights(np.ones(3, bool))[1] == 4


def test_of_many_rows_every_group_keeps_one_before_any_keeps_two():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6_000), rng.integers(1, 5, 6_000))
    kept = drawn(groups, rng)
    assert len(kept) == len(np.unique(kept)) == MOST_SCORES
    counts = np.bincount(groups[kept], minlength=6_000)
    full = np.bincount(groups) == counts
    assert counts.min() == 1
    assert counts[~full].max() <= counts[~full].min() + 1
    alone = drawn(np.arange(30_000), rng)
    assert stats.kstest(alone / 30_000, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(("trials", "a", "b"), [(1, 1, 1), (10, 10, 1), (1_000, 900, 101)])
def test_the_beta_binomial_law_is_that_of_scipy(trials, a, b):
    expected = stats.betabinom(trials, a, b)
    law = beta_binomial(trials, a, b)
    np.testing.assert_allclose(law, expected.pmf(np.arange(trials + 1)), rtol=1e-9, atol=1e-300)
    assert law.sum() == pytest.approx(1)


def test_coverage_of_a_split_follows_its_law():
    """Counts of 2,000 splits fall into the stated range as often as it says."""
    rng = np.random.default_rng(5)
    n, coverage, splits = 60, 0.9, 2_000
    low, high = split_range(coverage, n)
    within = 0
    for _ in range(splits):
        radius = np.sort(np.abs(rng.normal(size=n)))[math.ceil(coverage * (n + 1)) - 1]
        share = np.mean(np.abs(rng.normal(size=1_000)) <= radius)
        within += low <= share <= high
    assert abs(within / splits - 0.95) < 4 * math.sqrt(0.95 * 0.05 / splits)


def test_the_bound_of_cv_is_that_of_the_papers():
    # Barber et al., Theorem 4: 1 - 2α - min(2 (1 - 1/K) / (n/K + 1), (1 - K/n) / (K + 1)).
    for n, folds in ((100, 5), (1_000, 10), (60, 60), (40, 20)):
        by_folds = 2 * (1 - 1 / folds) / (n / folds + 1)
        by_ends = (1 - folds / n) / (folds + 1)
        for coverage in (0.8, 0.95):
            theirs = 1 - 2 * (1 - coverage) - min(by_folds, by_ends)
            ours = cross_bound(coverage, n, folds)
            assert ours >= max(theirs, 0) - 1e-12  # (n + 1) / (n + K) of 2α, not all of it
            assert ours <= theirs + 2 * (1 - coverage) * (folds - 1) / (n + folds) + 1e-12
    assert cross_bound(0.9, 50, 50) == pytest.approx(0.8)


@pytest.mark.parametrize("name", ["split", "cross"])
@pytest.mark.parametrize(("classes", "way"), [(True, "--by-class"), (False, "--interval-by")])
def test_a_promise_to_all_rows_together_is_none_to_each_kind(name, classes, way):
    terms = Terms(name, rows=60, folds=5)
    said = state(terms, 0.9, Support(60.0), classes=classes).sentence
    assert "That is so of such rows together" in said
    assert "may be covered less" in said
    assert way in said
    by_kind = Support(60.0, by="" if classes else "colour", sizes=(("a", 30.0), ("b", 30.0)))
    assert "covered less" not in state(terms, 0.9, by_kind, classes=classes).sentence
    assert "covered less" not in state(terms, 0.9, Support(3.0), classes=classes).sentence
