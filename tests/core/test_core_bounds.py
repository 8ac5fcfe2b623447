"""Bounds of a network over boxes: held against points, finer grids and exact optimisation."""

import itertools
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from gradum.core.bounds import (
    INPUT,
    Affine,
    Box,
    Concatenated,
    Cosine,
    Gelu,
    Graph,
    Leaky,
    Node,
    Ramp,
    Relu,
    Selu,
    Sigmoid,
    Slopes,
    SmoothClip,
    Sum,
    Tanh,
    crown,
    enclosing_lines,
    folded,
    intervals,
    lower,
    optimised_lower,
    planes,
    zonotopes,
)
from gradum.core.bounds.box import FLOAT32, FLOAT64
from gradum.core.bounds.crown import traced
from gradum.core.bounds.optimised import slope_derivatives
from gradum.core.bounds.zonotope import carried
from gradum.core.models import ACTIVATIONS, Network
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.pack_codes import cosine_of_turns
from gradum.errors import SpecError

ELEMENTWISE = {
    "relu": lambda rng, n: Relu(),
    "leaky": lambda rng, n: Leaky(rng.normal(0.0, 1.5, n)),
    "sigmoid": lambda rng, n: Sigmoid(),
    "tanh": lambda rng, n: Tanh(),
    "smooth clip": lambda rng, n: SmoothClip(),
    "selu": lambda rng, n: Selu(),
    "gelu": lambda rng, n: Gelu(),
    "ramp": lambda rng, n: Ramp(rng.normal(size=n), rng.normal(0.0, 2.0, n)),
    "step": lambda rng, n: Ramp(rng.normal(size=n), rng.choice([-1.0, 1.0], n) * 10.0**4),
    "cosine": lambda rng, n: Cosine(rng.normal(size=n), rng.normal(0.0, 0.5, n)),
    "sine": lambda rng, n: Cosine(np.full(1, np.pi / 2), np.full(1, 0.5 / np.pi)),
}
seeds = st.integers(0, 2**32 - 1)
names = st.sampled_from(list(ELEMENTWISE))
widths = st.floats(-4.0, 1.5).map(lambda power: 10.0**power)


def affine(rng, fan_in, fan_out):
    weight = rng.normal(0.0, 1.3 / np.sqrt(fan_in), (fan_in, fan_out))
    return Affine(weight, rng.normal(0.0, 0.3, fan_out))


def skipping(rng, name, other):
    """Return a graph of 3 inputs and 2 outputs with a sum, a skip and two kinds of activation."""
    return Graph(
        3,
        (
            Node(affine(rng, 3, 5), (INPUT,)),
            Node(ELEMENTWISE[name](rng, 5), (0,)),
            Node(affine(rng, 5, 5), (1,)),
            Node(ELEMENTWISE[other](rng, 5), (2,)),
            Node(Sum((1.0, -1.0)), (3, 0)),
            Node(Concatenated(), (4, INPUT, 1)),
            Node(affine(rng, 13, 4), (5,)),
            Node(ELEMENTWISE[name](rng, 4), (6,)),
            Node(affine(rng, 4, 2), (7,)),
        ),
    )


def boxes(rng, count, inputs, width):
    centre = rng.normal(size=(count, inputs))
    radius = width * rng.random((count, inputs)) * (rng.random((count, inputs)) < 0.8)
    return Box(centre - radius, centre + radius)


def points(rng, box, count):
    """Return points [count, B, d] of boxes, many of them on faces and vertices."""
    share = np.clip(rng.uniform(-0.5, 1.5, (count, *box.low.shape)), 0.0, 1.0)
    return np.clip(box.low + share * (box.high - box.low), box.low, box.high)


def outside(enclosure, rows):
    """Count numbers of nodes at points [N, B, d] that lie outside their intervals."""
    count = 0
    for x in rows:
        for values, (low, high) in zip(enclosure.graph.values(x), enclosure.nodes, strict=True):
            count += np.count_nonzero((values < low) | (values > high))
    return count


@settings(max_examples=25, deadline=None)
@given(seed=seeds, name=names, other=names, width=widths)
def test_every_number_at_every_point_of_a_box_lies_within_its_bounds(seed, name, other, width):
    rng = np.random.default_rng(seed)
    graph = skipping(rng, name, other)
    box = boxes(rng, 4, 3, width)
    rows = points(rng, box, 40)
    by_intervals, by_lines = intervals(graph, box, FLOAT64), crown(graph, box, FLOAT64)
    assert outside(by_intervals, rows) == 0
    assert outside(by_lines, rows) == 0
    assert outside(zonotopes(graph, box, FLOAT64), rows) == 0
    forms = rng.normal(size=(3, 2))
    below = planes(by_lines, forms)
    least = np.maximum(lower(by_lines, forms), optimised_lower(by_lines, forms, steps=3))
    for x in rows:
        values = graph(x) @ forms.T
        plane = np.einsum("brd,bd->br", below.coefficients, x) + below.constant - below.radius
        size = 1e-14 * (1.0 + np.abs(graph(x)).sum(axis=1, keepdims=True) * np.abs(forms).sum())
        assert (plane <= values + size).all()
        assert (least <= values + size).all()


def test_a_bound_that_is_narrowed_a_little_is_found_out():
    rng = np.random.default_rng(3)
    graph = Graph(2, (Node(affine(rng, 2, 6), (INPUT,)), Node(Relu(), (0,))))
    box = boxes(rng, 4, 2, 1.0)
    enclosure = crown(graph, box, FLOAT64)
    rows = points(rng, box, 300)
    assert outside(enclosure, rows) == 0
    low, high = enclosure.nodes[0]
    enclosure.nodes[0] = Box(low, high - 1e-9 * (high - low))
    assert outside(enclosure, rows) > 0


@settings(max_examples=60, deadline=None)
@given(seed=seeds, name=names, width=widths, middle=st.floats(-20.0, 20.0))
def test_lines_of_any_slope_lie_on_their_side_and_touch(seed, name, width, middle):
    rng = np.random.default_rng(seed)
    operation = ELEMENTWISE[name](rng, 6)
    ends = np.sort(middle + width * rng.normal(size=(2, 1, 6)), axis=0)
    z = Box(*ends)
    grid = np.linspace(z.low[0], z.high[0], 801)
    values = operation.concrete(grid)
    steepest = np.abs(np.diff(values, axis=0)).max(axis=0)
    low, high = operation.interval(z)
    size = operation.sensitivity(z) + np.abs(grid).max()
    rounding = 40 * FLOAT64 * np.broadcast_to(size, z.low.shape)[0]
    assert (values >= low - rounding).all()
    assert (values <= high + rounding).all()
    assert (values.min(axis=0) <= low[0] + steepest + rounding).all()
    assert (values.max(axis=0) >= high[0] - steepest - rounding).all()
    drawn = Slopes(*(rng.normal(size=(2, 1, 6)) * 10.0 ** rng.uniform(-12, 1, (2, 1, 6))))
    for slopes in (None, drawn):
        below, least, _, above, greatest, _ = (
            line[0] for line in operation.lines(z, slopes=slopes)
        )
        under, over = values - (below * grid + least), above * grid + greatest - values
        assert (under >= -rounding).all()
        assert (over >= -rounding).all()
        room = steepest + np.abs(below) * (grid[1] - grid[0]) + 3 * rounding
        assert (under.min(axis=0) <= room).all()
        room = steepest + np.abs(above) * (grid[1] - grid[0]) + 3 * rounding
        assert (over.min(axis=0) <= room).all()


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name != "step"])
def test_linear_bounds_are_within_intervals_and_tend_to_the_values(name):
    rng = np.random.default_rng(5)
    graph = skipping(rng, name, name)
    box = boxes(rng, 5, 3, 0.1)
    wide, narrow = intervals(graph, box), crown(graph, box)
    for outer, inner in zip(wide.nodes, narrow.nodes, strict=True):
        assert (inner.low >= outer.low - 1e-12 * (1 + np.abs(outer.low))).all()
        assert (inner.high <= outer.high + 1e-12 * (1 + np.abs(outer.high))).all()
    assert (narrow.output.high - narrow.output.low).sum() < (
        wide.output.high - wide.output.low
    ).sum()
    point = crown(graph, Box(box.low, box.low)).output
    np.testing.assert_allclose(point.low, graph(box.low), atol=1e-7)
    np.testing.assert_allclose(point.high, graph(box.low), atol=1e-7)


def test_linear_bounds_are_exact_where_no_unit_changes_its_side():
    rng = np.random.default_rng(8)
    graph = skipping(rng, "relu", "leaky")
    centre = rng.normal(size=(20, 3))
    enclosure = crown(graph, Box(centre - 1e-6, centre + 1e-6))
    # There the network is linear: its least value is that at one of the vertices.
    signs = np.array(np.meshgrid(*[[-1e-6, 1e-6]] * 3)).reshape(3, -1).T
    vertices = np.array([graph(centre + sign) for sign in signs])
    np.testing.assert_allclose(enclosure.output.low, vertices.min(axis=0), atol=1e-12)
    np.testing.assert_allclose(enclosure.output.high, vertices.max(axis=0), atol=1e-12)


@pytest.mark.parametrize("name", ["leaky", "tanh", "smooth clip", "selu", "gelu", "ramp", "cosine"])
def test_derivatives_by_slopes_are_finite_differences_of_bounds(name):
    rng = np.random.default_rng(23)
    enclosure = crown(skipping(rng, name, name), boxes(rng, 3, 3, 0.3))
    forms = rng.normal(size=(2, 2))
    lines = enclosing_lines(enclosure)
    below, passed = traced(enclosure, forms, lines)
    vertex = np.where(
        below.coefficients > 0, enclosure.box.low[:, None], enclosure.box.high[:, None]
    )
    derivatives = slope_derivatives(enclosure, lines, passed, vertex)
    for place in (1, 3, 7):
        operation, (z,) = enclosure.graph.nodes[place].operation, enclosure.parents(place)
        bent = operation.bent(z)
        for side, exact in enumerate(derivatives[place]):
            way = rng.normal(size=z.low.shape) * bent

            def bound(step, side=side, way=way, place=place, operation=operation, z=z):
                slopes = [lines[place].lower_slope, lines[place].upper_slope]
                slopes[side] = slopes[side] + step * way
                changed = list(lines)
                changed[place] = operation.lines(z, slopes=Slopes(*slopes))
                return lower(enclosure, forms, changed).sum(axis=1)

            # Where two points touch at first, the bound has a kink; one side's slope will do.
            rise, fall = (bound(1e-6) - bound(0.0)) / 1e-6, (bound(0.0) - bound(-1e-6)) / 1e-6
            expected = (exact * way).sum(axis=1)
            low, high = np.minimum(rise, fall), np.maximum(rise, fall)
            assert (expected >= low - 1e-4).all()
            assert (expected <= high + 1e-4).all()


def test_optimised_slopes_bring_bounds_nearer_to_the_least_values():
    rng = np.random.default_rng(29)
    cases = [("relu", 1.0), ("tanh", 1.0), ("ramp", 1.0), ("tanh", 0.1), ("smooth clip", 0.1)]
    for name, width in cases:
        graph = skipping(rng, name, name)
        box = boxes(rng, 10, 3, width)
        enclosure, forms = crown(graph, box), np.eye(2)
        before, after = lower(enclosure, forms), optimised_lower(enclosure, forms)
        least = np.min([graph(x) for x in points(rng, box, 1000)], axis=0)
        assert (after >= before).all()
        assert (after <= least).all()
        assert (least - after).sum() < 0.75 * (least - before).sum()


def exact_least(graph, box):
    """Return the least first output of a plain ReLU network, by mixed-integer programming.

    With pre-activations z, units y = max(z, 0) and phases p in {0, 1}: y ≥ z, y ≥ 0,
    y ≤ z + M (1 − p), y ≤ M p (Tjeng, Xiao & Tedrake, ICLR 2019), with M = 1000.
    """
    layers = [node.operation for node in graph.nodes if isinstance(node.operation, Affine)]
    large, inputs = 1000.0, graph.inputs
    hidden = [len(layer.bias) for layer in layers[:-1]]
    total = inputs + 2 * sum(hidden)
    rows, least, greatest = [], [], []

    def add(row, low, high):
        rows.append(row)
        least.append(low)
        greatest.append(high)

    before, start = np.arange(inputs), inputs
    for layer in layers[:-1]:
        count = len(layer.bias)
        units, phases = start + np.arange(count), start + count + np.arange(count)
        for unit, phase, weight, bias in zip(
            units, phases, layer.weight.T, layer.bias, strict=True
        ):
            row = np.zeros(total)
            row[unit], row[before] = 1.0, -weight
            add(row.copy(), bias, np.inf)
            row[phase] = large
            add(row, -np.inf, bias + large)
            row = np.zeros(total)
            row[unit], row[phase] = 1.0, -large
            add(row, -np.inf, 0.0)
        before, start = units, start + 2 * count
    cost, whole = np.zeros(total), np.zeros(total)
    low, high = np.zeros(total), np.full(total, large)
    low[:inputs], high[:inputs] = box.low[0], box.high[0]
    start = inputs
    for count in hidden:
        whole[start + count : start + 2 * count] = 1
        high[start + count : start + 2 * count] = 1.0
        start += 2 * count
    cost[before] = layers[-1].weight[:, 0]
    result = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), least, greatest),
        integrality=whole,
        bounds=(low, high),
    )
    return result.fun + layers[-1].bias[0]


def plain(rng, *sizes):
    nodes = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if nodes:
            nodes.append(Node(Relu(), (len(nodes) - 1,)))
        nodes.append(Node(affine(rng, fan_in, fan_out), (len(nodes) - 1,)))
    return Graph(sizes[0], tuple(nodes))


def test_no_bound_contradicts_the_exact_least_of_a_tiny_network():
    rng = np.random.default_rng(11)
    gaps = []
    for _ in range(12):
        graph = plain(rng, 2, 4, 3, 1)
        box = boxes(rng, 1, 2, 1.5)
        exact = exact_least(graph, box)
        bound = crown(graph, box).output.low[0, 0]
        assert bound <= exact + 1e-6
        assert intervals(graph, box).output.low[0, 0] <= exact + 1e-6
        gaps.append(exact - bound)
    assert np.median(gaps) < 0.5  # they are bounds of these outputs, which span several units


def test_bounds_hold_for_float32_in_any_order_of_summation():
    rng = np.random.default_rng(17)
    graph = plain(rng, 6, 200, 200, 3)
    single = Graph(
        6,
        tuple(
            Node(
                Affine(
                    operation.weight.astype(np.float32).astype(np.float64),
                    operation.bias.astype(np.float32).astype(np.float64),
                )
                if isinstance(operation, Affine)
                else operation,
                node.parents,
            )
            for node in graph.nodes
            for operation in [node.operation]
        ),
    )
    x = rng.normal(size=(40, 6)).astype(np.float32)
    box = Box(x.astype(np.float64), x.astype(np.float64))
    exact, deployed = crown(single, box), crown(single, box, FLOAT32)
    z = x
    for node in single.nodes:
        if isinstance(node.operation, Affine):
            weight = node.operation.weight.astype(np.float32)
            total = np.zeros((len(z), weight.shape[1]), np.float32)
            for column in rng.permutation(weight.shape[0]):
                total += z[:, column, None] * weight[column]
            z = total + node.operation.bias.astype(np.float32)
        else:
            z = np.maximum(z, 0)
    assert ((z >= deployed.output.low) & (z <= deployed.output.high)).all()
    assert ((z < exact.output.low) | (z > exact.output.high)).any()
    assert (deployed.output.high - deployed.output.low).max() < 0.1


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_a_network_is_the_graph_of_its_layers_also_as_it_is_deployed(activation):
    rng = np.random.default_rng(31)
    network = Network(inputs=4, outputs=2, hidden=(12, 9), activation=activation)
    params = network.init(rng)
    graph = network.graph(params)
    x = rng.normal(0.0, 3.0, (300, 4)).astype(np.float32)
    point = x.astype(np.float64)
    exact = network.forward(
        {"layers": [{k: v.astype(np.float64) for k, v in p.items()} for p in params["layers"]]},
        {"dense": point},
    )
    np.testing.assert_allclose(graph(x), exact, rtol=1e-12, atol=1e-12)
    for enclosure in (crown, zonotopes):
        low, high = enclosure(graph, Box(point, point), FLOAT32).output
        for logits in (network.forward(params, {"dense": x}), network.apply(params, {"dense": x})):
            assert ((np.asarray(logits) >= low) & (np.asarray(logits) <= high)).all()
        assert (high - low).max() < 1e-3


def test_activations_are_those_of_the_models():
    rng = np.random.default_rng(19)
    z = rng.normal(0.0, 4.0, (200, 5))
    layer = InputLayer(np.zeros(5), np.ones(5), np.ones(5), True, (), ())
    raw = {"dense": z, "codes": np.zeros((200, 0), np.int32)}
    np.testing.assert_allclose(
        SmoothClip().concrete(z), layer(raw, dtype=np.float64)["dense"], rtol=1e-14
    )
    shift, slope = rng.normal(size=(2, 5))
    np.testing.assert_allclose(
        Cosine(shift, slope).concrete(z), cosine_of_turns(slope * (z - shift), np), atol=1e-12
    )


@pytest.mark.parametrize("name", list(ELEMENTWISE))
def test_a_graph_folded_within_a_box_has_its_values_and_its_bounds(name):
    rng = np.random.default_rng(41)
    graph = skipping(rng, name, "ramp")
    x = rng.normal(size=(1, 3))
    box = Box(x, x + np.array([0.0, 0.2, 0.0]))
    within = folded(graph, box, FLOAT64)
    rows = points(rng, box, 200)[:, 0]
    np.testing.assert_allclose(within(rows), graph(rows), rtol=1e-12, atol=1e-12)
    half = Box(box.low, (box.low + box.high) / 2)
    for part in (box, half):
        for whole, rest in zip(crown(graph, part).output, crown(within, part).output, strict=True):
            np.testing.assert_allclose(rest, whole, rtol=1e-6, atol=1e-9)
    assert outside(intervals(within, box, FLOAT64), rows[:, None]) == 0


def test_many_boxes_have_the_bounds_of_each_and_none_have_none(monkeypatch):
    rng = np.random.default_rng(37)
    graph = skipping(rng, "relu", "tanh")
    box = boxes(rng, 7, 3, 0.5)
    together = crown(graph, box)
    monkeypatch.setattr(import_module("gradum.core.bounds.zonotope"), "COEFFICIENTS_AT_ONCE", 1)
    for many, one in zip(together.nodes, crown(graph, box).nodes, strict=True):
        np.testing.assert_allclose(many.low, one.low, rtol=1e-9, atol=1e-9)
    nothing = crown(graph, Box(box.low[:0], box.high[:0]))
    assert lower(nothing, np.eye(2)).shape == (0, 2)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((), "no operation"),
        ((Node(Relu(), (0,)),), "takes a later one"),
        ((Node(Affine(np.ones((3, 2)), np.zeros(2)), (INPUT,)),), r"does not fit .* \[2\]"),
        ((Node(Sum((1.0, 1.0)), (INPUT,)),), "does not fit"),
    ],
)
def test_a_graph_that_does_not_fit_together_is_refused(nodes, message):
    with pytest.raises(SpecError, match=message):
        Graph(2, nodes)


@pytest.mark.parametrize("name", list(ELEMENTWISE))
def test_gradients_are_finite_differences(name):
    rng = np.random.default_rng(41)
    graph = skipping(rng, name, name)
    x, forms, way = rng.normal(size=(40, 3)), rng.normal(size=(40, 2)), rng.normal(size=(40, 3))
    gradient = graph.gradient(x, graph.values(x), forms)
    step = 1e-6 * way
    rise = ((graph(x + step) - graph(x - step)) * forms).sum(axis=1) / 2e-6
    error = np.abs((gradient * way).sum(axis=1) - rise)
    close = error <= 1e-5 * (1 + np.abs(rise))
    assert close.mean() >= 0.95  # a kink may lie between the two points


def test_zonotopes_are_those_that_linear_bounds_between_parallel_lines_give():
    rng = np.random.default_rng(43)
    graph, box = plain(rng, 3, 8, 8, 2), boxes(rng, 6, 3, 0.6)
    forward, zonotope = carried(graph, box)[:2]
    lines = []
    for place, node in enumerate(graph.nodes):
        parents = forward.parents(place)
        chord = node.operation.lines(*parents)
        slopes = None if chord is None else Slopes(chord.upper_slope, chord.upper_slope)
        lines.append(None if chord is None else node.operation.lines(*parents, slopes=slopes))
    low, high = planes(forward, np.eye(2), lines).ends(box)
    np.testing.assert_allclose(zonotope[-1].ends().low, low, rtol=1e-9)
    np.testing.assert_allclose(zonotope[-1].ends().high, high, rtol=1e-9)
