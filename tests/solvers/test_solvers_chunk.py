"""Buckets, and the way into padded shapes and back."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradum.core import (
    L2,
    Embedding,
    LogLoss,
    Network,
    Problem,
    Quantile,
    SquaredError,
)
from gradum.solvers.chunk import bucket, pad_params, pad_problem, unpad_params


@given(st.integers(0, 10**7), st.sampled_from([1, 2, 4]))
def test_a_bucket_holds_its_size_and_little_more(size, per_octave):
    rounded = bucket(size, per_octave=per_octave)
    assert size <= rounded <= max(size, (1 + 1 / per_octave) * size)
    assert bucket(rounded, per_octave=per_octave) == rounded


def test_buckets_are_few():
    assert [bucket(size) for size in (1, 7, 9, 17, 33, 100, 1000)] == [1, 7, 10, 20, 40, 112, 1024]
    assert len({bucket(size) for size in range(1, 1025)}) == 4 + 4 * 8
    assert len({bucket(size, per_octave=2) for size in range(1, 1025)}) == 2 + 2 * 9


@pytest.mark.parametrize(
    "network",
    [
        Network(9),
        Network(9, 5),
        Network(9, 5, intercept=False),
        Network(9, 5, (4,)),
        Network(0, 1, (4,), embedding=Embedding(13, 2, 3)),
        Network(33, 7, (4, 3), embedding=Embedding(13, 2, 3)),
    ],
)
def test_there_and_back_is_the_identity_and_the_logits_are_the_same(network):
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda v: rng.normal(size=v.shape), network.init(rng, np.float64))
    padded = pad_problem(Problem(network, LogLoss())).network
    wide = pad_params(params, network, padded)
    shapes = jax.tree.map(np.shape, wide)
    assert shapes == jax.tree.map(np.shape, padded.init(rng))
    back = unpad_params(wide, network, padded)
    jax.tree.map(np.testing.assert_array_equal, back, params)

    inputs = {"dense": rng.normal(size=(6, network.inputs))}
    if network.embedding:
        inputs["codes"] = rng.integers(0, 13, (6, 2))
    logits = network.forward(params, inputs)
    extra = padded.inputs - network.inputs
    wide_logits = padded.forward(
        wide, dict(inputs, dense=np.pad(inputs["dense"], [(0, 0), (0, extra)]))
    )
    np.testing.assert_allclose(wide_logits[:, : network.outputs], logits, rtol=1e-12)
    assert (np.exp(wide_logits[:, network.outputs :] - logits.max()) == 0).all()


def test_factors_cover_every_row_of_the_first_weight():
    network = Network(9, embedding=Embedding(13, 2, 3))
    penalty = pad_problem(Problem(network, SquaredError(), L2(0.1, np.arange(9.0)))).penalty
    np.testing.assert_array_equal(penalty.factor, [*range(9), *[1.0] * 7])


@pytest.mark.parametrize("loss", [LogLoss(0.1), Quantile((0.1, 0.3, 0.5, 0.7, 0.9))])
def test_no_output_is_added_where_the_loss_would_see_it(loss):
    assert pad_problem(Problem(Network(9, 5), loss)).network.outputs == 5
