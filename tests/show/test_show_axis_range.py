"""How far axes reach: a few far values do not squeeze the others, and are counted."""

import math

import numpy as np
import pytest

from gradum.show.pictures.axis_range import axis_range_of


@pytest.mark.parametrize("far", [1e3, -1e3, 1e9])
@pytest.mark.parametrize("count", [20, 450])
def test_one_far_value_is_left_out_and_counted(far, count):
    near = np.linspace(10, 20, count)
    reach = axis_range_of([*near, far])
    assert reach.domain == [10, 20]
    assert (reach.below, reach.above) == ((0, 1) if far > 0 else (1, 0))
    assert "1" in reach.sentence
    assert reach.held(far) in reach.domain
    assert reach.held(15) == 15


@pytest.mark.parametrize("seed", range(5))
def test_of_ordinary_values_all_are_drawn(seed):
    rng = np.random.default_rng(seed)
    for values in (rng.normal(size=300), rng.uniform(size=20), rng.exponential(size=300)):
        reach = axis_range_of(values)
        assert (reach.below, reach.above, reach.sentence) == (0, 0, "")
        assert reach.domain == [values.min(), values.max()]


def test_where_hardly_any_value_differs_all_are_drawn():
    assert axis_range_of([0.0] * 99 + [1.0]).domain == [0, 1]
    assert axis_range_of([0.0, 1.0, 1e9]).domain == [0, 1e9]
    assert axis_range_of([math.nan, 1.0, math.inf, 2.0]).domain == [1, 2]
    assert axis_range_of([]).domain == [0, 1]
