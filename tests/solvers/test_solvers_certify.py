"""The certificate's gradient, against autodiff."""

import jax
import numpy as np
import optax
import pytest
import scipy.sparse

from gradum.core import L2, LogLoss, Network, Problem, SquaredError, objective
from gradum.solvers import Certificate, Data, Status
from gradum.solvers.certify import certify_rows


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(
    ("loss", "outputs", "rows"),
    [
        (SquaredError(), 1, 50),
        (LogLoss(), 1, 50),
        (LogLoss(), 3, 50),
        (LogLoss(), 3, 20_000),  # in several blocks
    ],
)
def test_gradient_norm_is_autodiffs(loss, outputs, rows, intercept):
    rng = np.random.default_rng(0)
    problem = Problem(Network(6, outputs, intercept=intercept), loss, L2(0.3))
    params = jax.tree.map(lambda v: rng.normal(size=v.shape), problem.network.init(rng))
    x = rng.normal(size=(rows, 6)) * (rng.random((rows, 6)) < 0.5)
    y = rng.integers(0, 3 if outputs == 3 else 2, rows)
    weight = rng.random(rows)
    with jax.enable_x64(True):
        slope = jax.jit(jax.grad(objective))(params, problem, {"dense": x}, y, weight)
        expected = float(optax.tree.norm(slope))
    split = {"dense": x[:, :2], "sparse": scipy.sparse.csr_array(x[:, 2:])}
    for inputs in ({"dense": x}, split):
        norm = certify_rows(params, problem, Data(inputs, y, weight)).gradient_norm
        np.testing.assert_allclose(norm, expected, rtol=1e-10)


def test_every_status_advises_in_one_sentence():
    for status in Status:
        assert status.advice.endswith(".")
        assert status.advice.count(". ") == 0


def test_a_certificate_says_what_it_knows():
    assert Certificate("training").sentence == "Nothing is proved about this solution."
    sentence = Certificate("stationary", gradient_norm=1.23e-9, rank=4).sentence
    assert "1.2e-09" in sentence
    assert "rank is 4" in sentence
    assert "epoch 12" in Certificate("validation", best_epoch=12, validation_loss=0.5).sentence
