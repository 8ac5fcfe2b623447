"""Deviations and what they are made of, each way round."""

import numpy as np

from gradum.fitting.located import Located


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
