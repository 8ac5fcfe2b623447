"""The best epoch of a member, against the formula in plain Python and a simulation."""

import statistics
from types import SimpleNamespace

import numpy as np

from gradum.core import SquaredError
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.held_out import HeldOut


class Scripted:
    """Members that are off by a given error (M,) at each look; their weight is the epoch."""

    def __init__(self, errors):
        self.errors, self.epoch = iter(errors), 0

    def hold_out(self, rows):
        self.shape = (*rows.shape, 1)

    def judge(self):
        return np.broadcast_to(next(self.errors)[:, None, None], self.shape)

    def params(self, which):
        weight = np.full((which.sum(), 1, 1), float(self.epoch))
        return {"scale": np.ones((which.sum(), 1)), "layers": [{"weight": weight}]}


def kept(losses, rows=64, *, shrinkage=32, folds=2, start=None):
    """Return the epoch from 1 on (M,) at which each member is kept, given its losses [E, M].

    Every fold holds out so many rows. With ``start`` (M,) members may be kept before they learn,
    those at least whose start is finite.
    """
    members = losses.shape[1]
    held = list(np.arange(folds * rows).reshape(folds, rows))
    zeros = np.zeros(folds * rows)
    inputs = SimpleNamespace(
        network=SimpleNamespace(link="identity", outputs=1),
        padding=SimpleNamespace(cut=lambda params: params),
    )
    judge = HeldOut(
        inputs,
        Goal(zeros, zeros + 1, SquaredError()),
        held,
        np.arange(members) % folds,
        shrinkage=shrinkage,
        seed=0,
    )
    first = np.full(members, 9.0) if start is None else np.nan_to_num(start, posinf=9)
    looks = np.concatenate([[first], losses])
    shards = Scripted(np.sqrt(2 * looks))  # the squared error is halved
    judge.begin(shards, np.zeros(members, bool) if start is None else np.isfinite(start))
    for shards.epoch in range(1, len(losses) + 1):
        judge.note(shards)
    weights = [member["layers"][0]["weight"].item() for member in judge.members]
    return np.array(weights, int)


def best_by_hand(losses, rows, shrinkage, start=None):
    """The first epoch of the least cost: own of three epochs, drawn to the median of all."""
    epochs = range(len(losses))
    means = [
        [statistics.fmean(losses[max(0, at - 2) : at + 1, member]) for member in range(len(row))]
        for at, row in zip(epochs, losses, strict=True)
    ]
    looks = means if start is None else [list(start), *means]
    first, share = (1 if start is None else 0), rows / (rows + shrinkage)
    costs = [[share * c + (1 - share) * statistics.median(row) for c in row] for row in looks]
    return [
        min(range(len(costs)), key=lambda at: costs[at][member]) + first
        for member in range(losses.shape[1])
    ]


def test_the_epoch_kept_is_that_of_the_least_cost_drawn_to_all_members():
    rng = np.random.default_rng(0)
    for rows, shrinkage in ((5, 32), (64, 32), (64, 0), (1000, 200)):
        losses = rng.uniform(0.5, 1, (9, 6))
        by_hand = best_by_hand(losses, rows, shrinkage)
        assert kept(losses, rows, shrinkage=shrinkage).tolist() == by_hand
        start = rng.uniform(0.5, 0.8, 6)
        by_hand = best_by_hand(losses, rows, shrinkage, start)
        assert kept(losses, rows, shrinkage=shrinkage, start=start).tolist() == by_hand


def test_one_member_that_explodes_ends_no_other_s_learning():
    losses = np.linspace(1, 0.5, 8)[:, None] + np.linspace(0, 0.1, 6)
    losses[3:, 0] = 1e30
    assert kept(losses, rows=16).tolist() == [3, 8, 8, 8, 8, 8]
    losses[3:, 0] = np.inf
    assert kept(losses, rows=16).tolist() == [3, 8, 8, 8, 8, 8]


def test_with_few_rows_epochs_told_by_all_members_lose_less_than_those_told_by_its_own():
    """Curves with a valley each, seen through noise: what is lost to the valleys' floors."""
    rng = np.random.default_rng(0)
    epochs, members = np.arange(1, 21)[:, None], 24
    valley = rng.normal(8, 1, members)
    true = 1 + 0.004 * (epochs - valley) ** 2
    lost = {"of all": 0.0, "own": 0.0}
    for _ in range(5):
        seen = true + rng.normal(0, 0.1, true.shape)
        choices = {
            "of all": kept(seen, rows=16) - 1,
            "own": kept(seen, rows=16, shrinkage=0) - 1,
        }
        for name, chosen in choices.items():
            lost[name] += (true[chosen, np.arange(members)] - true.min(axis=0)).mean()
    assert lost["of all"] < 0.7 * lost["own"]


def test_members_that_begin_with_a_linear_model_are_not_held_there_by_the_others():
    """The others are worse than that model at every epoch, and it gets better with each."""
    start = np.array([1.0, 1.0, np.inf, np.inf])
    better = np.linspace(0.9, 0.5, 5)[:, None]
    losses = np.concatenate([better, better, 2 + better, 2 + better], axis=1)
    np.testing.assert_array_equal(kept(losses, rows=4, start=start), 5)
