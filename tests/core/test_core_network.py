"""The network family: both forwards, the initial parameters, the linear case."""

import jax
import numpy as np
import pytest
import scipy.sparse
from sklearn.neural_network import MLPRegressor

from gradum.core import ACTIVATIONS, Embedding, Network
from gradum.errors import SpecError


def draw(network, rows, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    inputs = {"dense": rng.normal(size=(rows, network.inputs)).astype(dtype)}
    if network.embedding:
        shape = (rows, network.embedding.columns)
        inputs["codes"] = rng.integers(0, network.embedding.rows, shape).astype(np.int32)
    return network.init(rng, dtype), inputs


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("embedding", [None, Embedding(rows=9, columns=2, size=3)])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)])
def test_numpy_and_jax_forward_agree(activation, embedding, hidden):
    network = Network(4, 3, hidden, activation, embedding=embedding)
    params, inputs = draw(network, 17)
    with jax.enable_x64(True):
        compiled = np.asarray(jax.jit(network.apply)(params, inputs))
    assert compiled.dtype == np.float64
    np.testing.assert_allclose(network.forward(params, inputs), compiled, rtol=1e-12, atol=1e-12)
    params, inputs = draw(network, 17, dtype=np.float32)
    single = network.forward(params, inputs)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, network.apply(params, inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_forward_is_scikit_learns(activation):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    peer = MLPRegressor(
        hidden_layer_sizes=(7, 5), activation=activation, solver="lbfgs", max_iter=20_000, alpha=1.0
    ).fit(x, y)
    layers = [
        {"weight": weight, "bias": bias}
        for weight, bias in zip(peer.coefs_, peer.intercepts_, strict=True)
    ]
    logits = Network(4, 1, (7, 5), activation).forward({"layers": layers}, {"dense": x})
    np.testing.assert_allclose(logits[:, 0], peer.predict(x), rtol=1e-12, atol=1e-12)


def test_many_rows_go_block_by_block_to_the_same_numbers():
    network = Network(3, 2, (4,), embedding=Embedding(5, 1, 2))
    params, inputs = draw(network, 20_001)
    whole = network.forward(params, inputs)
    for row in (0, 8191, 8192, 20_000):
        one = {name: values[row : row + 1] for name, values in inputs.items()}
        np.testing.assert_allclose(whole[row : row + 1], network.forward(params, one), rtol=1e-12)


@pytest.mark.parametrize("hidden", [(), (6,)])
@pytest.mark.parametrize("embedding", [None, Embedding(rows=9, columns=2, size=3)])
def test_sparse_columns_follow_the_dense_ones(hidden, embedding):
    network = Network(7, 2, hidden, embedding=embedding)
    params, inputs = draw(network, 30)
    inputs["dense"][:, 4:] *= np.random.default_rng(1).random((30, 3)) < 0.3
    split = dict(inputs, dense=inputs["dense"][:, :4])
    split["sparse"] = scipy.sparse.csr_array(inputs["dense"][:, 4:])
    expected = network.forward(params, inputs)
    np.testing.assert_allclose(network.forward(params, split), expected, rtol=1e-12, atol=1e-12)


def test_an_embedding_is_the_weight_of_one_hot_columns():
    embedded = Network(2, 1, (), embedding=Embedding(rows=5, columns=1, size=3))
    params, inputs = draw(embedded, 40)
    one_hot = np.eye(5)[inputs["codes"][:, 0]]
    weight = params["layers"][0]["weight"] = np.random.default_rng(2).normal(size=(5, 1))
    table = params["embedding"]
    flat = {"layers": [{"weight": np.concatenate([weight[:2], table @ weight[2:]])}]}
    expected = Network(7, 1, intercept=False).forward(
        flat, {"dense": np.concatenate([inputs["dense"], one_hot], axis=1)}
    )
    np.testing.assert_allclose(embedded.forward(params, inputs), expected, rtol=1e-12, atol=1e-13)


def test_a_linear_model_starts_at_zero_and_has_an_intercept_unless_told_otherwise():
    params = Network(3, 2).init(np.random.default_rng(0))
    assert set(params["layers"][0]) == {"weight", "bias"}
    assert all((values == 0).all() for values in params["layers"][0].values())
    assert set(Network(3, intercept=False).init(np.random.default_rng(0))["layers"][0]) == {
        "weight"
    }
    assert Network(3).is_linear
    assert not Network(3, hidden=(2,)).is_linear
    assert not Network(3, embedding=Embedding(2, 1)).is_linear


@pytest.mark.parametrize(
    ("activation", "variance"),
    [("relu", 2 / 300), ("tanh", 2 / 700), ("logistic", 2 / 700), ("selu", 1 / 300)],
)
def test_initial_weights_have_the_variance_of_their_rule(activation, variance):
    network = Network(300, 1, (400,), activation)
    params = network.init(np.random.default_rng(0), np.float64)
    np.testing.assert_allclose(params["layers"][0]["weight"].var(), variance, rtol=0.02)


def test_unknown_activations_and_empty_layers_are_refused():
    with pytest.raises(SpecError, match="sofplus"):
        Network(1, activation="sofplus")
    with pytest.raises(SpecError, match="at least one unit"):
        Network(1, hidden=(4, 0))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_answer_is_beyond_its_bound(activation):
    embedding = Embedding(rows=7, columns=2, size=3)
    network = Network(4, 2, (6, 5), activation, embedding=embedding)
    rng = np.random.default_rng(0)
    params = network.init(rng)
    dense = 20 * rng.normal(size=(300, 4)).astype(np.float32)
    inputs = {"dense": dense, "codes": rng.integers(0, 7, (300, 2), dtype=np.int32)}
    *_, logits = network.sizes(params, np.abs(dense).max(axis=0))
    assert (np.abs(network.forward(params, inputs)) <= logits).all()
