"""Dropout: units are left out by chance, the others make up for it, and the seed decides."""

import jax
import numpy as np
import pytest

from gradum import MLPClassifier, MLPRegressor
from gradum.core import L2, Network, Problem, objective
from gradum.core.losses import LOSSES
from gradum.errors import SpecError
from gradum.solvers.driver import solve, train
from gradum.solvers.first_order import Adam
from gradum.solvers.rows_to_learn import Data
from gradum.solvers.solution import ChunkDone
from gradum.solvers.training_state import Regime

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3)).astype(np.float32)
Y = (X[:, 0] * X[:, 1]).astype(np.float32)
NETWORK = Network(3, 1, (16, 8), "tanh")
DATA = Data({"dense": X}, Y, np.ones(200, np.float32))


def problem(dropout):
    return Problem(NETWORK, LOSSES["squared_error"], L2(1e-3), dropout)


def trained(dropout, seed=0, **options):
    regime = Regime(max_epochs=4, batch_size=50)
    return train(problem(dropout), DATA, solver=Adam(), regime=regime, seed=seed, **options)


def weights(solution):
    return np.concatenate([layer["weight"].ravel() for layer in solution.params["layers"]])


def test_the_mean_over_the_units_left_out_is_the_layer_without_dropout():
    """Behind a single hidden layer the logit is linear in what is kept, and so is its mean."""
    network = Network(3, 1, (16,), "tanh")
    params = network.init(RNG)
    one = Problem(network, LOSSES["absolute_error"], L2(0.0), 0.4)
    target = np.full(1, -100.0, np.float32)  # far off, so that the loss is linear in the logit
    inputs = {"dense": X[:1]}
    keys = RNG.integers(2**32, size=(4_000, 2), dtype=np.uint32)
    drawn = jax.vmap(lambda key: objective(params, one, inputs, target, key=key))(keys)
    whole = objective(params, one, inputs, target)
    assert float(drawn.std()) > 0
    error = float(drawn.std()) / np.sqrt(len(keys))
    assert abs(float(drawn.mean()) - float(whole)) < 4 * error


def test_a_unit_is_left_out_as_often_as_the_dropout_says():
    """One unit of weight 1: the loss is that of 0, or that of the unit over 1 - p."""
    network = Network(1, 1, (1,), "identity", intercept=False)
    params = {
        "layers": [{"weight": np.ones((1, 1)), "bias": np.zeros(1)}, {"weight": np.ones((1, 1))}]
    }
    one = Problem(network, LOSSES["squared_error"], L2(0.0), 0.25)
    keys = RNG.integers(2**32, size=(4_000, 2), dtype=np.uint32)
    drawn = np.asarray(
        jax.vmap(
            lambda key: objective(params, one, {"dense": np.ones((1, 1))}, np.zeros(1), key=key)
        )(keys)
    )
    kept = drawn > 0
    np.testing.assert_allclose(drawn[kept], drawn.max())
    np.testing.assert_allclose(
        drawn.max() / float(objective(params, one, {"dense": np.ones((1, 1))}, np.zeros(1))),
        1 / 0.75**2,
        rtol=1e-5,
    )
    assert abs(kept.mean() - 0.75) < 4 * np.sqrt(0.75 * 0.25 / len(keys))


def test_the_seed_decides_and_the_share_matters():
    first, again, other = (weights(solve(trained(0.3, seed))) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, weights(solve(trained(0.5))))


def test_no_dropout_is_the_program_without():
    np.testing.assert_array_equal(
        weights(solve(trained(None))),
        weights(
            solve(
                train(
                    Problem(NETWORK, LOSSES["squared_error"], L2(1e-3)),
                    DATA,
                    solver=Adam(),
                    regime=Regime(max_epochs=4, batch_size=50),
                )
            )
        ),
    )
    assert not np.array_equal(weights(solve(trained(None))), weights(solve(trained(0.1))))


def test_a_training_that_was_cut_short_goes_on_to_the_same_bits():
    snapshots = []

    def hear(event):
        if isinstance(event, ChunkDone):
            snapshots.append(event.snapshot())
        return len(snapshots) == 2

    solve(trained(0.3), hear)
    resumed = solve(trained(0.3, resume=snapshots[-1]))
    np.testing.assert_array_equal(weights(resumed), weights(solve(trained(0.3))))


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_no_other_share_is_taken(share):
    with pytest.raises(SpecError, match="dropout is"):
        problem(share)


def test_estimators_hand_it_on():
    """More dropout, another net; none of it when predicting."""
    nets = [
        MLPRegressor((16,), max_iter=3, tol=0, dropout=share, random_state=0).fit(X, Y)
        for share in (0.0, 0.4)
    ]
    assert not np.array_equal(nets[0].coefs_[0], nets[1].coefs_[0])
    np.testing.assert_array_equal(nets[1].predict(X), nets[1].predict(X))
    with pytest.raises(SpecError, match=r"dropout is 1\."):
        MLPClassifier(dropout=1.0).fit(X, Y > 0)
