"""Muon: what it does to hidden matrices, and that all else is Adam's."""

import jax
import numpy as np
import pytest
from training_problems import classification, fit, flat

from gradum.core import L2, Embedding, LogLoss, Network, Problem
from gradum.solvers import Adam, Data, Muon, Regime
from gradum.solvers.first_order.muon import orthogonalised


@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12)])
def test_orthogonalised_keeps_the_singular_vectors_and_levels_the_values(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    with jax.enable_x64(True):
        levelled = np.asarray(orthogonalised(jax.numpy.asarray(matrix)))
    u, sizes, v = np.linalg.svd(matrix, full_matrices=False)
    assert sizes.min() > 0.01 * np.linalg.norm(sizes)  # which is where the values are level
    inner = u.T @ levelled @ v.T
    np.testing.assert_allclose(inner, np.diag(np.diag(inner)), atol=1e-10)
    assert np.diag(inner).min() > 0.65
    assert np.diag(inner).max() < 1.25


def trained(solver, network, epochs=1, **how):
    x, y = classification(rows=80)
    inputs = {"dense": x}
    if network.embedding:
        inputs["codes"] = np.random.default_rng(5).integers(0, 6, (80, 1)).astype(np.int32)
    start = network.init(np.random.default_rng(0), np.float64)
    problem = Problem(network, LogLoss(), L2(0.01))
    regime = Regime(epochs, **how)
    return start, fit(problem, Data(inputs, y), solver=solver, regime=regime, start=start)


def test_a_hidden_matrix_turns_and_everything_else_is_adams():
    network = Network(5, 1, (6, 9), "tanh", embedding=Embedding(6, 1, 3))
    start, ours = trained(Muon(0.01), network)
    _, adam = trained(Adam(0.01), network)
    step = ours.params["layers"][1]["weight"] - start["layers"][1]["weight"]
    values = np.linalg.svd(step / (0.01 * 0.2 * np.sqrt(9)), compute_uv=False)
    assert values.max() < 1.25
    assert (values > 0.65).sum() >= 4  # a gradient's least values may be too small to be raised
    turned = ours.params["layers"][1].pop("weight")
    others = adam.params["layers"][1].pop("weight")
    assert np.abs(turned - others).max() > 1e-3
    np.testing.assert_allclose(flat(ours.params), flat(adam.params), rtol=1e-10)


@pytest.mark.parametrize("hidden", [(), (7,)])
def test_without_hidden_matrices_it_is_adam(hidden):
    network = Network(5, 1, hidden)
    ours = trained(Muon(0.02), network, epochs=5, batch_size=16)[1]
    adam = trained(Adam(0.02), network, epochs=5, batch_size=16)[1]
    np.testing.assert_allclose(flat(ours.params), flat(adam.params), rtol=1e-10)


def test_a_deep_network_learns():
    _, found = trained(Muon(0.01, schedule="cosine"), Network(5, 1, (16, 16)), epochs=60)
    assert found.history[-1].train_loss < 0.6 * found.history[0].train_loss
