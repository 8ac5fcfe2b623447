"""Padding, sparse columns, weights, compilation, precision and repeatability of training."""

from dataclasses import replace

import jax
import numpy as np
import pytest
import scipy.sparse
from msgspec import structs
from training_problems import classification, fit, flat, regression

from gradum.core import L2, Embedding, LogLoss, Network, Problem, SquaredError
from gradum.solvers import (
    LBFGS,
    SGD,
    Adam,
    AdamW,
    Data,
    GradientDescent,
    Regime,
    train,
)
from gradum.solvers.chunk import traces


def test_padding_changes_no_number():
    # 9 columns become 10, 5 outputs 6, 7 embedding rows 8: the same problem, laid out
    # unpadded by hand, is trained with plain NumPy gradient descent.
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(37, 9)), rng.integers(0, 5, 37)
    problem = Problem(Network(9, 5), LogLoss(), L2(0.1))
    found = fit(problem, Data({"dense": x}, y), solver=GradientDescent(0.5), regime=Regime(30))
    weight, bias = np.zeros((9, 5)), np.zeros(5)
    for _ in range(30):
        residual = LogLoss().gradient(x @ weight + bias, y) / len(y)
        weight, bias = (
            weight - 0.5 * (x.T @ residual + 0.1 * weight),
            bias - 0.5 * residual.sum(axis=0),
        )
    layer = found.params["layers"][0]
    assert layer["weight"].shape == (9, 5)
    np.testing.assert_allclose(layer["weight"], weight, rtol=1e-11)
    np.testing.assert_allclose(layer["bias"], bias, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "solver", [Adam(0.01), AdamW(0.01), SGD(0.05, momentum=0.9), LBFGS()], ids=str
)
def test_padded_and_exact_shapes_train_alike(solver):
    rng = np.random.default_rng(0)
    embedding = Embedding(7, 2, 3)
    narrow = Network(9, 5, (6,), "tanh", embedding=embedding)
    inputs = {
        "dense": rng.normal(size=(50, 9)),
        "codes": rng.integers(0, 7, (50, 2)).astype(np.int32),
    }
    y = rng.integers(0, 5, 50)
    start = narrow.init(rng, np.float64)
    found = fit(
        Problem(narrow, LogLoss(), L2(0.01)),
        Data(inputs, y),
        solver=solver,
        regime=Regime(5, batch_size=8),
        start=start,
    )
    # The same with the padding in plain sight: 10 columns, of which the last is 0, are exact.
    wide = structs.replace(narrow, inputs=10, embedding=replace(embedding, rows=8))
    weight = start["layers"][0]["weight"]
    padded = {
        "layers": [
            {**start["layers"][0], "weight": np.insert(weight, 9, 0.0, axis=0)},
            start["layers"][1],
        ],
        "embedding": np.concatenate([start["embedding"], np.zeros((1, 3))]),
    }
    other = fit(
        Problem(wide, LogLoss(), L2(0.01)),
        Data(dict(inputs, dense=np.insert(inputs["dense"], 9, 0.0, axis=1)), y),
        solver=solver,
        regime=Regime(5, batch_size=8),
        start=padded,
    )
    other.params["layers"][0]["weight"] = np.delete(other.params["layers"][0]["weight"], 9, axis=0)
    other.params["embedding"] = other.params["embedding"][:7]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12),
        found.params,
        other.params,
    )


def test_sparse_columns_train_as_dense_ones():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 8)) * (rng.random((90, 8)) < 0.5)
    y = rng.normal(size=90)
    problem = Problem(Network(8, 1, (4,)), SquaredError())
    how = {"solver": Adam(0.01), "regime": Regime(4, batch_size=16)}
    dense = fit(problem, Data({"dense": x}, y), **how)
    split = {"dense": x[:, :3], "sparse": scipy.sparse.csr_array(x[:, 3:])}
    np.testing.assert_array_equal(
        flat(fit(problem, Data(split, y), **how).params), flat(dense.params)
    )


def test_whole_weights_are_repetition():
    x, y = classification(rows=60)
    weight = np.arange(60) % 4
    problem = Problem(Network(5, 1, (6,), "tanh"), LogLoss(), L2(0.1))
    how = {"solver": GradientDescent(0.3), "regime": Regime(40)}
    weighted = fit(problem, Data({"dense": x}, y, weight), **how)
    repeated = Data({"dense": np.repeat(x, weight, axis=0)}, np.repeat(y, weight))
    np.testing.assert_allclose(
        flat(weighted.params), flat(fit(problem, repeated, **how).params), rtol=1e-9
    )


def test_fits_of_like_shape_compile_once():
    fit(
        Problem(Network(11, 1, (9,)), LogLoss(), L2(1.0)),
        Data({"dense": np.zeros((300, 11), np.float32)}, np.zeros(300, int)),
        solver=Adam(),
        regime=Regime(1, batch_size=32),
    )
    before = traces()
    rng = np.random.default_rng(0)
    for rows, columns, alpha, solver in (
        (299, 11, 0.0, Adam(0.5, schedule="cosine")),
        (200, 12, 1, Adam(1, beta_1=0.5, epsilon=np.float64(1e-3))),
        (512, 11, np.float64(0.1), Adam(np.float32(0.1), beta_2=0.9)),
        (511, 12, np.float32(2.0), Adam(schedule=np.sqrt)),
    ):
        x = rng.normal(size=(rows, columns)).astype(np.float32)
        found = fit(
            Problem(Network(columns, 1, (9,)), LogLoss(), L2(alpha)),
            Data({"dense": x}, rng.integers(0, 2, rows), rng.random(rows)),
            solver=solver,
            regime=Regime(2, batch_size=32),
        )
        assert found.compile_seconds == 0.0
    assert traces() == before


@pytest.mark.parametrize("method", [GradientDescent, LBFGS])
def test_full_batches_of_like_size_compile_once(method):
    rates = [0.1, "1/L", 1] if method is GradientDescent else [None] * 3
    before = traces()
    for rows, columns, rate in zip((100, 128, 97), (13, 14, 14), rates, strict=True):
        x = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
        fit(
            Problem(Network(columns), LogLoss(), L2(1.0, np.ones(columns))),
            Data({"dense": x}, np.arange(rows) % 2),
            solver=method(rate) if rate else method(),
            regime=Regime(3, gradient_tol=1e-9 * rows),
        )
    assert traces() == before + 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_the_data_decide_the_dtype_and_nothing_leaks(dtype, batch_size):
    x, y = regression(dtype=dtype)
    events = train(
        Problem(Network(5, 1, (3,)), SquaredError()),
        Data({"dense": x}, y),
        solver=Adam(),
        regime=Regime(3, batch_size=batch_size),
    )
    for _ in events:
        assert not jax.config.jax_enable_x64
    found = fit(
        Problem(Network(5, 1, (3,)), SquaredError()),
        Data({"dense": x}, y),
        solver=Adam(),
        regime=Regime(3, batch_size=batch_size),
    )
    assert {values.dtype for values in jax.tree.leaves(found.params)} == {np.dtype(dtype)}
    assert not jax.config.jax_enable_x64
    assert jax.numpy.ones(1).dtype == np.float32


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    x, y = classification(rows=300, dtype=np.float32)

    def weights(seed):
        return flat(
            fit(
                Problem(Network(5, 1, (16,)), LogLoss()),
                Data({"dense": x}, y),
                solver=Adam(0.01),
                regime=Regime(10, batch_size=32),
                seed=seed,
            ).params
        )

    np.testing.assert_array_equal(weights(3), weights(3))
    assert np.abs(weights(3) - weights(4)).max() > 1e-3


@pytest.mark.parametrize("batch_size", [None, 32])
def test_going_on_is_never_having_stopped(batch_size):
    x, y = classification(rows=150, dtype=np.float32)
    problem = Problem(Network(5, 1, (8,)), LogLoss(), L2(0.01))
    data = Data({"dense": x}, y)

    def run(epochs, start=None):
        regime = Regime(epochs, batch_size=batch_size)
        return fit(problem, data, solver=Adam(0.01), regime=regime, start=start)

    whole = run(9)
    parts = run(4, start=run(5))
    assert (parts.iterations, parts.steps) == (whole.iterations, whole.steps)
    np.testing.assert_array_equal(flat(parts.params), flat(whole.params))


def test_starting_parameters_are_left_alone():
    x, y = regression()
    problem = Problem(Network(8, 1, (3,)), SquaredError())
    start = problem.network.init(np.random.default_rng(0), np.float64)
    before = flat(start)
    data = Data({"dense": np.pad(x, [(0, 0), (0, 3)])}, y)
    first = fit(problem, data, solver=Adam(0.1), regime=Regime(3), start=start)
    np.testing.assert_array_equal(flat(start), before)
    kept, optimizer = flat(first.params), flat(first.state.optimizer)
    fit(problem, data, solver=Adam(0.1), regime=Regime(3), start=first)
    np.testing.assert_array_equal(flat(first.params), kept)
    np.testing.assert_array_equal(flat(first.state.optimizer), optimizer)
