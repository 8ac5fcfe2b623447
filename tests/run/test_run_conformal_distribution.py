"""Predictive distributions against their definition, numerical integration and known laws."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, norm

from gradum.errors import ShapeError, SpecError
from gradum.run.intervals.conformal import distribution as module
from gradum.run.intervals.conformal.distribution import Distribution, PredictiveSystem
from gradum.run.intervals.conformal.score_list import ScoreList
from gradum.rungs.located import Located


def same(values):
    return values


def judged(rng, n, weights=False):
    weight = rng.integers(1, 4, n).astype(float) if weights else np.ones(n)
    return rng.normal(size=n), weight


def located(rng, m):
    return Located(rng.normal(size=m), rng.gamma(3, size=m), rng.gamma(3, size=m))


def made(judges, newcomer=1.0, forward=same, inverse=same):
    """A distribution of the first judge's rows, from (scores, weights, located) of each."""
    lists = [ScoreList.signed(score, weight) for score, weight, _ in judges]
    rows = len(judges[0][2].centre)
    system = PredictiveSystem(lists, [located for *_, located in judges], newcomer)
    return Distribution([(np.arange(rows), system)], rows, forward, inverse)


def values_of(judges):
    """The values (m, n) that the judged rows give, and their weights (n,), by the definition."""
    values = [
        [
            [located.take(np.array([row])).at(one)[0] for one in score]
            for row in range(len(located.centre))
        ]
        for score, _, located in judges
    ]
    return np.concatenate(values, axis=1), np.concatenate([weight for _, weight, _ in judges])


@pytest.fixture(params=["one judge", "three judges", "weights"])
def judges(request):
    rng = np.random.default_rng(0)
    count, weights = (1 if request.param == "one judge" else 3), request.param == "weights"
    return [(*judged(rng, 17 + more, weights), located(rng, 5)) for more in range(count)]


def test_cumulative_probabilities_and_quantiles_are_the_definitions(judges):
    distribution, (values, weight) = made(judges, newcomer=2.0), values_of(judges)
    total = weight.sum() + 2.0
    for point in (-9.0, -0.4, 0.0, 1.3, 9.0):
        expected = ((values <= point) @ weight + 1.0) / total
        np.testing.assert_allclose(distribution.cumulative(point), expected)
        np.testing.assert_allclose(distribution.beyond(np.full(5, point)), 1 - expected)
    for level in (0.001, 0.1, 0.5, 0.87, 0.999):
        quantiles = distribution.quantile(level)[:, 0]
        for row, quantile in zip(values, quantiles, strict=True):
            order = np.argsort(row)
            reached = (np.cumsum(weight[order]) + 1.0) / total >= level * (1 - 1e-12)
            expected = row[order][reached.argmax()] if reached.any() else np.inf
            expected = -np.inf if 1.0 / total >= level else expected
            assert quantile == pytest.approx(expected, abs=1e-7)


def test_the_crps_is_the_integral_that_defines_it(judges):
    distribution, (values, weight) = made(judges), values_of(judges)
    target = np.array([-3.0, -0.2, 0.1, 1.0, 30.0])
    for row, true, score in zip(values, target, distribution.crps(target), strict=True):
        knots = np.sort(np.append(row, true))

        def squared(point, row=row, true=true):
            return (weight @ (row <= point) / weight.sum() - (true <= point)) ** 2

        pieces = [
            quad(squared, low, high, epsabs=1e-12)[0] for low, high in itertools.pairwise(knots)
        ]
        assert score == pytest.approx(sum(pieces), rel=1e-6)


def test_scores_and_means_are_those_of_the_targets_units(judges):
    logarithmic = made(judges, forward=np.log, inverse=np.exp)
    values, weight = values_of(judges)
    np.testing.assert_allclose(logarithmic.mean, np.exp(values) @ weight / weight.sum())
    np.testing.assert_allclose(
        logarithmic.quantile([0.3, 0.6]), np.exp(made(judges).quantile([0.3, 0.6]))
    )
    least = 0.5 / (weight.sum() + 1)
    np.testing.assert_allclose(logarithmic.cumulative(-1.0), least)
    np.testing.assert_allclose(logarithmic.cumulative(0.0), least)


def test_a_single_value_scores_its_absolute_error():
    one = made([(np.zeros(1), np.ones(1), Located(np.array([2.0]), np.ones(1), np.ones(1)))])
    assert one.crps(5.0) == pytest.approx(3.0)


def test_blocks_change_nothing(judges, monkeypatch):
    whole = made(judges)
    scores, mean = whole.crps(0.3), whole.mean
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", 1)
    np.testing.assert_array_equal(whole.crps(0.3), scores)
    np.testing.assert_array_equal(whole.mean, mean)


def test_strata_have_distributions_of_their_own():
    rng = np.random.default_rng(1)
    one, two = (
        PredictiveSystem(
            [ScoreList.signed(rng.normal(at, size=9), np.ones(9))], [located(rng, 2)], 1.0
        )
        for at in (-5, 5)
    )
    both = Distribution([(np.array([0, 2]), one), (np.array([1, 3]), two)], 4, same, same)
    for row, system, place in ((0, one, 0), (2, one, 1), (1, two, 0), (3, two, 1)):
        assert both.quantile(0.5)[row, 0] == system.quantile(0.5)[place]
        assert both.cumulative(1.0)[row] == system.cumulative(np.full(2, 1.0))[place]


def test_probabilities_of_true_targets_are_uniform_however_noise_spreads():
    """Over many draws of 19 judged rows and one new one, in 20 bins: chi² with 19 degrees."""
    rng, draws, n = np.random.default_rng(2), 4000, 19
    x = rng.uniform(size=(draws, n + 1))
    t = rng.normal(size=(draws, n + 1)) * (1 + x)  # the spread is not what the model says
    probability = [
        made([(row[:-1], np.ones(n), Located(np.zeros(1), np.ones(1), np.ones(1)))]).cumulative(
            row[-1]
        )[0]
        for row in t
    ]
    counts = np.histogram(probability, 20, (0, 1))[0]
    statistic = ((counts - draws / 20) ** 2 / (draws / 20)).sum()
    assert chi2.sf(statistic, 19) > 1e-3


def test_probabilities_of_a_known_law_are_found():
    rng = np.random.default_rng(3)
    judged_rows = (rng.normal(size=4000), np.ones(4000))
    sigma = np.array([0.5, 1.0, 4.0])
    distribution = made([(*judged_rows, Located(np.array([0.0, 1.0, -2.0]), sigma, sigma))])
    np.testing.assert_allclose(
        distribution.beyond(1.5), norm.sf(1.5, [0.0, 1.0, -2.0], sigma), atol=0.025
    )
    np.testing.assert_allclose(
        distribution.crps([0.0, 1.0, -2.0]), sigma * (np.sqrt(2) - 1) / np.sqrt(np.pi), rtol=0.05
    )
    ends = distribution.interval(0.8)
    assert np.diff(ends)[:, 0] == pytest.approx(2 * 1.2816 * sigma, rel=0.06)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, np.nan])
def test_a_level_that_is_none_is_refused(judges, level):
    with pytest.raises(SpecError, match="no quantile"):
        made(judges).quantile([0.5, level])


def test_values_of_other_rows_are_refused(judges):
    with pytest.raises(ShapeError, match="3 values are given for 5 rows"):
        made(judges).crps(np.zeros(3))
