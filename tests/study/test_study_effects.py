"""Curves of one column against brute force through `Model.predict`, and against closed forms."""

import datetime
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SpecError
from gradum.study.explanation.dependence import Accumulated, Dependence, bins_of
from gradum.study.explanation.effects import effects_of
from gradum.study.explanation.grid import FEW_ROWS, bin_edges, grid_of
from gradum.study.explanation.scale import answer_on
from gradum.tables.check.check import check
from gradum.tables.sources.read import read
from packed_models import TARGETS, everything, pack_of
from synthetic import ONCE

CURVED = ("size", "age", "colour", "member", "shop", "day")


@pytest.fixture(scope="module", params=TARGETS)
def packed(request):
    """A pack of every kind of column, background rows, and three rows; one lacks a value."""
    model = pack_of(request.param)
    rows = everything().drop(TARGETS)
    given = pl.concat([rows[300:302], rows.filter(pl.col("age").is_null())[:1]])
    background, given = checked(model, rows[:60]), checked(model, given)
    return model, background, given, effects_of(model.fitted, background, rows=given, rung="pack")


@pytest.fixture(scope="module")
def numbers():
    """Numbers that go together, and a network and a linear model of them."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=300)
    a, b = common + 0.3 * rng.normal(size=300), 20 * common + 4 * rng.normal(size=300)
    c = rng.choice([0.0, 0.0, 0.0, 1.5, 1000.0], 300)
    y = 3 * a - 0.2 * b + 0.01 * c + 0.1 * rng.normal(size=300)
    rows = pl.DataFrame({"a": a, "b": b, "c": c, "y": y})
    options = {"seed": 0, **ONCE}
    return rows, *(gradum.fit(rows, "y", model=rung, **options) for rung in ("mlp", "linear"))


def checked(model, frame):
    fitted = model.fitted
    frame = check(read(frame), fitted.schema, encoder=fitted.encoder).frame
    return frame.select(column.name for column in fitted.schema.features)


def said(model, frame, rung):
    """The answers (n, k) of `predict`."""
    if model.classes:
        return model.predict_proba(frame, rung=rung)
    return model.predict(frame, rung=rung)[:, None]


def changed(rows, column, values):
    """The rows, again and again, each time with another value of a column."""
    return pl.concat(
        [rows.with_columns(pl.lit(value, rows[column].dtype).alias(column)) for value in values],
        how="vertical_relaxed",
    )


def by_predict(model, rows, effect, rung="pack"):
    """The answers (g, n, k) for rows with each value of the grid."""
    frame = changed(
        rows.with_columns(rows[effect.column].cast(effect.grid.values.dtype)),
        effect.column,
        effect.grid.values,
    )
    return said(model, frame, rung).reshape(len(effect.grid.values), len(rows), -1)


def test_curves_are_the_predictions_of_changed_rows(packed):
    model, background, given, found = packed
    assert tuple(effect.column for effect in found.effects) == CURVED
    assert found.texts == ("note",)
    for effect in found.effects:
        of_rows = by_predict(model, given, effect)
        size = np.abs(of_rows).max()
        np.testing.assert_allclose(effect.rows, of_rows, rtol=1e-6, atol=1e-6 * size)
        of_all = by_predict(model, background, effect)
        np.testing.assert_allclose(
            effect.dependence.values, of_all.mean(axis=1), rtol=1e-6, atol=1e-6 * size
        )
        shapes = of_all - of_all.mean(axis=0)
        error = shapes.std(axis=1, ddof=1) / np.sqrt(len(background))
        np.testing.assert_allclose(effect.dependence.error, error, rtol=1e-3, atol=1e-6 * size)
    np.testing.assert_allclose(found.outputs, said(model, given, "pack"), rtol=1e-5)
    np.testing.assert_allclose(found.base, said(model, background, "pack").mean(axis=0), rtol=1e-5)


def test_spread_is_that_of_the_members(packed):
    model, background, _, found = packed
    rung = model.fitted.rung("pack")
    answer = answer_on(rung, found.scale)
    for column in ("size", "colour"):
        effect = found.of(column)
        whole = background.with_columns(background[column].cast(effect.grid.values.dtype))
        frame = changed(whole, column, effect.grid.values)
        design = model.fitted.encoder.transform(frame)
        inputs = rung.input_layer(design.arrays)
        logits = rung.network.members_forward(rung.params, inputs).astype(float)
        members = np.stack([answer(each) for each in logits])
        means = members.reshape(len(members), len(effect.grid.values), len(background), -1).mean(2)
        shapes = means - means.mean(axis=1, keepdims=True)
        expected = shapes.std(axis=0, ddof=1)
        np.testing.assert_allclose(
            effect.dependence.spread, expected, rtol=1e-3, atol=1e-5 * np.abs(means).max()
        )


def test_half_way_the_curve_is_as_far_from_straight_as_is_said(packed):
    model, background, given, found = packed
    for column in ("size", "age", "day"):
        effect = found.of(column)
        grid = effect.grid
        known = grid.numbers[grid.ordered]
        assert len(grid.between) <= len(known) - 1
        halfway = grid.with_values_between[len(grid.values) :]
        for rows, said_error in ((background, None), (given, effect.rows_error)):
            frame = changed(rows.with_columns(rows[column].cast(halfway.dtype)), column, halfway)
            true = said(model, frame, "pack").reshape(len(halfway), len(rows), -1)
            at_values = by_predict(model, rows, effect)[: len(known)]
            if said_error is None:
                true, at_values = true.mean(axis=1, keepdims=True), at_values.mean(1, keepdims=True)
            straight = np.apply_along_axis(
                lambda curve, x=known, at=grid.between: np.interp(at, x, curve), 0, at_values
            )
            worst = np.abs(true - straight).max(axis=(0, 1))
            told = effect.interpolation_error if said_error is None else said_error
            np.testing.assert_allclose(told, worst, atol=2e-6 * np.abs(true).max())
            assert worst.max() > 0


def test_slopes_of_a_linear_model_are_its_coefficients(numbers):
    rows, _, model = numbers
    found = effects_of(model.fitted, checked(model, rows), rung="linear")
    coefficient = dict(model.coefficients.select("source", "coefficient").rows())
    for effect in found.effects:
        x = effect.grid.numbers
        for curve in (effect.accumulated.values[:, 0], effect.dependence.values[:, 0]):
            whole = (curve[-1] - curve[0]) / (x[-1] - x[0])
            assert whole == pytest.approx(coefficient[effect.column], rel=1e-9)
            straight = curve[0] + coefficient[effect.column] * (x - x[0])
            np.testing.assert_allclose(curve, straight, rtol=0, atol=1e-9 * np.ptp(curve))
        size = np.ptp(effect.dependence.values)
        assert np.abs(effect.accumulated.error).max() < 1e-9 * size  # all rows say the same
        assert np.abs(effect.dependence.error).max() < 1e-9 * size
        assert effect.interpolation_error.max() < 1e-9 * size
        assert np.isnan(effect.dependence.spread).all()


def ale_as_defined(answer, rows, column, edges, points):
    """First-order ALE, bin by bin and row by row; as Apley and Zhu's equations (15) and (16)."""
    x = rows[column].to_numpy()
    steps, counts, middles = [], [], []
    height = [0.0]
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = (x > low) & (x <= high) | ((number == 0) & (x == low))
        own = rows.filter(pl.Series(inside))
        upper = answer(own.with_columns(pl.lit(high).alias(column)))
        lower = answer(own.with_columns(pl.lit(low).alias(column)))
        counts.append(inside.sum())
        steps.append(np.mean(upper - lower))
        height.append(height[-1] + steps[-1])
        middles.append((height[-1] + height[-2]) / 2)
    assert sum(counts) == len(rows)
    centre = np.dot(counts, middles) / len(rows)
    return np.interp(points, edges, np.array(height) - centre)


def test_ale_is_what_its_definition_says(numbers):
    rows, model, _ = numbers
    background = checked(model, rows[:120])
    found = effects_of(model.fitted, background, rung="mlp")
    for effect in found.effects:
        expected = ale_as_defined(
            lambda frame: model.predict(frame, rung="mlp"),
            background.cast(pl.Float64),
            effect.column,
            effect.grid.edges,
            effect.grid.numbers,
        )
        np.testing.assert_allclose(
            effect.accumulated.values[:, 0], expected, atol=1e-5 * np.ptp(expected)
        )


def test_the_error_of_ale_is_its_scatter_over_tables():
    """Differences are drawn anew in every bin: their sums scatter as far as is said."""
    rng = np.random.default_rng(0)
    edges, points = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 0.5, 1.0, 2.5, 4.0, np.nan])
    bins = np.repeat([0, 1, 2], [8, 20, 12])
    width = np.array([1.0, 4.0, 0.5])[bins][:, None]
    drawn = [
        Accumulated.of(points, edges, bins, 2 + width * rng.normal(size=(40, 1)))
        for _ in range(2000)
    ]
    scatter = np.std([each.values[:, 0] for each in drawn], axis=0)
    told = np.sqrt(np.mean([each.error[:, 0] ** 2 for each in drawn], axis=0))
    np.testing.assert_allclose(told[:-1], scatter[:-1], rtol=0.06)
    assert np.isnan(told[-1])
    middle = np.mean([each.values[:, 0] for each in drawn], axis=0)
    assert middle[4] - middle[0] == pytest.approx(6, abs=0.1)  # three steps of 2


def test_the_error_of_partial_dependence_covers():
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 5)[:, None, None]
    inside = []
    for _ in range(600):
        slopes, heights = rng.normal(1, 1, (1, 80, 1)), 50 * rng.normal(size=(1, 80, 1))
        found = Dependence.of(heights + slopes * x, np.zeros((1, 5, 1)))
        shape = found.values - found.values.mean(axis=0)
        inside.append(np.abs(shape - x[:, 0])[-1] <= 1.96 * found.error[-1])
    assert 0.92 < np.mean(inside) < 0.975  # whatever the heights are


def test_bins_hold_every_row_and_enough_of_them():
    rng = np.random.default_rng(0)
    halves = np.repeat([0.0, 1.0], [95, 5])
    for values in (rng.normal(size=200), rng.integers(0, 4, 97) * 1.0, halves):
        edges = bin_edges(values)
        rows = np.bincount(bins_of(values, edges))
        assert rows.sum() == len(values)
        assert rows.min() >= min(5, len(values))
        assert (edges[0], edges[-1]) == (values.min(), values.max())
    assert len(bin_edges(rng.normal(size=200))) == 21
    assert len(bin_edges(np.zeros(9))) == 1
    assert len(bin_edges(np.zeros(0))) == 0


def test_a_grid_of_numbers_has_their_ends_and_no_wide_gap():
    values = np.concatenate([np.linspace(0, 1, 190), np.linspace(90, 100, 10)])
    grid = grid_of("numeric", pl.Series("x", values), pl.Series("x", [-5.0, None]))
    known = grid.numbers[grid.ordered]
    assert grid.values.to_list()[-1] is None
    assert grid.rows[-1] == 0
    assert (known[0], known[-1]) == (-5.0, 100.0)
    assert np.diff(known).max() <= np.ptp(known) / 20 * (1 + 1e-6)
    assert set(grid.edges) <= set(known)
    near = [(np.abs(values - x) <= np.ptp(known) / 20).sum() for x in known]
    assert grid.rows[:-1].tolist() == near
    assert grid.few.tolist() == [*(count < FEW_ROWS for count in near), True]


def test_a_grid_keeps_to_whole_numbers_and_days():
    none = pl.Series("x", [], pl.Float64)
    whole = grid_of("numeric", pl.Series("x", [0.0, 1, 2, 1000]), none, whole=True)
    assert (whole.numbers == np.rint(whole.numbers)).all()
    assert (whole.between == np.rint(whole.between)).all()
    assert 1.5 not in whole.between
    start = datetime.datetime(2024, 1, 30)
    days = [start + datetime.timedelta(days=k**2) for k in range(8)]
    dates = grid_of("date", pl.Series("d", days), pl.Series("d", [], pl.Datetime("us")))
    assert dates.values.dtype == pl.Datetime("us")
    assert set(days) <= set(dates.values)
    assert {each.hour for each in dates.with_values_between} == {0}


def test_a_grid_of_levels_has_the_commonest_and_those_of_the_rows():
    levels = pl.Series("c", ["b"] * 3 + ["a"] * 7 + [None])
    grid = grid_of("categorical", levels, pl.Series("c", ["z", "a"]))
    assert grid.values.to_list() == ["a", "b", "z", None]
    assert grid.rows.tolist() == [7, 3, 0, 1]
    assert not grid.ordered.any()
    many = pl.Series("c", [f"level {k}" for k in range(500)])
    assert len(grid_of("categorical", many, many.clear()).values) == 20
    booleans = pl.Series("m", [True, True], pl.Boolean)
    assert grid_of("boolean", booleans, booleans).values.to_list() == [False, True]
    empty = pl.Series("x", [None], pl.Float64)
    assert grid_of("numeric", empty, empty).values.to_list() == [None]


def test_the_frame_has_a_line_a_column_class_and_value(packed):
    model, _, given, found = packed
    frame, curves = found.frame, found.curves
    k = max(len(model.classes), 1)
    assert len(frame) == k * sum(len(effect.grid.values) for effect in found.effects)
    assert len(curves) == len(given) * len(frame)
    assert frame["rows"].sum() > 0
    one = frame.filter(pl.col("column") == "age")
    effect = found.of("age")
    label = None if k == 1 else str(model.classes[-1])
    last = one.filter(pl.col("class").eq_missing(pl.lit(label, pl.String)))
    np.testing.assert_array_equal(last["dependence"], effect.dependence.values[:, -1])
    assert last["number"].to_list() == effect.grid.values.to_list()
    assert last["accumulated"][-1] is None  # where the value is missing
    levels = frame.filter(pl.col("column") == "colour")
    assert levels["accumulated"].null_count() == len(levels)
    third = curves.filter(row=3, column="age").filter(
        pl.col("class").eq_missing(pl.lit(label, pl.String))
    )
    np.testing.assert_array_equal(third["answer"], effect.rows[:, 2, -1])
    assert third["answer"][-1] == pytest.approx(found.outputs[2, -1])  # it lacks the value


def test_what_is_asked_for_is_what_there_is(numbers):
    rows, model, _ = numbers
    background = checked(model, rows[:30])
    flat = effects_of(model.fitted, background, rung="baseline", rows=background[:1])
    assert all(effect.reach.max() == 0 for effect in flat.effects)
    none = effects_of(model.fitted, background, columns=[])
    assert none.frame.schema == flat.frame.schema
    assert none.curves.schema == flat.curves.schema
    one = effects_of(model.fitted, background[:1], columns=["c", "c"])
    assert [effect.column for effect in one.effects] == ["c"]
    assert np.isnan(one.effects[0].dependence.error).all()


def test_a_row_far_from_all_others_has_its_place(numbers):
    rows, model, _ = numbers
    far = checked(model, rows[:1].with_columns(a=pl.lit(-1e30), b=pl.lit(1e38)))
    found = effects_of(model.fitted, checked(model, rows[:50]), rows=far, rung="mlp")
    ranges = found.ranges
    assert np.isfinite(ranges.select("least", "greatest", "error").to_numpy()).all()
    ends = [float(each) for each in (*ranges["least_at"], *ranges["greatest_at"])]
    assert np.isfinite(ends).all()
    curves = found.curves
    for effect in found.effects:
        own = found.ranges.filter(column=effect.column)
        answers = curves.filter(column=effect.column)["answer"]
        slack = 1e-5 * abs(answers).max()
        assert own["least"][0] <= answers.min() + slack
        assert own["greatest"][0] >= answers.max() - slack


def test_texts_and_strangers_are_refused(numbers):
    model = pack_of("amount")
    background = checked(model, everything().drop(TARGETS)[:5])
    for columns, cause in ((["note"], "'note' holds texts"), (["agee"], "no column 'agee'")):
        with pytest.raises(SpecError, match=cause):
            effects_of(model.fitted, background, columns=columns)
    with pytest.raises(SpecError, match="background has no rows"):
        effects_of(model.fitted, background.clear())
    rows, plain, _ = numbers
    many = checked(plain, pl.concat([rows] * 4)[:1001])
    with pytest.raises(SpecError, match="1,001 rows are given"):
        effects_of(plain.fitted, many[:5], rows=many)
