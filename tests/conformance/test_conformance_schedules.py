"""The demands on every schedule of the registry: a pure function of progress, from 0 to 1."""

import copy

import numpy as np
import pytest

from gradum.solvers.schedules import SCHEDULES, OneCycle, StepDecay, WarmUp, resolve

VARIANTS = (StepDecay(0.5, (0.2, 0.6)), OneCycle(0.4, 0.1, 0.2), WarmUp(0.2, StepDecay()))
EVERY = {**SCHEDULES, **{str(schedule): schedule for schedule in VARIANTS}}
every_schedule = pytest.mark.parametrize("schedule", EVERY.values(), ids=EVERY)
PROGRESS = np.linspace(0.0, 1.0, 1001)


@every_schedule
def test_a_factor_is_between_0_and_1_and_reaches_1(schedule):
    factors = schedule(PROGRESS)
    assert factors.shape == PROGRESS.shape
    assert factors.dtype == np.float64
    assert ((factors >= 0) & (factors <= 1)).all()
    assert factors.max() > 0.99


@every_schedule
def test_many_steps_at_once_are_each_by_itself_and_the_same_again(schedule):
    given = PROGRESS.copy()
    together = schedule(given)
    np.testing.assert_array_equal(given, PROGRESS)
    apart = np.concatenate([schedule(PROGRESS[i : i + 1]) for i in range(len(PROGRESS))])
    np.testing.assert_allclose(apart, together, rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(schedule(PROGRESS), together)
    backwards = schedule(PROGRESS[::-1])[::-1]
    np.testing.assert_allclose(backwards, together, rtol=1e-14, atol=1e-15)
    assert schedule(PROGRESS[:0]).shape == (0,)  # a run of no steps


@every_schedule
def test_a_schedule_is_a_value(schedule):
    assert copy.deepcopy(schedule) == schedule
    assert hash(copy.deepcopy(schedule)) == hash(schedule)
    assert resolve(schedule) is schedule


def test_a_schedule_is_found_by_its_name_and_no_two_are_equal():
    assert [resolve(name) for name in SCHEDULES] == list(SCHEDULES.values())
    assert len(set(EVERY.values())) == len(EVERY)
