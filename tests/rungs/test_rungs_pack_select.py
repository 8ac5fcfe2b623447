"""The choice of the members against brute force, and the sharpness against a grid."""

import itertools

import numpy as np
import pytest
import scipy.special
from sklearn.metrics import log_loss, mean_squared_error

from gradum.core import LogLoss, SquaredError
from gradum.core.models.pack_network import PackNetwork
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.select import (
    FURTHEST,
    SHARPEST,
    answers,
    greedy,
    sharpened,
    sharpness,
    sharpness_of_more,
    staying,
)


def numbers(seed, candidates=4, rows=60):
    rng = np.random.default_rng(seed)
    target = rng.normal(size=rows)
    predictions = target + rng.normal(0, rng.uniform(0.3, 2, (candidates, 1)), (candidates, rows))
    return predictions[..., None], target, rng.uniform(0.2, 2, rows)


def classes(seed, candidates=4, rows=60, k=3):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, k, rows)
    logits = rng.normal(size=(candidates, rows, k)) + 1.5 * np.eye(k)[target]
    return scipy.special.softmax(logits, axis=-1), target, rng.uniform(0.2, 2, rows)


def chosen(predictions, target, weight, *, picks):
    """The shares by the loss of numbers, or of classes."""
    classes = None if predictions.shape[-1] == 1 else predictions.shape[-1]
    goal = Goal(target, weight, SquaredError() if classes is None else LogLoss(), classes)
    return greedy(predictions, goal.cost(np.arange(len(target))), picks=picks)


def loss_of(share, predictions, target, weight):
    """Of the mean under these shares: its squared error, or its log loss."""
    mean = np.tensordot(share, predictions, 1)
    if mean.shape[1] == 1:
        return np.average((mean[:, 0] - target) ** 2, weights=weight)
    return -np.average(np.log(mean[np.arange(len(target)), target]), weights=weight)


def test_the_loss_by_hand_is_scikit_learns():
    share = np.array([0.1, 0.2, 0.3, 0.4])
    for (predictions, target, weight), peer in (
        (numbers(0), mean_squared_error),
        (classes(0), log_loss),
    ):
        expected = peer(target, np.tensordot(share, predictions, 1), sample_weight=weight)
        assert loss_of(share, predictions, target, weight) == pytest.approx(expected, rel=1e-12)


def reimplemented(predictions, target, weight, picks):
    """Caruana's selection in plain Python."""
    chosen, best = [], (np.inf, None)
    for _ in range(picks):
        losses = [
            loss_of(
                np.bincount([*chosen, each], minlength=len(predictions)) / (len(chosen) + 1),
                predictions,
                target,
                weight,
            )
            for each in range(len(predictions))
        ]
        chosen.append(int(np.argmin(losses)))
        if min(losses) < best[0]:
            best = min(losses), np.bincount(chosen, minlength=len(predictions)) / len(chosen)
    return best[1]


@pytest.mark.parametrize("made", [numbers, classes])
@pytest.mark.parametrize("seed", range(6))
def test_it_is_caruana_s_selection(made, seed):
    case = made(seed)
    np.testing.assert_allclose(chosen(*case, picks=9), reimplemented(*case, 9), atol=1e-12)


@pytest.mark.parametrize("made", [numbers, classes])
@pytest.mark.parametrize("seed", range(6))
def test_it_is_no_worse_than_any_candidate_and_near_the_best_of_all_shares(made, seed):
    case, picks = made(seed), 6
    share = chosen(*case, picks=picks)
    assert share.sum() == pytest.approx(1)
    assert (share >= 0).all()
    alone = [loss_of(each, *case) for each in np.eye(4)]
    counts = [c for c in itertools.product(range(picks + 1), repeat=4) if 0 < sum(c) <= picks]
    everything = min(loss_of(np.array(each) / sum(each), *case) for each in counts)
    assert everything - 1e-12 <= loss_of(share, *case) <= min(alone) + 1e-12
    assert loss_of(share, *case) <= everything + 0.1 * (min(alone) - everything) + 1e-12


@pytest.mark.parametrize("made", [numbers, classes])
def test_one_pick_is_the_best_candidate(made):
    case = made(3)
    best = int(np.argmin([loss_of(each, *case) for each in np.eye(4)]))
    np.testing.assert_array_equal(chosen(*case, picks=1), np.eye(4)[best])


@pytest.mark.parametrize("made", [numbers, classes])
def test_rows_that_weigh_nothing_have_no_say(made):
    predictions, target, weight = made(4)
    weight[30:] = 0
    np.testing.assert_array_equal(
        chosen(predictions, target, weight, picks=8),
        chosen(predictions[:, :30], target[:30], weight[:30], picks=8),
    )


def test_a_probability_of_0_does_not_end_it():
    probability = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5]]])
    share = chosen(probability, np.array([0, 0]), np.ones(2), picks=4)
    assert np.isfinite(share).all()
    assert share[1] > 0


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("factor", [0.7, 1.0, 1.4])
def test_sharpness_is_the_least_of_a_grid_and_undoes_what_was_done(k, factor):
    """Labels are drawn of p, and p is blunted: the answer is what sharpens it again."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (8000, k))
    truth = scipy.special.softmax(logits, axis=1)
    target = (rng.random((len(truth), 1)) > np.cumsum(truth, axis=1)[:, :-1]).sum(axis=1)
    blunt = scipy.special.softmax(logits / factor, axis=1)
    weight = rng.uniform(0.5, 1.5, len(truth))
    found, loss = sharpness(blunt, target, weight)
    assert found == pytest.approx(factor, rel=0.06)

    def at(each):
        sharp = blunt**each
        own = sharp[np.arange(len(sharp)), target] / sharp.sum(axis=1)
        return np.average(-np.log(own), weights=weight)

    grid = np.linspace(1 / SHARPEST, SHARPEST, 31)
    losses = [at(each) for each in grid]
    assert abs(found - grid[int(np.argmin(losses))]) < 1.01 * (grid[1] - grid[0])
    assert loss == pytest.approx(at(found), rel=1e-9)
    assert loss <= min(losses) + 1e-9


def test_sharpness_stays_within_its_bounds():
    sure = np.array([[0.6, 0.4]] * 50)
    always, never = np.zeros(50, int), np.ones(50, int)
    assert 1.9 < sharpness(sure, always, np.ones(50))[0] <= SHARPEST
    assert 1 / SHARPEST <= sharpness(sure, never, np.ones(50))[0] < 0.51


def test_answers_are_numbers_or_probabilities():
    def network(link, outputs):
        return PackNetwork(2, 1, outputs, (1,), (), 0, link)

    logits = np.random.default_rng(0).normal(size=(2, 5, 1))
    np.testing.assert_array_equal(answers(network("identity", 1), logits), logits)
    two = answers(network("logit", 1), logits)
    np.testing.assert_allclose(two[..., 1], 1 / (1 + np.exp(-logits[..., 0])))
    np.testing.assert_allclose(two.sum(axis=-1), 1)
    logits = np.random.default_rng(0).normal(size=(2, 5, 3))
    three = answers(network("logit", 3), logits)
    odds = np.exp(logits)
    np.testing.assert_allclose(three, odds / odds.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("outputs", [1, 3])
def test_sharpened_members_have_their_logits_multiplied(outputs):
    rng = np.random.default_rng(0)
    network = PackNetwork(3, 4, outputs, (5,), (0, 2), 2, "logit")
    params = {
        name: rng.normal(size=shape) for name, shape in network.shapes().items() if "/" not in name
    }
    params["layers"] = [
        {
            part: rng.normal(size=network.shapes()[f"layers/{level}/{part}"])
            for part in ("weight", "bias", "leak")
            if f"layers/{level}/{part}" in network.shapes()
        }
        for level in range(2)
    ]
    inputs, factors = {"dense": rng.normal(size=(7, 4))}, np.array([0.5, 1.0, 2.0])
    before = network.members_forward(params, inputs)
    after = network.members_forward(sharpened(params, factors), inputs)
    np.testing.assert_allclose(after, factors[:, None, None] * before, rtol=1e-12)


def test_the_largest_share_of_each_fold_stays_and_then_the_largest_of_all():
    shares = np.zeros((3, 8))
    shares[0, :3] = 0.5, 0.3, 0.2
    shares[1, 3:5] = 0.9, 0.1
    shares[2, 5:] = 0.4, 0.35, 0.25
    rest = [6, 1, 7, 2, 4]  # by falling share
    for most in range(12):
        expected = {0, 3, 5, *rest[: max(0, most - 3)]}
        assert set(np.flatnonzero(staying(shares, most))) == expected
    shares[2, 5:] = 0, 1, 0
    assert set(np.flatnonzero(staying(shares, 8))) == {0, 3, 6, 1, 2, 4}  # none without a share


def test_the_sharpness_of_more_members_is_that_of_few_taken_further():
    two, sixteen = np.full((8, 2), 0.5), np.full(16, 1 / 16)
    further = (1 - 1 / 16) / (1 - 1 / 2)
    assert sharpness_of_more(1.1, two, sixteen) == pytest.approx(1.1**further)
    assert sharpness_of_more(0.9, two, sixteen) == pytest.approx(0.9**further)
    assert sharpness_of_more(1.0, two, sixteen) == 1.0
    assert sharpness_of_more(1.1, two[:1], np.full(2, 0.5)) == pytest.approx(1.1)
    one_fold_of_two = np.r_[two[:1], np.full((7, 2), [1, 0])]
    told = sharpness_of_more(1.1, one_fold_of_two, sixteen)
    assert told == pytest.approx(1.1**FURTHEST)
    # One member in each: what was measured is of no mean, and says nothing of one.
    assert sharpness_of_more(1.1, np.eye(4), np.full(4, 0.25)) == 1.1


@pytest.mark.parametrize("noise", [0.3, 0.5, 0.8])
def test_it_is_nearer_to_what_the_mean_of_all_needs(noise):
    """Members that err independently; each as sure as it should be, their means less so."""
    rng, rows, k = np.random.default_rng(7), 8_000, 4
    truth = rng.normal(0, 2, (rows, k))
    target = (truth + rng.gumbel(size=truth.shape)).argmax(axis=1)
    members = truth + rng.normal(0, noise, (16, rows, k))
    weight = np.ones(rows)
    members = np.stack(
        [
            each * sharpness(scipy.special.softmax(each, axis=-1), target, weight)[0]
            for each in members
        ]
    )
    probability = scipy.special.softmax(members, axis=-1)

    def needed(own):
        return sharpness(probability[own].mean(axis=0), target, weight)[0]

    of_two = np.mean([needed([i, i + 1]) for i in range(0, 16, 2)])
    of_all = needed(range(16))
    told = sharpness_of_more(of_two, np.full((8, 2), 0.5), np.full(16, 1 / 16))
    assert of_two > 1.01
    assert abs(told - of_all) < 0.4 * abs(of_two - of_all)
