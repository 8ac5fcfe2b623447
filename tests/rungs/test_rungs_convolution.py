"""Convolutional networks as a rung: what they learn, and how they are trained."""

from types import SimpleNamespace

import jax
import numpy as np
import polars as pl
import pytest

import gradum
from gradum.core.losses import SquaredError, learned_loss
from gradum.core.models.convolution import GridLayers
from gradum.errors import NotCertifiableError, SpecError
from gradum.rungs.context import Context
from gradum.rungs.convolution.augment import Augmentation
from gradum.rungs.convolution.fit import fit_convolution
from gradum.rungs.convolution.inputs import ConvolutionInputs, layers_for
from gradum.rungs.convolution.kind import ConvolutionKind
from gradum.rungs.convolution.program import ConvolutionProgram, orthogonalised
from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.names import BASELINE, LADDER
from gradum.rungs.registry import look_at_grids
from gradum.rungs.rows import Rows
from gradum.solvers.first_order import muon
from gradum.solvers.solution import Status
from gradum.study.certified.rung_graph import logits
from gradum.tables.kinds.blocks import cells_of
from gradum.tables.kinds.design import Design, Feature, GridColumn, Layout
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from grids import pictures

SIDE = 12
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
OBLIQUE = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool)
SPEC = ConvolutionSpec(
    members=1,
    folds=4,
    epochs=8,
    coarse_filters=4,
    fine_filters=8,
    hidden_units=16,
    batch_size=32,
    seen_whole=0,
    label_smoothing=0.0,
)


def planted(rows, seed=0):
    """Upright (1) and oblique crosses (0) of five pixels, somewhere in noise, and a number."""
    rng = np.random.default_rng(seed)
    grids = rng.integers(0, 60, (rows, SIDE, SIDE, 1)).astype(np.uint8)
    cross = rng.random(rows) < 0.5
    for grid, which in zip(grids, cross, strict=True):
        i, j = rng.integers(0, SIDE - 2, 2)
        shape = CROSS if which else OBLIQUE
        grid[i : i + 3, j : j + 3, 0][shape] = 255
        grid[i : i + 3, j : j + 3, 0][~shape] = 0
    return grids, cross.astype(np.int64), rng.normal(size=rows)


def rows_of(grids, target, classes, number):
    layout = Layout(
        (Feature("number", "number", "value"), Feature("photo 1", "photo", "grid")),
        (),
        (),
        (GridColumn("photo", *grids.shape[1:]),),
    )
    arrays = {
        "dense": np.column_stack([number, grids.mean(axis=(1, 2, 3))]),
        "codes": np.zeros((len(grids), 0), np.int32),
        "grids": cells_of([grids]),
    }
    return Rows(Design(arrays, layout), target, np.ones(len(grids)), classes)


@pytest.fixture(scope="module")
def learned():
    grids, cross, number = planted(800)
    rows = rows_of(grids, cross, 2, number)
    heard = []
    context = Context(seed=1, tell=heard.append)
    rung = fit_convolution(rows, np.zeros(800, bool), SPEC, context, log_target=False)
    return rows, rung, heard


def fitted(rows, spec=SPEC, **context):
    held = np.zeros(len(rows), bool)
    return fit_convolution(rows, held, spec, Context(seed=1, **context), log_target=False)


def test_it_finds_a_pattern_wherever_it_is_and_pixels_do_not(learned):
    _, rung, _ = learned
    grids, cross, number = planted(400, seed=1)
    right = rung.predict(rows_of(grids, cross, 2, number).design).value == cross
    assert right.mean() > 0.9
    pixels, target = (part.astype(np.float64) for part in planted(800)[:2])
    flat = np.column_stack([np.ones(800), pixels.reshape(800, -1)])
    weight = np.linalg.lstsq(flat, target, rcond=None)[0]
    said = np.column_stack([np.ones(400), grids.reshape(400, -1)]) @ weight > 0.5
    assert (said == cross).mean() < 0.7


def test_held_out_rows_decide_whether_grids_are_shown_mirrored(learned):
    """Crosses stay what they are; a stroke that rises becomes one that falls."""
    _, rung, _ = learned
    assert rung.settings["mirrored"] == [True]
    grids, rises, number = planted(400, seed=2)
    for grid, up in zip(grids, rises, strict=True):
        grid[grid > 60] = 0
        at = np.arange(2, SIDE - 2)
        grid[at, SIDE - 1 - at if up else at] = 255
    assert fitted(rows_of(grids, rises, 2, number)).settings["mirrored"] == [False]
    mirrored = Augmentation(0, 0, 0, 0, mirrored=True)(grids, np.random.default_rng(0))
    turned = (mirrored == grids[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (mirrored == grids).all(axis=(1, 2, 3))
    assert (turned | kept).all()
    assert 0.4 < turned.mean() < 0.6


def test_it_tells_each_epoch_and_keeps_its_course(learned):
    _, rung, heard = learned
    assert [event.epoch for event in heard] == list(range(1, len(rung.history) + 1))
    assert len(heard) == SPEC.epochs_for(600, series=False)
    assert rung.network.members == 1
    best = min(entry["validation_loss"] for entry in rung.history)
    assert rung.certificate.validation_loss == pytest.approx(best, rel=1e-6)


def test_why_nothing_is_proved_of_it(learned):
    rows, rung, _ = learned
    with pytest.raises(NotCertifiableError, match="pixels"):
        logits(rung, SimpleNamespace(layout=rows.design.layout))


def test_it_leaves_out_what_was_measured_of_grids(learned):
    rows, rung, _ = learned
    assert rung.network.left_out == (1,)
    arrays = dict(rows.design.arrays)
    arrays["dense"] = arrays["dense"] * [1.0, 0.0]
    same = rung.logits(Design(arrays, rows.design.layout))
    np.testing.assert_array_equal(same, rung.logits(rows.design))


@pytest.mark.slow
def test_numbers_join_the_picture():
    grids, _, number = planted(400)
    rows = rows_of(grids, 3 * number, None, number)
    rung = fitted(rows, replace_spec(epochs=16, masked=0.0))
    said = rung.predict(rows.design).value
    assert np.corrcoef(said, rows.target)[0, 1] > 0.9
    assert rung.loss == SquaredError().name
    assert rung.spread is not None


def replace_spec(**fields):
    return ConvolutionSpec(
        **{name: getattr(SPEC, name) for name in SPEC.__struct_fields__} | fields
    )


@pytest.fixture(scope="module")
def step(learned):
    """The program of the fit, its inputs, and a batch of them."""
    rows, *_ = learned
    loss, some = learned_loss(2), np.arange(32)
    inputs = ConvolutionInputs.of(rows, SPEC, loss, rows.target)
    program = ConvolutionProgram(inputs.network, loss, SPEC.decay, SPEC.column_rate, 0.0)
    return program, inputs, inputs.batch(some, inputs.grids(some))


def test_a_trained_network_is_what_learned_with_the_same_means(step):
    """Means and variances go into filters and shifts, and nothing else changes."""
    program, inputs, batch = step
    state = program.start(np.random.default_rng(0))
    before = jax.device_get(state.params)
    state, loss = program.learn(state, inputs.fixed, batch, np.float32(0.0))
    trained = program.trained(state, inputs.fixed, 1)
    after = jax.device_get(state.params)
    assert jax.tree.all(jax.tree.map(np.array_equal, before, after))  # a step of length 0
    few = {name: block[:32] for name, block in inputs.inputs.items()}
    logits = program.network.forward(trained, few).astype(np.float64)
    losses = program.loss.value(logits, batch.target)
    assert float(loss) == pytest.approx(float(losses.mean()), rel=1e-4)


def test_rows_without_weight_teach_nothing(step):
    program, inputs, batch = step
    weight = (np.arange(32) % 2).astype(np.float32)
    after = []
    for target in (batch.target, np.where(weight > 0, batch.target, 1 - batch.target)):
        state = program.start(np.random.default_rng(0))
        told = batch._replace(target=target, weight=weight)
        state, _ = program.learn(state, inputs.fixed, told, np.float32(0.01))
        after.append(program.trained(state, inputs.fixed, 1))
    assert jax.tree.all(jax.tree.map(np.array_equal, *after))


@pytest.mark.parametrize("shape", [(40, 6), (5, 8), (9, 9)])
def test_steps_of_tall_matrices_are_muon_s(shape):
    matrix = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = muon.orthogonalised(matrix)
    np.testing.assert_allclose(orthogonalised(matrix), expected, rtol=1e-3, atol=1e-4)


def test_grids_are_halved_until_few_places_are_left():
    def places(shape):
        height, width, _ = shape
        for layer in layers_for(shape, ConvolutionSpec()):
            height, width = -(-height // layer.stride), -(-width // layer.stride)
        return height, width

    assert places((28, 28, 1)) == (7, 7)
    assert places((48, 48, 3)) == (6, 6)
    assert places((64, 100, 1)) == (4, 7)
    assert places((8, 8, 1)) == (8, 8)
    assert places((1, 1, 1)) == (1, 1)
    assert places((1, 128, 3)) == (1, 16)


def test_filters_of_series_are_one_row_high_and_longer():
    layers = GridLayers(1, 100, 3, layers_for((1, 100, 3), ConvolutionSpec()))
    assert [filters[:2] for filters in layers.filter_shapes] == [(1, 9)] * 4
    assert layers.sizes[-1] == (1, 13, 64)
    assert layers.products == 9 * (50 * 3 * 32 + 25 * 32 * 32 + 13 * 32 * 64 + 13 * 64 * 64)


def test_series_get_more_epochs_and_many_rows_as_many_as_pictures_do():
    spec = ConvolutionSpec()
    epochs = [spec.epochs_for(rows, series=False) for rows in (1, 20_000, 80_000)]
    assert epochs == [12, 12, 6]
    assert [spec.epochs_for(rows, series=True) for rows in (1, 800, 3_200)] == [60, 60, 30]
    assert spec.epochs_for(80_000, series=True) == 6


def test_a_series_is_moved_and_hidden_in_time_alone():
    ramp = np.broadcast_to(np.arange(40, dtype=np.uint8)[None, :, None] * 5, (300, 1, 40, 2))
    shown = Augmentation(0.1, 0.1, 0.6, 255)(ramp, np.random.default_rng(0))
    hidden = (shown == 255).all(axis=3).mean(axis=(1, 2))
    assert 0 < hidden.mean() < hidden.max() <= 0.6 + 1 / 40
    seen = np.where(shown == 255, np.nan, shown)
    assert (
        np.isnan(seen[:, :, 1:]) | np.isnan(seen[:, :, :-1]) | (np.diff(seen, axis=2) >= 0)
    ).all()


def test_augmentation_moves_and_hides_within_its_bounds():
    rng = np.random.default_rng(0)
    grids = rng.integers(0, 256, (6, 9, 20, 2)).astype(np.uint8)
    np.testing.assert_array_equal(Augmentation(0, 0, 0, 7)(grids, rng), grids)
    even = np.full((200, 10, 20, 1), 90, np.uint8)
    shown = Augmentation(0.2, 0.3, 0.3, 0)(even, rng)
    hidden = (shown == 0).mean(axis=(1, 2, 3))
    assert set(np.unique(shown)) == {0, 90}
    assert 0 < hidden.mean() < hidden.max() <= 0.3 + 0.3
    ramp = np.broadcast_to(np.arange(20, dtype=np.uint8)[:, None, None] * 10, (50, 20, 3, 1))
    moved = Augmentation(0.1, 0.0, 0.0, 0)(ramp, rng).astype(int) - ramp
    assert np.abs(moved).max() <= 20
    assert len(np.unique(moved[:, 10])) > 10


def test_further_networks_learn_from_all_rows_and_those_cut_short_are_left_out(learned):
    rows, *_ = learned
    spec, heard = replace_spec(members=3, epochs=1), []
    whole = fitted(rows, spec, tell=heard.append)
    assert [event.validation_loss is None for event in heard] == [False, True, True]
    assert [event.step for event in heard] == [18, 43, 68]
    assert (whole.network.members, whole.status) == (3, Status.COMPLETED)
    told = []
    cut = fitted(rows, spec, tell=told.append, stop=lambda: len(told) == 1)
    assert (cut.network.members, cut.status) == (1, Status.INTERRUPTED)
    one = {name: array[0] for name, array in cut.params["layers"][0].items()}
    same = {name: array[0] for name, array in whole.params["layers"][0].items()}
    assert jax.tree.all(jax.tree.map(np.array_equal, one, same))


def test_a_stopped_fit_predicts_and_says_so(learned):
    rows, *_ = learned
    rung = fitted(rows, stop=lambda: True)
    assert rung.status is Status.INTERRUPTED
    assert rung.network.members == 1
    assert np.isfinite(rung.logits(rows.design)).all()


def test_tables_without_grids_are_none_of_its_business():
    assert ConvolutionKind().lacks(grids=False)
    assert not ConvolutionKind().lacks(grids=True)


SHAPES = np.stack([np.sin(np.arange(12) / 12 * turns) for turns in (6.28, -6.28)])


def planted_in_time(rows, seed):
    """One of two bumps somewhere in a walk, and a number, in a table."""
    rng = np.random.default_rng(seed)
    walks, which = rng.normal(size=(rows, 60)).cumsum(axis=1), rng.integers(0, 2, rows)
    for walk, shape, at in zip(walks, which, rng.integers(0, 48, rows), strict=True):
        walk[at : at + 12] += 8 * SHAPES[shape]
    return pl.DataFrame({"walk": list(walks), "shape": which, "size": rng.normal(size=rows)})


@pytest.mark.slow
def test_a_network_is_fitted_to_series_where_it_is_asked_for(tmp_path):
    table, others = planted_in_time(160, seed=0), planted_in_time(200, seed=1)
    spec = replace_spec(series_epochs=40, batch_size=16, coarse_filters=8, fine_filters=16)
    asked = {"target": "shape", "task": "binary", "model": "convolution", "convolution": spec}
    model = gradum.fit(table, test=others, **asked)
    (column,) = model.fitted.encoder.layout.grids
    assert column.shape == (1, 60, 3)
    right = np.asarray(model.predict(others)) == others["shape"].to_numpy()
    assert right.mean() > 0.85
    model.save(tmp_path / "model.gradum")
    same = gradum.load(tmp_path / "model.gradum").predict_proba(others)
    np.testing.assert_array_equal(model.predict_proba(others), same)


def test_a_ladder_knows_series_by_numbers_and_has_filters_for_pictures():
    series_alone = infer(read(planted_in_time(30, seed=0)), target="shape")
    assert not look_at_grids(LADDER, series_alone)
    assert look_at_grids((BASELINE, "convolution"), series_alone)
    assert not look_at_grids((BASELINE, "linear"), series_alone)
    table = planted_in_time(30, seed=0).with_columns(pictures(*[(9, 9, 1)] * 30))
    assert look_at_grids(LADDER, infer(read(table), target="shape"))


def test_ordered_classes_are_not_for_filters():
    table = planted_in_time(30, seed=0).with_columns(pl.Series("shape", [1, 2, 3] * 10))
    with pytest.raises(SpecError, match="no ordered classes"):
        gradum.fit(table, target="shape", ordered=["1", "2", "3"], model="convolution")
