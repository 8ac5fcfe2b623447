"""Fitted models as graphs in the table's units: against predict, at points and corners of boxes."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.core.bounds import Box, Ramp, crown, folded, intervals, zonotopes
from gradum.core.bounds.box import FLOAT32, FLOAT64
from gradum.core.models import Network
from gradum.errors import ColumnError, NotCertifiableError, SpecError
from gradum.run.predicting import predict
from gradum.rungs.calibration import MatrixScaling, QuadraticScaling, TemperatureScaling
from gradum.rungs.post import PriorShift
from gradum.rungs.smearing import ResidualSpread
from packed_models import everything
from synthetic import ONCE

QUADRATIC = QuadraticScaling(-1.0, 2.0, 0.5, 1.4, 0.2)
MATRIX = MatrixScaling(((1.2, 0.1, -0.2), (0.0, 0.9, 0.1), (0.1, 0.1, 0.8)), (0.1, 0.0, -0.2))
STEPS = {
    "amount": [(), ()],
    "label": [(QUADRATIC,), (TemperatureScaling(1.7), PriorShift((0.7, 1.9)))],
    "grade": [(MATRIX,), (TemperatureScaling(0.6), PriorShift((0.5, 1.0, 2.0)))],
}


@cache
def model_of(target):
    """Return a ladder of logarithms that learns from texts too; of classes a pack without texts."""
    frame = table().drop([name for name in STEPS if name != target])
    if target == "amount":
        return gradum.fit(frame, target, log_target=True, text="note", **OPTIONS)
    return gradum.fit(frame.drop("note"), target, model="pack", **OPTIONS)


OPTIONS = ONCE | {"learning_curve": False, "categorical": "shop"}


def graph_of(target, rung):
    """Return a rung's graph; of classes, networks are drawn, over embeddings as a pack has them."""
    graph = model_of(target).graph("pack" if target != "amount" else rung)
    if rung == graph.rung.name:
        return graph
    pack, hidden = graph.rung.network, () if rung == "linear" else (8, 6)
    columns = pack.inputs - len(pack.pairs)
    network = Network(columns, pack.outputs, hidden, embedding=pack.embedding)
    params = network.init(np.random.default_rng(3))
    return replace(graph, rung=replace(graph.rung, name=rung, network=network, params=params))


def table():
    frame = everything(240)
    label = pl.when(pl.col("amount") > 21).then(pl.lit("yes")).otherwise(pl.lit("no"))
    return frame.with_columns(pl.col("amount").exp().log1p() + 1, label=label)


CELLS = [(target, rung) for target in STEPS for rung in ("linear", "mlp", "pack")]


@pytest.fixture(params=CELLS)
def graph(request):
    return graph_of(*request.param)


def answers(graph, x):
    """What the model says of inputs, as its graph does."""
    prediction = graph.predict(x)
    value = prediction.value[:, None]
    return value if prediction.probability is None else prediction.probability


def variants(graph):
    """The same with other steps behind the logits, or with predictions that are clamped."""
    target = graph.fitted.spec.target
    yield graph
    if target != "amount":
        for steps in STEPS[target]:
            yield replace(graph, rung=replace(graph.rung, post=steps))
    else:
        at = tuple(np.log([15.0, 20.0, 27.0]))
        spread = ResidualSpread(0.001, "", at, (1.3, 1.1, 0.9))
        scale = structs.replace(graph.rung.target_scale, spread=spread)
        yield replace(graph, rung=replace(graph.rung, target_scale=scale, clamp=True))


def test_it_answers_what_the_model_predicts(graph):
    frame = table()[:60]
    x = graph.inputs.encoded(frame)
    assert x.shape == (60, graph.inputs.count)
    assert graph.unit in (FLOAT32, FLOAT64)
    model = model_of(graph.fitted.spec.target)
    if graph.rung in model.fitted.rungs.values():
        expected, _ = predict(model.fitted, frame, rung=graph.rung.name)
        np.testing.assert_array_equal(graph.predict(x).value, expected.value)
    for variant in variants(graph):
        np.testing.assert_allclose(variant.answer(x), answers(variant, x), rtol=3e-6, atol=1e-9)


def test_a_baseline_looks_at_no_input():
    graph = graph_of("amount", "baseline")
    x = graph.inputs.encoded(table()[:3])
    low, high = crown(graph.answer, graph.inputs.domain, graph.unit).output
    np.testing.assert_allclose(graph.answer(x), answers(graph, x), rtol=1e-12)
    assert (low <= answers(graph, x)).all()
    assert (high >= answers(graph, x)).all()
    assert high - low < 1e-6 * high


def test_points_and_corners_of_boxes_lie_within_bounds_however_wide(graph):
    rng = np.random.default_rng(1)
    x = graph.inputs.encoded(table()[:2])
    boxes = [
        Box(x, x),
        graph.inputs.around(x, {"size": 0.3, "age": 0.3}),
        graph.inputs.around(x, {"size": 1e12, "age": 0.0}),
        graph.inputs.box(x, {"size": (40, 60), "colour": ["red", "blue"], "member": [True, False]}),
        graph.inputs.box(x, {"age": (-1e30, 1e30), "shop": ["shop 51", "shop 50", "shop 41"]}),
        graph.inputs.domain,
    ]
    box = Box(*map(np.concatenate, zip(*boxes, strict=True)))
    shape = (100, *box.low.shape)
    share = np.clip(rng.uniform(-0.5, 1.5, shape), 0, 1)  # many at corners
    points = np.clip(box.low + share * (box.high - box.low), *box)
    points = np.array([possible(graph, point, box) for point in points])
    for variant in variants(graph):
        values = answers(variant, points.reshape(-1, graph.inputs.count)).reshape(*shape[:2], -1)
        for enclose in (intervals, crown, zonotopes):
            low, high = enclose(variant.answer, box, graph.unit).output
            assert np.isfinite([low, high]).all()
            assert (values >= low).all()
            assert (values <= high).all()


def possible(graph, x, box):
    """Take for each group one of the levels that the box allows."""
    for group in graph.inputs.groups:
        choice = (x[:, group] + box.high[:, group]).argmax(axis=1)
        x[:, group] = np.eye(len(group))[choice]
    return x


@pytest.mark.parametrize(
    "graph", [cell for cell in CELLS if cell[0] != "amount"], indirect=True, ids=str
)
def test_a_class_that_is_certified_is_predicted_at_every_point(graph):
    rng = np.random.default_rng(2)
    x = graph.inputs.encoded(table()[:8])
    classes = range(len(graph.fitted.classes))
    for variant in variants(graph):
        predicted = variant.predict(x).value
        certified = 0
        for width in (0.01, 5.0):
            box = graph.inputs.around(x, {"size": width, "age": width})
            least = np.full(len(x), np.inf)
            for first in classes:
                bound = crown(variant.margin(first), box, graph.unit).output.low.min(axis=1)
                least = np.where(predicted == first, bound, least)
            points = box.low + rng.random((100, *x.shape)) * (box.high - box.low)
            values = variant.predict(points.reshape(-1, graph.inputs.count)).value.reshape(100, -1)
            assert (values == predicted)[:, least > 0].all()
            certified += (least > 0).sum()
        assert certified >= 4


def test_inputs_have_names_sources_groups_and_thresholds(graph):
    names, x = graph.inputs.names, graph.inputs.encoded(table()[:30])
    assert len(names) == len(set(names)) == graph.inputs.count == len(graph.inputs.sources)
    assert names[:3] == ("size", "age", "age missing")
    assert {"size", "age", "colour", "member", "shop", "day"} <= set(graph.inputs.sources)
    for group in graph.inputs.groups:
        np.testing.assert_array_equal(x[:, group].sum(axis=1), 1.0)
    shop = [names[place] for place in graph.inputs.groups[1]]
    assert shop[0] == "shop=(unknown)"
    assert "shop=shop 51" in shop
    missing = table()[:30]["age"].is_null().to_numpy()
    np.testing.assert_array_equal(x[:, names.index("age missing")] == 1, missing)
    low, high = graph.inputs.domain
    kept = ~np.isin(graph.inputs.sources, ["size", "age", "day", "note"])
    assert ((low[0] <= x) & (x <= high[0]))[:, kept].all()
    assert (low[0, 0], high[0, 0]) == graph.fitted.encoder.ranges["size"]
    thresholds = dict(graph.thresholds)
    corners = thresholds.get(0, [])
    assert (np.diff(corners) > 0).all()
    assert (len(corners) > 0) == (graph.rung.name == "pack")
    assert not any(place in thresholds for group in graph.inputs.groups for place in group)


def test_between_thresholds_only_waves_bend():
    graph = graph_of("amount", "pack")
    x, corners = graph.inputs.encoded(table()[:1]), dict(graph.thresholds)[0]
    inner = corners[(corners > 30) & (corners < 70)]
    wide = np.argmax(np.diff(inner))
    low, high = inner[wide : wide + 2]
    ends = low + 1e-3 * (high - low), high - 1e-3 * (high - low)
    for (least, greatest), bends in ((ends, False), ((low - 1e-3, high + 1e-3), True)):
        enclosure = intervals(graph.answer, graph.inputs.box(x, {"size": (least, greatest)}))
        ramps = [
            node.operation.bent(*enclosure.parents(place)).any()
            for place, node in enumerate(graph.answer.nodes)
            if isinstance(node.operation, Ramp)
        ]
        assert any(ramps) == bends


def test_a_row_that_is_missing_stays_so_unless_it_is_given_values():
    graph = graph_of("label", "pack")
    frame = table().filter(pl.col("age").is_null())[:2]
    x = graph.inputs.encoded(frame)
    value, flag = graph.inputs.names.index("age"), graph.inputs.names.index("age missing")
    around = graph.inputs.around(x, {"age": 5.0})
    np.testing.assert_array_equal(around.low[:, value], around.high[:, value])
    np.testing.assert_array_equal(graph.inputs.around(x, {"size": 0.0}), [x, x])
    box = graph.inputs.box(x, {"age": (20, 30)})
    assert (box.low[:, [value, flag]] == [20, 0]).all()
    assert (box.high[:, [value, flag]] == [30, 0]).all()
    (colours,) = [
        group for group in graph.inputs.groups if graph.inputs.sources[group[0]] == "colour"
    ]
    red = graph.inputs.box(x, {"colour": ["red"]})
    np.testing.assert_array_equal(red.low[:, colours], red.high[:, colours])
    assert red.low[0, graph.inputs.names.index("colour=red")] == 1.0


def test_folding_within_a_box_leaves_the_bounds():
    graph = graph_of("amount", "pack")
    x = graph.inputs.encoded(table()[:1])
    box = graph.inputs.around(x, {"size": 0.5})
    within = folded(graph.answer, box, graph.unit)
    assert sum(within.widths) < 0.6 * sum(graph.answer.widths)
    whole, part = (crown(it, box, graph.unit).output for it in (graph.answer, within))
    assert (part.high - part.low <= 1.05 * (whole.high - whole.low)).all()
    values = graph.predict(box.low + np.linspace(0, 1, 50)[:, None] * (box.high - box.low)).value
    assert (values >= part.low[0]).all()
    assert (values <= part.high[0]).all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"sise": (1, 2)}, ColumnError, "'size'"),
        ({"amount": (1, 2)}, ColumnError, "does not use column 'amount'"),
        ({"size": (2, 1)}, SpecError, "no range"),
        ({"size": (0, float("nan"))}, SpecError, "no range"),
        ({"size": "12"}, SpecError, "no range"),
        ({"colour": ["pink"]}, SpecError, "no level 'pink'"),
        ({"colour": []}, SpecError, "no levels"),
        ({"colour": "red"}, SpecError, "list of the levels"),
        ({"member": [2]}, SpecError, "True, False"),
        ({"day": (1, 2)}, NotCertifiableError, "not certifiable"),
        ({"note": ["red"]}, NotCertifiableError, "not certifiable"),
    ],
)
def test_changes_that_mean_nothing_are_refused(changes, error, message):
    graph = graph_of("amount", "linear")
    x = graph.inputs.encoded(table()[:1])
    with pytest.raises(error, match=message):
        graph.inputs.box(x, changes)


def test_what_else_is_refused():
    rng = np.random.default_rng(4)
    graph = graph_of("label", "pack")
    x = graph.inputs.encoded(table()[:1])
    with pytest.raises(ColumnError, match="not numeric"):
        graph.inputs.around(x, {"colour": 1.0})
    with pytest.raises(SpecError, match="from 0 up"):
        graph.inputs.around(x, {"size": -1.0})
    with pytest.raises(SpecError, match="different places among 2"):
        graph.margin(0, 2)
    with pytest.raises(SpecError, match="no margin of class 1 over 1"):
        graph.margin(1, 1)
    with pytest.raises(SpecError, match="no margin of class 0 over"):
        graph_of("amount", "linear").margin(0)
    graph = graph_of("amount", "mlp")
    network = structs.replace(graph.rung.network, outputs=3)
    quantiles = replace(graph, rung=replace(graph.rung, network=network, params=network.init(rng)))
    with pytest.raises(NotCertifiableError, match="several quantiles"):
        _ = quantiles.answer
