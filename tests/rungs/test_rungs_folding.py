"""Folds by stretches of time, held against every pair of rows."""

import numpy as np
import pytest

from gradum.rungs.folding import stretches


@pytest.mark.parametrize(("times", "lasting", "most"), [(64, 1, 8), (200, 7, 8), (90, 3, 5)])
def test_no_row_learned_from_overlaps_one_held_out(times, lasting, most):
    rng = np.random.default_rng(0)
    time = rng.permutation(np.repeat(np.arange(times), 3))
    until = time + rng.integers(1, lasting + 1, len(time))
    walks = stretches(most, time, until)
    assert sorted(np.concatenate([held for _, held in walks])) == list(range(len(time)))
    for learned, held in walks:
        before = until[learned][:, None] < time[held]
        after = time[learned][:, None] > until[held]
        assert (before.all(axis=1) | after.all(axis=1)).all()
        aside = np.setdiff1d(np.arange(len(time)), np.concatenate([learned, held]))
        near = (time[aside] >= time[held].min() - lasting) & (
            time[aside] <= time[held].max() + lasting
        )
        assert near.all()  # nothing else is left out


def test_rows_in_the_middle_learn_from_both_sides():
    time = np.arange(80)
    learned, held = stretches(4, time, time + 1)[1]
    assert time[learned].min() < time[held].min() < time[held].max() < time[learned].max()


@pytest.mark.parametrize(("times", "lasting"), [(5, 1), (60, 28)])
def test_few_times_and_long_outcomes_have_none(times, lasting):
    time = np.arange(times)
    assert stretches(8, time, time + lasting) == []
