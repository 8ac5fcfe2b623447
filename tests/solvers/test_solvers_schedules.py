"""The schedules at the points that define them."""

import numpy as np
import pytest

from gradum.errors import SpecError
from gradum.solvers import OneCycle, StepDecay, WarmUp
from gradum.solvers.schedules import SCHEDULES, resolve

PROGRESS = np.arange(100) / 100


def test_schedules_at_known_points():
    at = np.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(SCHEDULES["constant"](at), [1, 1, 1])
    np.testing.assert_allclose(SCHEDULES["cosine"](at), [1, 0.5, 0], atol=1e-15)
    # coslog4 peaks where log2(1 + 15 t) is a half more than 0, 1, 2 or 3, and is 0 between.
    peaks = (2 ** np.array([0.5, 1.5, 2.5, 3.5]) - 1) / 15
    zeros = (2 ** np.array([0.0, 1.0, 2.0, 3.0, 4.0]) - 1) / 15
    np.testing.assert_allclose(SCHEDULES["coslog4"](peaks), 1.0)
    np.testing.assert_allclose(SCHEDULES["coslog4"](zeros), 0.0, atol=1e-14)
    with pytest.raises(SpecError, match="'linear'"):
        resolve("linear")


def test_stairs_are_reached_where_they_stand():
    falls = StepDecay(0.5, (0.2, 0.6))(np.array([0.0, 0.19, 0.2, 0.59, 0.6, 0.99]))
    np.testing.assert_allclose(falls, [1, 1, 0.5, 0.5, 0.25, 0.25])
    np.testing.assert_allclose(StepDecay(0.1, 0.5)(np.array([0.4, 0.5])), [1, 0.1])


def test_one_cycle_goes_up_and_then_down():
    cycle = OneCycle(peak=0.25, first=0.2, last=0.1)
    np.testing.assert_allclose(
        cycle(np.array([0.0, 0.125, 0.25, 0.625, 1.0])), [0.2, 0.6, 1.0, 0.55, 0.1]
    )
    assert np.unique(np.sign(np.diff(cycle(PROGRESS)))).tolist() == [-1, 1]


def test_a_warm_up_rises_to_where_the_next_schedule_begins():
    warm = WarmUp(0.2, "cosine")
    np.testing.assert_allclose(warm(np.array([0.0, 0.05, 0.1, 0.2])), [0, 0.25, 0.5, 1])
    # What remains of the run, from 0.2 on, is the cosine's whole: 0.6 is its middle.
    np.testing.assert_allclose(warm(np.array([0.6, 1.0])), [0.5, 0], atol=1e-15)
    late = WarmUp(0.5, OneCycle(peak=0.5, first=0.4))
    np.testing.assert_allclose(late(np.array([0.25, 0.5, 0.75, 1.0])), [0.2, 0.4, 1, 0])


@pytest.mark.parametrize(
    ("kind", "given", "named"),
    [
        (StepDecay, {"factor": 0.0}, "factor is 0"),
        (StepDecay, {"at": (0.6, 0.4)}, "at is"),
        (StepDecay, {"at": (0.5, 1.0)}, "at is"),
        (OneCycle, {"peak": 1.0}, "peak is 1"),
        (OneCycle, {"last": -0.1}, "last is -0.1"),
        (WarmUp, {"share": 0.0}, "share is 0"),
        (WarmUp, {"then": "linear"}, "no schedule 'linear'"),
    ],
)
def test_numbers_out_of_range_are_refused(kind, given, named):
    with pytest.raises(SpecError, match=named):
        kind(**given)
