"""Slopes and rounding errors over boxes, held against finite differences and float32."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum.core.bounds import (
    INPUT,
    Affine,
    BentScale,
    Box,
    Concatenated,
    Cosine,
    Draft,
    Exp,
    Gelu,
    Graph,
    Interpolated,
    Leaky,
    Limited,
    Log,
    Logit,
    Ramp,
    Reciprocal,
    Relu,
    Selected,
    Selu,
    Sigmoid,
    SmoothClip,
    Standardised,
    Sum,
    Tanh,
    crown,
    disorder,
    forward_error,
    intervals,
    slopes,
)
from gradum.core.bounds.box import FLOAT32, FLOAT64, UNDERFLOW, gamma

CURVES = {
    "relu": Relu(),
    "leaky": Leaky(np.array([0.3])),
    "steep": Leaky(np.array([-1.5])),
    "ramp": Ramp(np.array([-0.5]), np.array([0.8])),
    "falling ramp": Ramp(np.array([0.2]), np.array([-2.0])),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "clip": SmoothClip(),
    "selu": Selu(),
    "gelu": Gelu(),
    "cosine": Cosine(np.array([0.3]), np.array([0.4])),
    "exp": Exp(),
    "reciprocal": Reciprocal(),
    "log": Log(),
    "logit": Logit(),
    "standardised": Standardised(np.array([0.4]), np.array([1.7])),
    "curve": Interpolated(np.array([-1.0, 0.5, 2.0]), np.array([3.0, 1.0, 4.0])),
    "limited": Limited(-1.0, 0.5),
    "bent scale": BentScale(-1.0, 2.0, 0.4, 1.9, 0.3),
}


def affine(rng, fan_in, fan_out):
    weight = rng.normal(0.0, 1.3 / np.sqrt(fan_in), (fan_in, fan_out))
    return Affine(weight, rng.normal(0.0, 0.3, fan_out))


def branching(rng):
    """Return a graph of 3 inputs and 2 outputs, with branches that meet in a sum."""
    draft = Draft(3)
    branches = []
    for bent in (Relu(), Tanh()):
        some = draft.add(Selected(rng.integers(0, 3, 4)), INPUT)
        ramps = draft.add(Ramp(rng.normal(size=4), rng.normal(0.0, 2.0, 4)), some)
        both = draft.add(Concatenated(), some, ramps, INPUT)
        hidden = draft.add(bent, draft.add(affine(rng, 11, 5), both))
        branches.append(draft.add(affine(rng, 5, 2), hidden))
    draft.add(Sum((1.0, -1.0)), *branches)
    return draft.graph()


@pytest.mark.parametrize("name", list(CURVES))
def test_chords_of_a_curve_are_no_steeper_than_its_slopes(name):
    graph = Graph.of(1, CURVES[name])
    rng = np.random.default_rng(3)
    low, high = np.sort(rng.uniform(-4.0, 4.0, (2, 60, 1)), axis=0)
    if name in ("log", "logit"):
        low, high = np.sort(rng.uniform(0.0, 1.0, (2, 60, 1)), axis=0)
    box, way = Box(low, high), np.ones((1, 1))
    bounds = slopes(intervals(graph, box), Box(way, way))[-1]
    points = np.sort(rng.random((300, 60, 1)), axis=0) * (high - low) + low
    rise = np.diff(graph(points.reshape(-1, 1)).reshape(300, 60, 1), axis=0)
    run = np.diff(points, axis=0)
    error = 1e-9 * (1 + np.abs(rise) + run * np.abs(bounds.high))
    assert (rise >= bounds.low * run - error).all()
    assert (rise <= bounds.high * run + error).all()
    # They are no wider than the slopes there are, but where a curve turns within a box.
    steepest = (rise / np.maximum(run, 1e-12)).max(axis=0)
    near = (bounds.high <= steepest + 0.05 * (1 + np.abs(steepest))).mean()
    assert near > 0.5


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), width=st.floats(-3.0, 1.0).map(lambda power: 10.0**power))
def test_no_two_points_on_a_way_rise_or_fall_faster(seed, width):
    rng = np.random.default_rng(seed)
    graph = branching(rng)
    centre, radius = rng.normal(size=(4, 3)), width * rng.random((4, 3))
    box = Box(centre - radius, centre + radius)
    way = np.zeros((1, 3))
    way[0, 1] = 1.0
    x = box.low + rng.random((40, 4, 3)) * (box.high - box.low)
    other = x.copy()
    other[..., 1] = box.low[:, 1] + rng.random((40, 4)) * (box.high - box.low)[:, 1]
    run = (other - x)[..., 1:2]
    x, other = (np.where(run >= 0, *pair) for pair in ((x, other), (other, x)))
    run = np.abs(run)
    rise = (graph(other.reshape(-1, 3)) - graph(x.reshape(-1, 3))).reshape(40, 4, 2)
    for enclosure in (intervals(graph, box), crown(graph, box)):
        low, high = slopes(enclosure, Box(way, way))[-1]
        error = 1e-9 * (1 + np.abs(rise))
        assert (rise >= low * run - error).all()
        assert (rise <= high * run + error).all()


def test_weights_of_one_sign_leave_a_slope_of_exactly_0_at_least():
    rng = np.random.default_rng(5)
    draft = Draft(2)
    layer = Affine(np.abs(rng.normal(size=(2, 30))) * [[1.0], [-1.0]], rng.normal(size=30))
    hidden = draft.add(Tanh(), draft.add(layer, INPUT))
    draft.add(Sigmoid(), draft.add(Affine(np.abs(rng.normal(size=(30, 1))), np.zeros(1)), hidden))
    graph, box = draft.graph(), Box(np.full((1, 2), -9.0), np.full((1, 2), 9.0))
    for column, rises in enumerate((True, False)):
        way = np.eye(2)[column : column + 1]
        low, high = slopes(intervals(graph, box), Box(way, way))[-1]
        assert (low[0, 0] >= 0) == rises
        assert (high[0, 0] <= 0) == (not rises)
    # A single weight of the other sign, however small, is found out.
    layer.weight[0] = np.where(np.arange(30) == 3, -1e-12, 0.0)
    way = np.eye(2)[:1]
    assert slopes(intervals(graph, box), Box(way, way))[-1].low[0, 0] < 0


def test_only_what_weights_lead_to_has_a_slope():
    weight = np.array([[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]])
    graph = Graph.of(3, Affine(weight, np.zeros(2)), Relu())
    box = Box(-np.ones((1, 3)), np.ones((1, 3)))
    for column, reached in enumerate([[True, True], [False, True], [False, False]]):
        way = np.eye(3)[column : column + 1]
        low, high = slopes(intervals(graph, box), Box(-way, way))[-1]
        np.testing.assert_array_equal((low != 0) | (high != 0), [reached])


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
