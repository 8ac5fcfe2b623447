"""Models as graphs of operations: held against their own forwards, grids and points of boxes."""

import itertools
import math

import jax
import numpy as np
import pytest
import scipy.sparse
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum.core.bounds import (
    INPUT,
    Affine,
    BentScale,
    Box,
    Draft,
    Exp,
    Graph,
    Interpolated,
    Limited,
    Log,
    Logit,
    Reciprocal,
    Relu,
    Selected,
    Slopes,
    Standardised,
    crown,
    folded,
    intervals,
    lower,
    probabilities,
    softmax,
    zonotopes,
)
from gradum.core.bounds.box import FLOAT32, FLOAT64
from gradum.core.bounds.rewriting import above, greater
from gradum.core.models import Embedding, Network
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.pack_network import PackNetwork

SINGLE = {
    "exp": (lambda rng: Exp(), (-30.0, 8.0)),
    "reciprocal": (lambda rng: Reciprocal(), (0.5, 200.0)),
    "log": (lambda rng: Log(), (1e-12, 1.0)),
    "logit": (lambda rng: Logit(), (1e-6, 1 - 1e-6)),
    "standardised": (lambda rng: Standardised(rng.normal(size=4), rng.random(4) + 0.1), (-5, 5)),
    "interpolated": (
        lambda rng: Interpolated(np.sort(rng.normal(size=5)), rng.normal(size=5)),
        (-3, 3),
    ),
    "limited": (lambda rng: Limited(*np.sort(rng.normal(size=2)).tolist()), (-3, 3)),
    "bent scale": (lambda rng: BentScale(-1.5, 2.0, *rng.random(2) + 0.05, 0.3), (-4, 4)),
}
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, name=st.sampled_from(list(SINGLE)), narrow=st.floats(-6.0, 0.0))
def test_intervals_and_lines_of_any_slope_lie_on_their_side_and_touch(seed, name, narrow):
    rng = np.random.default_rng(seed)
    make, (least, greatest) = SINGLE[name]
    operation = make(rng)
    ends = np.sort(rng.uniform(least, greatest, (2, 1, 4)), axis=0)
    z = Box(ends[0], ends[0] + 10**narrow * (ends[1] - ends[0]))
    grid = np.linspace(z.low[0], z.high[0], 1001)
    values = operation.concrete(grid)
    step = np.abs(np.diff(values, axis=0)).max(axis=0)
    rounding = 40 * FLOAT64 * (operation.sensitivity(z) + np.abs(values).max())[0]
    low, high = operation.interval(z)
    assert (values >= low - rounding).all()
    assert (values <= high + rounding).all()
    assert (low[0] >= values.min(axis=0) - step - rounding).all()
    assert (high[0] <= values.max(axis=0) + step + rounding).all()
    drawn = Slopes(*(rng.normal(size=(2, 1, 4)) * 10.0 ** rng.uniform(-3, 2, (2, 1, 4))))
    for slopes in (None, drawn):
        below, lowest, _, over, highest, _ = (line[0] for line in operation.lines(z, slopes=slopes))
        size = rounding + 40 * FLOAT64 * (np.abs(below) + np.abs(over)) * np.abs(grid).max()
        under, above_it = values - (below * grid + lowest), over * grid + highest - values
        assert (under >= -size).all()
        assert (above_it >= -size).all()
        room = step + (np.abs(below) + np.abs(over)) * (grid[1] - grid[0]) + 3 * size
        assert (under.min(axis=0) <= room).all()
        assert (above_it.min(axis=0) <= room).all()


def test_functions_are_those_of_other_libraries_and_undone_by_their_inverses():
    rng = np.random.default_rng(1)
    z = rng.uniform(0.01, 0.99, (50, 1))
    np.testing.assert_allclose(Logit().concrete(z), scipy.special.logit(z))
    curve = BentScale(-1.5, 2.0, 0.3, 1.7, 0.25)
    t = rng.uniform(-5, 5, (40, 1))
    slope = lambda s: np.interp(s, [-1.5, 2.0], [0.3, 1.7])  # noqa: E731
    fine = np.linspace(0, t, 4001)
    integral = np.trapezoid(slope(fine), fine, axis=0)
    np.testing.assert_allclose(curve.concrete(t), 0.25 + integral, atol=1e-6)
    rising = (Exp(), Log(), Logit(), curve, Affine(3 * np.eye(1), np.full(1, -2.0)))
    for operation in rising:
        assert operation.increasing
        np.testing.assert_allclose(operation.inverse(operation.concrete(z)), z, rtol=1e-12)
    assert not Affine(-np.eye(2), np.zeros(2)).increasing
    assert not Affine(np.diag([1.0, 2.0]), np.zeros(2)).increasing
    assert not Affine(np.eye(2), np.array([0.0, 1.0])).increasing
    assert not Relu().increasing


def test_nothing_is_said_of_the_logarithm_of_what_may_be_0():
    box = Box(np.array([[-1e-9, 0.5]]), np.array([[0.3, 1.0]]))
    for operation in (Log(), Logit()):
        low, high = operation.interval(box)
        assert low[0, 0] <= -1e30
        assert high[0, 0] == operation.concrete(box.high)[0, 0]
    assert Logit().interval(box).high[0, 1] >= 1e30
    lines = Logit().lines(box)
    assert (lines.lower_slope[0, 0], lines.upper_slope[0, 1]) == (0.0, 0.0)


@pytest.mark.parametrize("classes", [1, 2, 4])
def test_probabilities_are_a_softmax_and_lie_within_their_bounds(classes):
    rng = np.random.default_rng(classes)
    graph = probabilities(classes)
    x = rng.normal(0, 5, (200, classes))
    whole = x if classes > 1 else np.concatenate([np.zeros((200, 1)), x], axis=1)
    np.testing.assert_allclose(graph(x), scipy.special.softmax(whole, axis=1), rtol=1e-12)
    np.testing.assert_allclose(graph(100 * x).sum(axis=1), 1.0)
    for width in (1e-3, 0.5, 30.0):
        box = Box(x - width, x + width)
        for enclose in (intervals, crown, zonotopes):
            enclosure = enclose(graph, box, FLOAT64)
            below = lower(enclosure, np.eye(graph.widths[-1]))
            for _ in range(20):
                values = graph(box.low + rng.random(x.shape) * (box.high - box.low))
                assert (values >= enclosure.output.low).all()
                assert (values <= enclosure.output.high).all()
                assert (values >= below - 1e-12).all()


def test_questions_of_order_are_the_same_before_what_rises():
    rng = np.random.default_rng(4)
    x = rng.normal(0, 1.5, (500, 3))
    weight, calm = rng.normal(size=(3, 1)), Affine(np.eye(1) / 1.7, np.full(1, 0.2))
    curve = BentScale(-2.0, 3.0, 0.4, 1.5, -0.3)
    sums = Graph.of(3, Affine(weight, np.zeros(1)))
    graph = sums.then(Graph.of(1, curve, calm, Exp()))
    for threshold in (0.2, 1.0, 3.0):
        asked = above(graph, threshold)
        assert len(asked.nodes) == 2
        np.testing.assert_array_equal(asked(x)[:, 0] > 0, graph(x)[:, 0] > threshold)
    assert (above(graph, -1.0)(x) > 0).all()
    alone = Graph.of(1, Exp())
    np.testing.assert_array_equal(above(alone, 1.0)(x[:, :1]) > 0, x[:, :1] > 0)
    logits = Graph.of(3, Affine(rng.normal(size=(3, 3)), rng.normal(size=3)))
    scaled = logits.then(Graph.of(3, Affine(2.5 * np.eye(3), np.zeros(3))))
    mixed = logits.then(Graph.of(3, Affine(rng.normal(size=(3, 3)), np.zeros(3))))
    for first, second in itertools.permutations(range(3), 2):
        for whole in (scaled, mixed):
            values, asked = whole(x), greater(whole, first, [second])
            preferred = values[:, first] > values[:, second]
            np.testing.assert_array_equal(asked(x)[:, 0] > 0, preferred)
        assert len(greater(scaled, first, [second]).nodes) == 2
        assert len(greater(mixed, first, [second]).nodes) == 3


def test_numbers_that_are_taken_are_a_product_with_a_matrix_of_0_and_1():
    rng = np.random.default_rng(5)
    places = np.array([2, 0, 2, 3, 3])
    weight = rng.normal(size=(5, 2))
    direct = Affine(np.eye(4)[:, places] @ weight, np.zeros(2))
    first = Affine(rng.normal(size=(4, 4)), rng.normal(size=4))
    taking = Graph.of(4, first, Selected(places), Affine(weight, np.zeros(2)))
    x = rng.normal(size=(30, 4))
    box = Box(x, x + rng.random((30, 4)))
    by_lines = crown(taking, box).output
    exact = intervals(Graph.of(4, Affine(*_product(first, direct))), box).output
    np.testing.assert_allclose(by_lines.low, exact.low, atol=1e-12)
    np.testing.assert_allclose(by_lines.high, exact.high, atol=1e-12)


def _product(first, second):
    return first.weight @ second.weight, first.bias @ second.weight + second.bias


def test_a_product_that_may_be_off_is_bounded_with_what_it_may_be_off_by():
    rng = np.random.default_rng(6)
    weight, off = rng.normal(size=(3, 4)), rng.random(4)
    x = rng.normal(size=(20, 3))
    graph = Graph.of(3, Affine(weight, np.zeros(4), error=off), Affine(np.eye(4), np.zeros(4)))
    box = Box(x, x)
    for enclose in (intervals, crown):
        low, high = enclose(graph, box).output
        np.testing.assert_allclose(low, x @ weight - off, atol=1e-12)
        np.testing.assert_allclose(high, x @ weight + off, atol=1e-12)


TREATMENTS = ("sign", "one_hot", "embedding", "sparse_one_hot", "embedding", "sign")


@pytest.mark.parametrize("style", ["robust", "standard"])
def test_an_input_layer_is_a_graph_from_raw_numbers_and_levels(style):
    rng = np.random.default_rng(7)
    levels = (2, 3, 4, 3, 2, 2)
    dense = rng.normal(1e3, [1.0, 30.0, 1e-4], (60, 3))
    layer = InputLayer.fit(dense, levels, TREATMENTS, style=style)
    codes = np.stack([rng.integers(0, 1 + count, 60) for count in levels], axis=1).astype(np.int32)
    text = rng.random((60, 2))
    raw = {"dense": dense, "codes": codes, "sparse": scipy.sparse.csr_array(text)}
    known = [np.eye(1 + count)[codes[:, k]] for k, count in enumerate(levels)]
    x = np.concatenate([dense, *known, text], axis=1)
    expected = layer(raw, dtype=np.float64)
    rows = [np.eye(layer.embedding_rows)[expected["codes"][:, k]] for k in range(2)]
    parts = [expected["dense"], expected["sparse"].toarray(), rows[0] + rows[1]]
    graph = layer.graph(text=2)
    np.testing.assert_allclose(graph(x), np.concatenate(parts, axis=1), rtol=1e-13, atol=1e-13)
    assert layer.embedded_levels == (5, 3)
    single = layer(raw)
    low, high = intervals(graph, Box(x, x), FLOAT32).output
    assert (single["dense"] >= low[:, : single["dense"].shape[1]]).all()
    assert (single["dense"] <= high[:, : single["dense"].shape[1]]).all()


KINDS = {"number": ("identity", 1), "two classes": ("logit", 1), "three classes": ("logit", 3)}
LEVELS = (4, 5)
STARTS = np.array([0, 4])


def packed(kind, text=False):
    link, outputs = KINDS[kind]
    network = PackNetwork(
        members=4,
        inputs=4 + 2 + 2 * text,
        outputs=outputs,
        hidden=(6, 5),
        coded=(0, 2, 4),
        codes=4,
        link=link,
        embedding=Embedding(rows=sum(LEVELS), columns=2, size=3),
        projected=2 * text,
        pairs=((0, 2, -1), (2, 1, 1)),
    )
    rng = np.random.default_rng(8)
    params = {"layers": [{} for _ in range(3)]}
    for name, shape in network.shapes().items():
        array = rng.normal(0, 0.7, [7 if length is None else length for length in shape])
        if name.startswith("layers/"):
            _, level, part = name.split("/")
            params["layers"][int(level)][part] = array.astype(np.float32)
        else:
            params[name] = array.astype(np.float32)
    params["wave"] = np.array([0, 1, 0, 0], np.float32)
    # Ramps that rise in turn, others that overlap, steps, and some that never rise.
    params["shift"][2:] = np.sort(params["shift"][2:])
    params["slope"][0] = np.abs(params["slope"][0])
    params["slope"][2] = 1e4
    params["slope"][3] = 1 / np.maximum(np.diff(params["shift"][3], append=9.0), 1e-3)
    params["slope"][:, 1, 2:] = np.where(params["wave"][:, None] > 0, 0.5, 0.0)
    share = rng.random(4) + 0.1
    params["share"] = (share / share.sum()).astype(np.float32)
    params["sharpness"] = np.array([1.3 if link == "logit" else 1.0], np.float32)
    return network, params


def rows_of(network, count, seed=9):
    """Return rows as a pack takes them, and as its graph does."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(count, 4)).astype(np.float32)
    codes = np.stack([rng.integers(0, n, count) for n in LEVELS], axis=1)
    known = [np.eye(n)[codes[:, k]] for k, n in enumerate(LEVELS)]
    inputs = {"dense": dense, "codes": (codes + STARTS).astype(np.int32)}
    text = []
    if network.projected:
        words = scipy.sparse.random_array((count, 7), density=0.4, rng=rng, dtype=np.float32)
        inputs["sparse"], text = words.tocsr(), [words.toarray()]
    return inputs, np.concatenate([dense, *text, *known], axis=1).astype(np.float64)


def as_float64(params):
    layers = [{k: v.astype(np.float64) for k, v in layer.items()} for layer in params["layers"]]
    others = {k: v.astype(np.float64) for k, v in params.items() if k != "layers"}
    return others | {"layers": layers}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("text", [False, True])
def test_a_pack_is_a_graph_also_as_it_is_deployed(kind, text):
    network, params = packed(kind, text)
    graph = network.graph(params, LEVELS)
    inputs, x = rows_of(network, 60)
    double = inputs | {"dense": inputs["dense"].astype(np.float64)}
    exact = network.forward(as_float64(params), double)
    np.testing.assert_allclose(graph(x), exact, rtol=1e-9, atol=1e-9)
    deployed = [network.forward(params, inputs)]
    rows = network.rows(params)
    one = [rows({name: block[[k]] for name, block in inputs.items()}) for k in range(60)]
    deployed += [np.concatenate(one), rows(inputs)]
    if kind == "three classes" and network.compilable:  # one compiled program will do
        bulk, arranged = network.bulk(params)
        deployed.append(jax.jit(bulk.apply)(arranged, inputs))
    for enclose in (intervals, crown, zonotopes):
        low, high = enclose(graph, Box(x, x), FLOAT32).output
        for logits in deployed:
            assert ((np.asarray(logits) >= low) & (np.asarray(logits) <= high)).all()
        # A step is wherever rounding lets it be; beyond steps, float32 is off by little.
        assert np.median(high - low) < 0.01


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(seed=seeds, kind=st.sampled_from(list(KINDS)), width=st.floats(-4.0, 0.5))
def test_every_point_of_a_box_lies_within_a_packs_bounds_folded_or_not(seed, kind, width):
    rng = np.random.default_rng(seed)
    network, params = packed(kind)
    graph = network.graph(params, LEVELS)
    _, x = rows_of(network, 2, seed)
    reach = 10**width * rng.random(x.shape) * (rng.random(x.shape) < 0.7)
    reach[:, 4:] = 0.0  # levels move as a whole column or not at all
    low, high = x - reach, x + reach
    if rng.random() < 0.5:
        low[:, 4 : 4 + LEVELS[0]], high[:, 4 : 4 + LEVELS[0]] = 0.0, 1.0
    box = Box(low, high)
    enclosures = [enclose(graph, box, FLOAT32) for enclose in (intervals, crown, zonotopes)]
    for place in range(2):
        one = Box(low[[place]], high[[place]])
        within = folded(graph, one, FLOAT32)
        alone = crown(within, one, FLOAT32).output
        half = Box(one.low, one.low + 0.5 * (one.high - one.low))
        part = crown(within, half, FLOAT32).output
        points = one.low + rng.random((150, x.shape[1])) * (one.high - one.low)
        corners = np.where(rng.random(points.shape) < 0.5, one.low, one.high)
        points = np.concatenate([points, corners])
        values = graph(points)
        np.testing.assert_allclose(within(points), values, rtol=1e-9, atol=1e-9)
        for output in (alone, *(Box(*(end[[place]] for end in e.output)) for e in enclosures)):
            assert (values >= output.low).all()
            assert (values <= output.high).all()
        inside = half.low + rng.random((100, x.shape[1])) * (half.high - half.low)
        assert (graph(inside) >= part.low).all()
        assert (graph(inside) <= part.high).all()


def test_what_a_box_holds_is_folded_away_and_bounds_stay_as_they_were():
    network, params = packed("number")
    graph = network.graph(params, LEVELS)
    _, x = rows_of(network, 1)
    box = Box(x.copy(), x.copy())
    box.high[0, 1] += 0.05
    within = folded(graph, box)
    assert sum(within.widths) < 0.5 * sum(graph.widths)
    for whole, part in zip(crown(graph, box).output, crown(within, box).output, strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-6, atol=1e-9)
    still = folded(graph, Box(x, x))
    low, high = crown(still, Box(x, x)).output
    np.testing.assert_allclose(still(x), graph(x), rtol=1e-12)
    assert (low <= graph(x)).all()
    assert (high >= graph(x)).all()


def test_an_embedded_network_is_a_graph_of_the_rows_that_it_looks_up():
    rng = np.random.default_rng(10)
    network = Network(
        inputs=3, outputs=2, hidden=(8,), activation="tanh", embedding=Embedding(9, 2, 4)
    )
    params = network.init(rng, np.float64)
    codes = np.stack([rng.integers(0, n, 40) for n in LEVELS], axis=1)
    dense = rng.normal(size=(40, 3))
    known = [np.eye(n)[codes[:, k]] for k, n in enumerate(LEVELS)]
    exact = network.forward(params, {"dense": dense, "codes": codes + STARTS})
    x = np.concatenate([dense, *known], axis=1)
    np.testing.assert_allclose(network.graph(params, LEVELS)(x), exact, rtol=1e-12)


def test_graphs_are_put_one_behind_another():
    rng = np.random.default_rng(11)
    first = Graph.of(2, Affine(rng.normal(size=(2, 3)), rng.normal(size=3)), Relu())
    draft = Draft(3)
    one = draft.add(Affine(rng.normal(size=(3, 2)), np.zeros(2)), INPUT)
    draft.append(softmax(2), one)
    x = rng.normal(size=(20, 2))
    np.testing.assert_allclose(first.then(draft.graph())(x), draft.graph()(first(x)))
    assert math.isclose(first.then(draft.graph())(x)[0].sum(), 1.0)
