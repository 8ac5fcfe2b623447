"""Deviations and what they are made of, each way round."""

import numpy as np

from gradum.rungs.located import Located


def test_a_deviation_leads_back_to_its_target():
    rng = np.random.default_rng(0)
    target = rng.normal(size=50)
    located = Located(rng.normal(size=50), rng.gamma(2, size=50), rng.gamma(2, size=50))
    np.testing.assert_allclose(located.at(located.deviations(target)), target, atol=1e-12)


def test_each_side_has_its_own_scale():
    located = Located(np.zeros(3), np.full(3, 2.0), np.full(3, 5.0))
    assert located.deviations(np.array([-4.0, 0.0, 10.0])).tolist() == [-2.0, 0.0, 2.0]
    assert located.at(np.inf).tolist() == [np.inf] * 3


def test_blocks_are_joined_in_order():
    one, two = (Located(*(np.full(2, float(at)) for _ in range(3))) for at in (1, 2))
    assert Located.join([one, two]).centre.tolist() == [1, 1, 2, 2]


def test_another_scale_and_the_other_sign_leave_deviations_what_they_are():
    rng = np.random.default_rng(4)
    located = Located(rng.normal(size=30), rng.gamma(2, size=30), rng.gamma(3, size=30))
    target = rng.normal(size=30)
    deviation = located.deviations(target)
    np.testing.assert_allclose(located.scaled(7.0, 3.0).deviations(7 + 3 * target), deviation)
    np.testing.assert_allclose(located.mirrored().deviations(-target), -deviation)
    rows = np.array([4, 2, 2])
    np.testing.assert_array_equal(located.take(rows).deviations(target[rows]), deviation[rows])
