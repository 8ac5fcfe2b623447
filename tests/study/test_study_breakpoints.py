"""Exact curves over a numeric column against predictions of many changed rows."""

import functools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.opened import with_crossings
from gradum.rungs.calibration import MatrixScaling
from gradum.study.explanation.breakpoints import exact_curve
from gradum.study.explanation.scale import answer_on
from gradum.study.first_layer import Opened
from packed_models import TARGETS, pack_of
from synthetic import ONCE, task

MANY = 4001


def followed(fitted, rung, scale, frame, column):
    """A row's exact curve over a column, and a function from values to its answers (n, k)."""
    row, known = frame[[7]], frame[column].drop_nulls()
    low, high = (
        row.with_columns(pl.lit(end, frame[column].dtype).alias(column))
        for end in (known.min(), known.max())
    )
    design = fitted.encoder.transform(pl.concat([row, low, high]))
    answer = answer_on(rung, scale)
    curve = exact_curve(Opened.of(rung, design), answer, column, 0, (1, 2))

    def predicted(values):
        rows = pl.concat([row] * len(values)).with_columns(pl.Series(column, values, pl.Float64))
        return answer(rung.logits(fitted.encoder.transform(rows)))

    return curve, predicted


@functools.cache
def network():
    return gradum.fit(task("amount", 400), "amount", model="mlp", **ONCE)


CALIBRATION = MatrixScaling(((1.5, 0.2, 0.0), (0.0, 0.7, -0.4), (0.1, 0.3, 1.1)), (0.2, -0.1, 0.0))


@pytest.fixture(scope="module", params=[*TARGETS, "network", "calibrated grade"])
def curve(request):
    """A pack of ramps alone with a pair of columns, for numbers and classes; and a ReLU network."""
    if request.param == "network":
        fitted, frame = network().fitted, network().run.dataset.frame
        return *followed(fitted, fitted.rung("mlp"), "target", frame, "size"), frame["size"]
    target = request.param.split()[-1]
    run = pack_of(target).run
    rung, columns = run.fitted.rung("pack"), run.fitted.encoder.layout.dense
    pairs = [{columns[one].source, columns[other].source} for one, other, _ in rung.network.pairs]
    assert any("size" in pair for pair in pairs)
    post = rung.post if request.param == target else (CALIBRATION,)
    still = {"wave": np.zeros_like(rung.params["wave"])}
    ramps = replace(rung, params=rung.params | still, post=post)
    scale = "probability" if run.fitted.classes else "target"
    frame = run.dataset.frame
    return *followed(run.fitted, ramps, scale, frame, "size"), frame["size"]


def test_a_curve_is_what_is_predicted_everywhere(curve):
    found, predicted, column = curve
    values = np.linspace(column.min(), column.max(), MANY)
    true = predicted(values)
    reach = np.ptp(true)
    np.testing.assert_allclose(found.at(values), true, rtol=1e-6, atol=1e-6 * reach)
    np.testing.assert_allclose(found.answers, predicted(found.values), atol=2e-6 * reach)
    np.testing.assert_allclose(found.values[[0, -1]], values[[0, -1]], rtol=1e-6)
    assert len(found.values) > 5


def test_nothing_is_predicted_beyond_its_extremes(curve):
    found, predicted, column = curve
    true = predicted(np.linspace(column.min(), column.max(), MANY))
    slack = found.error + 1e-6 * np.ptp(true)
    assert (true <= found.answers.max(axis=0) + slack).all()
    assert (true >= found.answers.min(axis=0) - slack).all()
    assert found.error.max() < 1e-3 * np.ptp(true)
    if true.shape[1] == 1:
        assert found.error.max() <= 1e-12 * np.abs(true).max()


def test_what_is_curved_has_no_exact_curve():
    run = pack_of("amount").run
    rung, frame = run.fitted.rung("pack"), run.dataset.frame
    waves = replace(rung, params=rung.params | {"wave": np.ones_like(rung.params["wave"])})
    assert followed(run.fitted, waves, "target", frame, "size")[0] is None
    fitted = network().fitted
    mlp = fitted.rung("mlp")
    smooth = replace(mlp, network=structs.replace(mlp.network, activation="tanh"))
    frame = network().run.dataset.frame
    assert followed(fitted, smooth, "target", frame, "size")[0] is None
    assert followed(fitted, fitted.rung("baseline"), "target", frame, "size")[0] is None


def test_dates_have_no_exact_curve():
    run = pack_of("amount").run
    rung, frame = run.fitted.rung("pack"), run.dataset.frame
    design = run.fitted.encoder.transform(frame[:3])
    opened = Opened.of(rung, design)
    assert exact_curve(opened, answer_on(rung, "target"), "day", 0, (1, 2)) is None


def test_crossings_are_put_in():
    places = np.array([0.0, 1.0, 3.0])
    sums = np.array(
        [[[1.0, -1.0], [-1.0, -1.0], [3.0, -1.0]], [[0.0, 2.0], [0.0, 1.0], [0.0, 0.0]]]
    )
    others = sums * 2
    finer, straight, twice = with_crossings(places, sums, others)
    assert finer.tolist() == [0.0, 0.5, 1.0, 1.5, 3.0]
    np.testing.assert_allclose(straight[0, :, 0], [1, 0, -1, 0, 3], atol=1e-15)
    np.testing.assert_allclose(straight[1, :, 1], [2, 1.5, 1, 0.75, 0])
    np.testing.assert_array_equal(twice, 2 * straight)


@pytest.mark.parametrize("style", ["robust", "standard"])
def test_raw_values_come_back_from_their_places(style):
    raw = np.random.default_rng(0).lognormal(size=(50, 2))
    layer = InputLayer.fit(raw, (), (), style=style)
    dense = layer({"dense": raw, "codes": np.zeros((50, 0), int)}, dtype=np.float64)["dense"]
    for column in (0, 1):
        places = layer.place(column, raw[:, column])
        np.testing.assert_allclose(places, dense[:, column], rtol=1e-12)
        np.testing.assert_allclose(layer.raw(column, places), raw[:, column], rtol=1e-9)
