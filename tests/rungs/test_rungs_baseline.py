"""The baseline: the weighted mean, and the shares of the classes."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor

from gradum.rungs.baseline.kind import fit_baseline
from gradum.rungs.rows import Rows
from gradum.tables.kinds.design import Design, Layout


def rows(target, classes=None, weight=None):
    n = len(target)
    design = Design({"dense": np.zeros((n, 0)), "codes": np.zeros((n, 0), np.int32)}, Layout())
    return Rows(design, np.asarray(target), np.ones(n) if weight is None else weight, classes)


def predicted(given, **options):
    return fit_baseline(given, log_target=options.get("log", False)).predict(given.design)


def test_a_number_is_predicted_by_the_weighted_mean():
    rng = np.random.default_rng(0)
    target, weight = rng.normal(5, 3, 60), rng.random(60)
    peer = DummyRegressor().fit(np.zeros((60, 1)), target, weight)
    value = predicted(rows(target, weight=weight)).value
    np.testing.assert_allclose(value, peer.predict(np.zeros((60, 1))))


def test_under_the_logarithm_it_is_the_mean_all_the_same():
    """exp(mean log y) times Duan's factor, mean exp(log y - mean log y), is mean y."""
    target = np.random.default_rng(0).lognormal(size=80)
    np.testing.assert_allclose(predicted(rows(target), log=True).value, target.mean())


@pytest.mark.parametrize("counts", [(7, 3), (0, 5), (5, 3, 2), (4, 0, 1)])
def test_classes_have_their_shares_and_a_missing_one_that_of_a_row(counts):
    target = np.repeat(np.arange(len(counts)), counts)
    shares = predicted(rows(target, len(counts))).probability
    counted = np.maximum(counts, 1)
    expected = counted / counted.sum()
    np.testing.assert_allclose(shares, np.tile(expected, (len(target), 1)))


def test_the_unit_of_the_weights_does_not_matter():
    target, weight = np.array([0, 0, 1, 2]), np.array([1.0, 2.0, 1.0, 4.0])
    light = predicted(rows(target, 3, weight)).probability
    heavy = predicted(rows(target, 3, 1e6 * weight)).probability
    np.testing.assert_allclose(light, heavy)
    assert light[0].argmax() == 2
