"""The choice of a calibration: the simplest that pays beyond chance; else none."""

import numpy as np
import pytest
import scipy.special

from gradum.rungs.calibration import HeldOutLogits, chosen_calibration
from gradum.rungs.calibration.choice import simplest

RNG = np.random.default_rng


def held_out(logits, true, seed=0, **rows):
    """Logits, and classes drawn from the probabilities of others."""
    whole = np.insert(true, 0, 0, axis=1) if true.shape[1] == 1 else true
    shares = scipy.special.softmax(whole, axis=1).cumsum(axis=1)
    target = (RNG(seed).random((len(true), 1)) > shares[:, :-1]).sum(axis=1)
    return HeldOutLogits(logits, target, np.ones(len(true)), **rows)


def chosen(held):
    return [step.title.split()[0] for step in chosen_calibration(held, RNG(7))]


def normal(rows, outputs, seed=1):
    return RNG(seed).normal(0, 2, (rows, outputs))


@pytest.mark.slow
def test_what_is_calibrated_is_left_alone():
    """In nine of ten cases at least; each draws its logits and its classes anew."""
    used = 0
    for seed in range(80):
        logits = normal(300, 3 if seed % 4 == 0 else 1, seed=(seed, 1))
        used += bool(chosen(held_out(logits, logits, seed=(seed, 2))))
    assert used <= 8


@pytest.mark.parametrize(
    ("outputs", "distort", "step"),
    [
        (1, lambda z: 2 * z, "temperature"),
        (3, lambda z: 2 * z, "temperature"),
        (1, lambda z: 0.5 * z + 0.15 * np.minimum(z, 0) ** 2 - 1, "quadratic"),
        (3, lambda z: z @ [[1, 0.8, 0], [0, 1, 0], [0, 0, 2]] + [1.0, 0, 0], "structured"),
        (1, lambda z: z, None),
        (3, lambda z: z, None),
    ],
)
def test_the_simplest_step_that_undoes_a_distortion_is_chosen(outputs, distort, step):
    true = normal(4_000, outputs, seed=3)
    assert chosen(held_out(distort(true), true)) == ([] if step is None else [step])


def test_a_number_added_to_all_logits_of_a_row_changes_nothing():
    true = normal(4_000, 3, seed=3)
    distorted = true @ [[1, 0.8, 0], [0, 1, 0], [0, 0, 2]]
    (one,) = chosen_calibration(held_out(distorted, true), RNG(0))
    moved = distorted + RNG(1).normal(0, 5, (4_000, 1))
    (other,) = chosen_calibration(held_out(moved, true), RNG(0))
    np.testing.assert_allclose(other(moved), one(distorted), atol=1e-3)


def test_few_rows_say_nothing():
    true = normal(99, 1)
    assert not chosen_calibration(held_out(4 * true, true), RNG(0))
    assert not chosen_calibration(held_out(4 * true[:0], true[:0]), RNG(0))


def test_a_row_that_outweighs_all_others_says_nothing():
    true = normal(300, 1)
    held = held_out(4 * true, true)
    heavy = HeldOutLogits(held.logits, held.target, np.append(np.ones(299), 1e30))
    assert chosen(held)
    assert not chosen(heavy)


def test_a_class_that_is_hardly_there_leaves_temperature_alone():
    """Of 1,000 rows 20 are of the second class; log-odds are bent."""
    true = normal(1_000, 1) - 8
    held = held_out(2 * true + 6, true)
    assert held.target.sum() < 50
    assert chosen(held) in ([], ["temperature"])


def test_a_class_that_held_out_rows_lack_is_no_obstacle():
    true = np.column_stack([normal(1_000, 3), np.full(1_000, -50.0)])
    held = held_out(2 * true, true)
    assert held.target.max() < 3
    (step,) = chosen_calibration(held, RNG(0))
    assert np.isfinite(step(held.logits)).all()


def test_rows_that_repeat_within_groups_count_as_their_groups():
    """Fifteen groups of a hundred equal rows: what they show is within chance of nothing."""
    true = np.repeat(normal(15, 1, seed=4), 100, axis=0)
    once = RNG(6).random(15) < scipy.special.expit(true[::100, 0])
    target = np.repeat(once, 100).astype(int)
    rows = HeldOutLogits(1.3 * true, target, np.ones(1_500))
    assert chosen(rows)
    groups = HeldOutLogits(1.3 * true, target, np.ones(1_500), groups=np.repeat(range(15), 100))
    assert not chosen(groups)


def test_later_rows_are_calibrated_by_earlier_ones():
    """Of the first sixth of the rows log-odds are four times too large; later they are right."""
    true, time = normal(3_000, 1), np.arange(3_000)
    factor = np.where(time < 500, 4, 1)[:, None]
    assert chosen(held_out(factor * true, true))
    assert chosen(held_out(factor * true, true, time=time)) == []


def test_the_simplest_within_one_standard_error_counts():
    """By hand: the second is better by 0.1 on average, which varies by its standard error 0.05."""
    best = np.zeros(4)
    rows = HeldOutLogits(np.zeros((4, 1)), np.zeros(4, int), np.ones(4))
    clearly = np.array([0.2, 0.0, 0.2, 0.0])  # mean 0.1, standard error √(4 · 0.1²) / 4 = 0.05
    assert simplest(np.stack([clearly, best]), rows) == 1
    barely = np.array([0.4, -0.2, 0.4, -0.2])  # mean 0.1, standard error 0.15
    assert simplest(np.stack([barely, best]), rows) == 0
    assert simplest(np.stack([best, best]), rows) == 0
    pairs = HeldOutLogits(rows.logits, rows.target, rows.weight, groups=np.array([0, 1, 0, 1]))
    assert simplest(np.stack([clearly, best]), pairs) == 1  # standard error √(2 · 0.2²) / 4 = 0.07
