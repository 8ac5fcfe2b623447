"""Zonotopes of graphs that branch, and of what stands behind a network, held against points."""

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
    Draft,
    Exp,
    Graph,
    Interpolated,
    Limited,
    Log,
    Logit,
    Ramp,
    Reciprocal,
    Relu,
    Selected,
    Sigmoid,
    Standardised,
    Sum,
    crown,
    intervals,
    probabilities,
    softmax,
    zonotopes,
)
from gradum.core.bounds.box import FLOAT64

AROUND = {
    "exp": (Exp(), -3.0, 3.0),
    "reciprocal": (Reciprocal(), 0.2, 5.0),
    "log": (Log(), 0.0, 1.0),
    "logit": (Logit(), 0.0, 1.0),
    "standardised": (Standardised(np.full(1, 0.4), np.full(1, 1.7)), -3.0, 3.0),
    "curve": (Interpolated(np.array([-1.0, 0.5, 2.0]), np.array([3.0, 1.0, 4.0])), -3.0, 3.0),
    "limited": (Limited(-1.0, 0.5), -3.0, 3.0),
    "bent scale": (BentScale(-1.0, 2.0, 0.4, 1.9, 0.3), -3.0, 4.0),
    "bent back": (BentScale(-1.0, 2.0, 1.9, 0.4, 0.3), -3.0, 4.0),
}
"""Operations, each with where its numbers lie."""


def affine(rng, fan_in, fan_out):
    weight = rng.normal(0.0, 1.3 / np.sqrt(fan_in), (fan_in, fan_out))
    return Affine(weight, rng.normal(0.0, 0.3, fan_out))


def branching(rng, apart):
    """Return a graph of 3 inputs and 2 outputs: three branches, of which two are told apart."""
    draft = Draft(3)
    branches = []
    for _ in range(3):
        some = draft.add(Selected(rng.integers(0, 3, 4)), INPUT)
        ramps = draft.add(Ramp(rng.normal(size=4), rng.normal(0.0, 2.0, 4)), some)
        both = draft.add(Concatenated(), some, ramps, INPUT)
        hidden = draft.add(Relu(), draft.add(affine(rng, 11, 5), both))
        branches.append(draft.add(affine(rng, 5, 2), hidden))
    if apart:
        draft.add(Sum((1.0, -1.0, 1.0)), *branches)
        return draft.graph()
    inner = [draft.append(softmax(2), branch) for branch in branches]
    weight = np.kron(np.full((3, 1), 1 / 3), np.eye(2))
    mean = draft.add(Affine(weight, np.zeros(2)), draft.add(Concatenated(), *inner))
    draft.add(Log(), mean)
    return draft.graph()


def points(rng, box, count):
    share = np.clip(rng.uniform(-0.5, 1.5, (count, *box.low.shape)), 0.0, 1.0)
    return np.clip(box.low + share * (box.high - box.low), box.low, box.high)


def outside(enclosure, rows):
    count = 0
    for x in rows:
        for values, (low, high) in zip(enclosure.graph.values(x), enclosure.nodes, strict=True):
            count += np.count_nonzero((values < low) | (values > high))
    return count


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    apart=st.booleans(),
    width=st.floats(-4.0, 1.0).map(lambda power: 10.0**power),
)
def test_branches_do_not_share_what_bends_in_each(seed, apart, width):
    rng = np.random.default_rng(seed)
    graph = branching(rng, apart)
    centre, radius = rng.normal(size=(3, 3)), width * rng.random((3, 3))
    box = Box(centre - radius, centre + radius)
    rows = points(rng, box, 60)
    forward = zonotopes(graph, box, FLOAT64)
    assert outside(forward, rows) == 0
    assert outside(crown(graph, box, FLOAT64), rows) == 0
    by_intervals = intervals(graph, box, FLOAT64).output
    assert (forward.output.low >= by_intervals.low - 1e-9).all()


def test_a_branch_taken_from_itself_leaves_nothing():
    rng = np.random.default_rng(5)
    draft = Draft(2)
    hidden = draft.add(Relu(), draft.add(affine(rng, 2, 6), INPUT))
    draft.add(Sum((1.0, -1.0)), hidden, draft.add(Selected(np.arange(6)), hidden))
    box = Box(-np.ones((1, 2)), np.ones((1, 2)))
    low, high = zonotopes(draft.graph(), box).output
    assert np.abs(low).max() < 1e-12
    assert np.abs(high).max() < 1e-12


def test_what_bends_in_two_branches_does_not_cancel():
    """Of two ReLUs, less half of what each takes, |x|/2 − |y|/2 is left."""
    draft = Draft(2)
    each = [draft.add(Selected(np.array([place])), INPUT) for place in range(2)]
    halves = [draft.add(Affine(np.full((1, 1), 0.5), np.zeros(1)), place) for place in each]
    bent = [draft.add(Relu(), place) for place in each]
    draft.add(Sum((1.0, -1.0, -1.0, 1.0)), *bent, *halves)
    low, high = zonotopes(draft.graph(), Box(-np.ones((1, 2)), np.ones((1, 2)))).output
    assert low[0, 0] <= -0.5
    assert high[0, 0] >= 0.5


@pytest.mark.parametrize("name", list(AROUND))
def test_what_stands_behind_a_network_has_gradients_and_zonotopes(name):
    operation, low, high = AROUND[name]
    rng = np.random.default_rng(7)
    graph = Graph.of(1, operation)
    x = rng.uniform(low, high, (60, 1))
    gradient = graph.gradient(x, graph.values(x), np.ones((60, 1)))
    rise = (graph(x + 1e-7) - graph(x - 1e-7)) / 2e-7
    close = np.abs(gradient - rise) <= 1e-4 * (1 + np.abs(rise))
    assert close.mean() >= 0.95  # a kink may lie between the two points
    ends = np.sort(rng.uniform(low, high, (2, 9, 1)), axis=0)
    ends[:, 0] = [[low], [high]]
    box = Box(*ends)
    for bound in (zonotopes, crown):
        assert outside(bound(graph, box, FLOAT64), points(rng, box, 200)) == 0


def test_numbers_taken_twice_have_both_gradients():
    graph = Graph.of(3, Selected(np.array([2, 0, 2])))
    x, forms = np.zeros((2, 3)), np.array([[1.0, 10.0, 100.0], [2.0, 0.0, 3.0]])
    np.testing.assert_array_equal(
        graph.gradient(x, graph.values(x), forms), [[10.0, 0.0, 101.0], [0.0, 0.0, 5.0]]
    )


def test_an_error_that_is_no_rounding_widens_zonotopes():
    weight, error = np.eye(2), np.array([0.0, 0.25])
    graph = Graph.of(2, Affine(weight, np.zeros(2), error=error))
    low, high = zonotopes(graph, Box(-np.ones((1, 2)), np.ones((1, 2)))).output
    np.testing.assert_allclose([low[0], high[0]], [[-1.0, -1.25], [1.0, 1.25]], rtol=1e-12)


def test_probabilities_of_branches_stay_between_0_and_1():
    draft = Draft(2)
    rng = np.random.default_rng(9)
    first = draft.append(probabilities(1), draft.add(affine(rng, 2, 1), INPUT))
    draft.add(Sigmoid(), draft.add(affine(rng, 2, 2), first))
    box = Box(np.full((1, 2), -50.0), np.full((1, 2), 50.0))
    low, high = zonotopes(draft.graph(), box).output
    assert (low >= -1e-9).all()
    assert (high <= 1 + 1e-9).all()
