"""Muon's steps against singular value decompositions."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from test_rungs_pack_program import NUMBER, batches, hyper, parameters

from gradum.rungs.pack import muon_steps


def polar(matrix):
    """U Vᵀ of each matrix."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def with_singular_values(values, shape, seed=0):
    rng = np.random.default_rng(seed)
    left, _, right = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    return (left * values) @ right


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 12, 5), (2, 5, 12)])
def test_singular_values_are_made_alike_and_directions_kept(shape):
    values = np.geomspace(1, 0.1, min(shape[1:]))
    matrix = with_singular_values(values, shape).astype(np.float32)
    said = np.asarray(muon_steps.orthogonal(matrix), np.float64)
    expected = polar(matrix.astype(np.float64))
    inner = np.linalg.svd(said, compute_uv=False)
    assert inner.min() > 0.85
    assert inner.max() < 1.15
    angle = (said * expected).sum(axis=(1, 2)) / np.linalg.norm(said, axis=(1, 2))
    assert (angle / np.linalg.norm(expected, axis=(1, 2)) > 0.99).all()


def test_the_size_of_a_gradient_does_not_count_and_none_has_no_step():
    matrix = with_singular_values(np.linspace(1, 0.1, 6), (2, 6, 6)).astype(np.float32)
    one, thousand = muon_steps.orthogonal(matrix), muon_steps.orthogonal(1000 * matrix)
    np.testing.assert_allclose(one, thousand, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(muon_steps.orthogonal(np.zeros((2, 4, 4), np.float32)), 0)


def test_a_step_s_entries_are_of_size_1():
    rng = np.random.default_rng(0)
    slope = rng.normal(size=(2, 64, 64)).astype(np.float32)
    said = np.asarray(muon_steps.step(slope, slope))
    assert np.sqrt(np.mean(said**2)) == pytest.approx(1, rel=0.15)


def test_hidden_matrices_alone_take_its_steps():
    """From the first step, whose mean of slopes is a tenth of the slope: the slope's direction."""
    params, fixed = parameters(NUMBER)
    given = jax.tree.map(lambda each: each[:1], batches(NUMBER))
    chosen = hyper(NUMBER)
    adam, _ = NUMBER.learn(NUMBER.start(params), fixed, chosen, given)
    program = replace(NUMBER, muon=0.2)
    other, _ = program.learn(program.start(params), fixed, chosen, given)
    for level, (one, two) in enumerate(
        zip(adam.params["layers"], other.params["layers"], strict=True)
    ):
        for name, value in one.items():
            changed = not np.array_equal(value, two[name])
            assert changed == (level == 1 and name == "weight")
    start = params["layers"][1]["weight"]
    rate = (chosen["learning_rate"] * given.rate[0])[:, None, None]
    decay = rate * chosen["decay"][:, None, None] * start
    moved = -(np.asarray(other.params["layers"][1]["weight"]) - start + decay) / rate
    inner = np.linalg.svd(moved, compute_uv=False) / (0.2 * max(start.shape[1:]) ** 0.5)
    assert inner.max() < 1.2
    assert np.median(inner) > 0.8
