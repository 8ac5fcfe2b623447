"""Pairs of columns: found where the table was made to have them, and nowhere else."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from gradum.rungs.pack.pairs import (
    ALL_PIECES,
    BINS,
    LEAST_SURE,
    MOST_ROWS,
    RIDGE,
    _Direction,
    _fitted,
    _left_over,
    looked_at,
    pairs_of,
)


def columns_of(rows=1500, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng


def found(columns, target, *, others=None, weight=None, most=3):
    rows = len(columns)
    others = np.zeros((rows, 0)) if others is None else others
    told = target if target.ndim == 2 else target[:, None]
    return pairs_of(columns, others, told, np.ones(rows) if weight is None else weight, most=most)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("seed", range(3))
def test_a_step_along_a_diagonal_is_found(sign, seed):
    z, rng = columns_of(seed=seed)
    main = np.sin(2 * z[:, 0]) + z[:, 3] ** 2
    target = main + (z[:, 1] + sign * z[:, 2] > 0) + 0.3 * rng.normal(size=len(z))
    assert found(z, target) == ((1, 2, sign),)


@pytest.mark.parametrize("seed", range(10))
def test_additive_targets_and_noise_have_no_pairs(seed):
    z, rng = columns_of(columns=8, seed=seed)
    group = rng.integers(0, 5, len(z))
    effect = np.sin(2 * z[:, 0]) + np.abs(z[:, 1]) + (z[:, 2] > 0.5) + group / 2
    noisy = effect + rng.normal(size=len(z))
    assert found(z, noisy, others=np.eye(5)[group]) == ()
    assert found(z, rng.standard_t(3, len(z))) == ()
    assert found(z, np.eye(3)[np.digitize(noisy, [0.5, 2.0])], others=np.eye(5)[group]) == ()


def test_two_interactions_are_found_and_copies_of_one_are_not():
    z, rng = columns_of(3000, 5)
    z[:, 4] = z[:, 1] + 0.05 * rng.normal(size=len(z))  # as good as the second column
    target = 1.0 * (z[:, 0] + z[:, 1] > 0) + 0.8 * (np.abs(z[:, 2] - z[:, 3]) < 1)
    pairs = found(z, target + 0.3 * rng.normal(size=len(z)), most=3)
    assert {(2, 3, -1)} < set(pairs)
    first = {(0, 1, 1), (0, 4, 1)} & set(pairs)
    assert len(first) == 1
    assert found(z, target, most=1)[0] == pairs[0]
    assert found(z, target, most=0) == ()


@pytest.mark.parametrize("classes", [2, 4])
def test_classes_are_told_apart_by_their_indicators(classes):
    z, rng = columns_of(3000)
    score = z[:, 0] + 2 * np.sign(z[:, 1] - z[:, 2]) + 0.5 * rng.normal(size=len(z))
    codes = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    assert found(z, np.eye(classes)[codes])[0] == (1, 2, -1)


def test_rows_that_weigh_nothing_are_not_looked_at():
    weight = np.tile([0.0, 1.0, 2.0], MOST_ROWS)
    rows = looked_at(weight)
    assert 0.9 * MOST_ROWS <= len(rows) <= MOST_ROWS
    assert (weight[rows] > 0).all()
    assert np.ptp(np.diff(rows)) <= 1
    np.testing.assert_array_equal(looked_at(weight[:9]), [1, 2, 4, 5, 7, 8])
    assert len(looked_at(np.zeros(4))) == 0


def test_rows_of_little_weight_have_little_say():
    z, rng = columns_of(3000)
    target = rng.normal(size=len(z))
    odd = np.arange(len(z)) % 2 == 1
    target[odd] += 3 * np.sign(z[odd, 0] + z[odd, 1])
    assert found(z, target)[0] == (0, 1, 1)
    assert found(z, target, weight=np.where(odd, 1e-3, 1.0)) == ()


def test_the_size_of_weights_and_targets_does_not_matter():
    z, rng = columns_of()
    target = np.sign(z[:, 0] - z[:, 3]) + z[:, 1] + 0.5 * rng.normal(size=len(z))
    weight = rng.uniform(0.5, 2, len(z))
    pairs = found(z, target, weight=weight)
    assert pairs == ((0, 3, -1),)
    assert found(z, 1e6 * target + 1e9, weight=1e-4 * weight) == pairs


def test_columns_of_few_values_are_not_paired():
    z, rng = columns_of(columns=3)
    z[:, :2] = np.round(z[:, :2])  # seven values
    target = np.sign(z[:, 0] + z[:, 1] + z[:, 2] - 0.1) + 0.1 * rng.normal(size=len(z))
    assert found(z, target) == ()
    assert found(z[:, :0], target) == ()
    assert found(z[:, 2:], target) == ()


def test_a_constant_target_and_constant_columns_have_no_pairs():
    z, _ = columns_of()
    assert found(z, np.ones(len(z))) == ()
    z[:, 1:3] = 4.0
    assert {pair[:2] for pair in found(z, z[:, 0] * z[:, 3])} == {(0, 3)}


def test_of_more_indicators_than_are_solved_for_there_are_none():
    z, _ = columns_of(400)
    target = np.sign(z[:, 0] + z[:, 1])
    assert found(z, target)
    assert found(z, target, others=np.zeros((400, 2_000))) == ()


def test_many_columns_share_the_bins():
    z, rng = columns_of(3000, ALL_PIECES // 4)
    target = np.sign(z[:, 0] + z[:, 1]) + 0.1 * rng.normal(size=len(z))
    assert found(z, target, most=1) == ((0, 1, 1),)


def test_of_many_columns_those_that_act_most_are_paired():
    z, rng = columns_of(2000, 60)
    pair = np.sign(z[:, 57] + z[:, 58])
    assert found(z, pair + 0.2 * rng.normal(size=len(z)))[0] == (57, 58, 1)


def test_what_chance_makes_is_standard():
    """Over many directions of noise the sureness has mean 0 and deviation 1, weighted or not."""
    rng = np.random.default_rng(3)
    columns, left = rng.normal(size=(2000, 2)), rng.normal(size=(300, 2000, 2))
    for weight in (np.ones(2000), rng.uniform(0.1, 3, 2000)):
        direction = _Direction.of((0, 1, 1), columns)
        sure = np.array([direction.sureness(each, weight) for each in left])
        assert abs(sure.mean()) < 0.25
        assert 0.8 < sure.std() < 1.2
        assert sure.max() < LEAST_SURE


def test_sums_are_those_of_plain_loops():
    rng = np.random.default_rng(4)
    columns, left, weight = rng.normal(size=(90, 2)), rng.normal(size=(90, 3)), rng.random(90)
    direction = _Direction.of((0, 1, -1), columns)
    summed = columns[:, 0] - columns[:, 1]
    assert direction.bins.max() == BINS - 1
    assert (np.diff(direction.bins[np.argsort(summed)]) >= 0).all()
    for each in range(BINS):
        own = np.flatnonzero(direction.bins == each)
        expected = sum((weight[row] * left[row] for row in own), np.zeros(3))
        np.testing.assert_allclose(direction.sums(weight[:, None] * left)[each], expected)


def test_the_additive_model_is_scikit_learn_s_ridge():
    rng = np.random.default_rng(5)
    x, told, weight = rng.normal(size=(80, 4)), rng.normal(size=(80, 2)), rng.uniform(0.2, 3, 80)
    ridge = Ridge(alpha=RIDGE * weight.mean()).fit(x, told, sample_weight=weight)
    fitted = _fitted(x, told, weight)
    np.testing.assert_allclose(fitted, ridge.coef_.T, rtol=1e-8)
    left = _left_over(x, fitted, told, weight)
    np.testing.assert_allclose(left, told - ridge.predict(x), rtol=1e-8)
