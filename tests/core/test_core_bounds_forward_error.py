"""Bounds of what rounding does to outputs, held against networks computed in float32."""

from itertools import pairwise

import numpy as np
import pytest

from gradum.core.bounds import (
    Affine,
    Box,
    Graph,
    Limited,
    Ramp,
    Relu,
    Selected,
    Standardised,
    Tanh,
    disorder,
    forward_error,
    intervals,
)
from gradum.core.bounds.rounding import FLOAT32, FLOAT64, UNDERFLOW, gamma


def dense(rng, *widths):
    """Return layers with biases, whose numbers float32 has."""

    def drawn(*size):
        return rng.normal(size=size).astype(np.float32).astype(np.float64)

    return [Affine(drawn(*pair), drawn(pair[1])) for pair in pairwise(widths)]


def in_single(rng, graph, x):
    """Compute a row of operations in float32, each sum in an order of its own."""
    for node in graph.nodes:
        operation = node.operation
        if isinstance(operation, Affine):
            order = rng.permutation(len(operation.weight))
            x = np.cumsum(
                x[:, order, None] * operation.weight[order].astype(np.float32),
                axis=1,
                dtype=np.float32,
            )[:, -1] + operation.bias.astype(np.float32)
        else:
            x = operation.concrete(x).astype(np.float32)
    return x


@pytest.mark.parametrize("activation", [Relu, Tanh])
@pytest.mark.parametrize("size", [1e-20, 1.0, 1e20])
def test_networks_in_single_precision_err_by_no_more(activation, size):
    rng = np.random.default_rng(0)
    first, second, last = dense(rng, 4, 20, 20, 2)
    last = Affine(size * last.weight, size * last.bias)
    graph = Graph.of(4, first, activation(), second, activation(), last)
    low = rng.normal(size=(8, 4))
    box = Box(low, low + rng.uniform(0, 0.5, (8, 4)))
    bound = forward_error(intervals(graph, box, FLOAT32), FLOAT32)
    for _ in range(50):
        x = rng.uniform(*box).astype(np.float32)
        inside = ((x >= box.low) & (x <= box.high)).all(axis=1)
        error = np.abs(in_single(rng, graph, x) - graph(x))
        assert (error <= bound)[inside].all()
    assert (bound < 1e-3 * size).all()


def test_the_error_of_one_sum_is_that_of_the_books():
    weight, bias = np.array([[2.0], [-3.0]]), np.array([5.0])
    box = Box(np.array([[1.0, -4.0]]), np.array([[1.5, 2.0]]))
    enclosure = intervals(Graph.of(2, Affine(weight, bias)), box, FLOAT32)
    expected = gamma(4, FLOAT32) * (2 * 1.5 + 3 * 4 + 5) + UNDERFLOW[FLOAT32]
    np.testing.assert_allclose(forward_error(enclosure, FLOAT32), [[expected]], rtol=1e-12)


def test_what_is_computed_in_double_precision_errs_by_less():
    halves = Graph.of(1, Affine(np.full((1, 1), 0.5), np.zeros(1)))
    box = Box(np.ones((1, 1)), np.ones((1, 1)))
    both = halves.then(halves.computed_in(FLOAT64))
    errors = [forward_error(intervals(graph, box, FLOAT32), FLOAT32) for graph in (halves, both)]
    np.testing.assert_allclose(errors[1], errors[0] / 2, rtol=1e-6)


def test_a_limit_rounds_no_number_by_the_size_of_the_other_end():
    limited = Graph.of(1, Limited(-1e30, 1e30))
    box = Box(np.full((1, 1), 1e-3), np.full((1, 1), 2e-3))
    low, high = intervals(limited, box, FLOAT64).output
    np.testing.assert_allclose([low, high], box, rtol=1e-14)


def test_steep_codes_keep_their_order_though_rounding_moves_them_far():
    rng = np.random.default_rng(1)
    shift = np.sort(rng.uniform(-1, 1, 30))
    ramp = Ramp(shift, np.full(30, 1e7))
    weight = rng.uniform(0, 1, (30, 1)).astype(np.float32).astype(float)
    scale = Standardised(np.full(1, 0.3), np.full(1, 0.7))
    graph = Graph.of(1, scale, Selected(np.zeros(30, int)), ramp, Affine(weight, np.zeros(1)))
    box = Box(np.full((1, 1), -1.0), np.ones((1, 1)))
    x = np.sort(rng.uniform(-1, 1, 20_000))[:, None]
    z = ((x - 0.3) / 0.7).astype(np.float32)
    codes = np.clip(np.float32(1e7) * (z - shift.astype(np.float32)), 0, 1) - np.float32(0.5)
    computed = np.cumsum(codes * weight[:, 0].astype(np.float32), axis=1, dtype=np.float32)[:, -1]
    fall = (np.maximum.accumulate(computed) - computed).max()
    assert fall < 1e-5
    enclosure = intervals(graph, box, FLOAT32)
    assert forward_error(enclosure, FLOAT32)[0, 0] > 1.0
    assert fall <= 2 * disorder(enclosure, FLOAT32)[0, 0] < 1e-3
