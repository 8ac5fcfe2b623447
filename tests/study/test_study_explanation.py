"""Shapley values against every order written out, through `Model.predict` alone."""

import dataclasses
from itertools import permutations

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SpecError
from gradum.rungs.calibration import QuadraticScaling
from gradum.study.explanation import shapley
from gradum.study.explanation.shapley import coalition_weights
from synthetic import ONCE

COLUMNS = ["a", "b", "c", "d"]


def table(rows=160, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, rows))
    c = rng.choice(["x", "y", "z"], rows)
    d = pl.Series(rng.gamma(2.0, size=rows)).set(pl.Series(rng.random(rows) < 0.1), None)
    y = a * b + (c == "x") + np.nan_to_num(d.to_numpy()) + 0.1 * rng.normal(size=rows)
    return pl.DataFrame(
        {"a": a, "b": b, "c": c, "d": d, "y": y, "label": np.where(y > 1, "yes", "no")}
    )


def by_all_orders(answer, row, background, columns):
    """φ of each column: what its coming changes, over all orders in which columns come."""
    values = np.zeros((len(columns), answer(background).shape[1]))
    orders = list(permutations(columns))
    for order in orders:
        mixed_rows, before = background, answer(background).mean(axis=0)
        for column in order:
            mixed_rows = mixed_rows.with_columns(
                pl.lit(row[column][0], row[column].dtype).alias(column)
            )
            after = answer(mixed_rows).mean(axis=0)
            values[columns.index(column)] += (after - before) / len(orders)
            before = after
    return values


@pytest.fixture(scope="module")
def numbers():
    rows = table().drop("label")
    return rows, gradum.fit(rows, "y", seed=0, **ONCE)


@pytest.fixture(scope="module")
def classes():
    rows = table().drop("y")
    return rows, gradum.fit(rows, "label", seed=0, **ONCE)


@pytest.mark.parametrize("rung", ["baseline", "linear", "mlp", "pack"])
def test_values_are_those_of_all_orders(numbers, rung):
    rows, model = numbers
    background = rows.head(12)
    found = model.explain(rows[40:42], background=background, rung=rung).found
    for place in (0, 1):
        expected = by_all_orders(
            lambda frame: model.predict(frame, rung=rung)[:, None],
            rows[40 + place],
            background,
            COLUMNS,
        )
        reach = np.ptp(model.predict(rows, rung=rung)) or 1.0
        np.testing.assert_allclose(found.parts[place].values, expected, atol=1e-6 * reach)
        part = found.parts[place]
        np.testing.assert_allclose(
            part.values.sum(axis=0), part.output - part.base, atol=1e-6 * reach
        )
        assert (part.sampling_error == 0).all()


@pytest.mark.parametrize("post", [(), (QuadraticScaling(-1.0, 2.0, 0.6, 1.8, 0.3),)])
def test_classes_have_values_of_their_own(classes, post, monkeypatch):
    rows, model = classes
    pack = dataclasses.replace(model.fitted.rungs["pack"], post=post)
    monkeypatch.setitem(model.fitted.rungs, "pack", pack)
    background = rows.head(10)
    part = model.explain(rows[[60]], background=background, rung="pack").found.parts[0]
    expected = by_all_orders(
        lambda frame: model.predict_proba(frame, rung="pack"), rows[60], background, COLUMNS
    )
    np.testing.assert_allclose(part.values, expected, atol=1e-6)
    np.testing.assert_allclose(part.values[:, 0], -part.values[:, 1], atol=1e-6)
    logs = model.explain(rows[[60]], background=background, rung="pack", scale="log-odds")
    share = model.predict_proba(rows[[60]], rung="pack")[0, 1]
    assert logs.found.parts[0].output[1] == pytest.approx(np.log(share / (1 - share)), rel=1e-4)


def test_columns_that_stand_together_are_one(numbers):
    rows, model = numbers
    found = model.explain(
        rows[[50]], background=rows.head(8), rung="pack", together=[["a", "b"]]
    ).found

    assert found.players == (("a", "b"), ("c",), ("d",))
    orders = list(permutations(range(3)))
    expected = np.zeros(3)
    for order in orders:
        frame = rows.head(8)
        before = model.predict(frame, rung="pack").mean()
        for player in order:
            for column in found.players[player]:
                value = pl.lit(rows[column][50], rows[column].dtype)
                frame = frame.with_columns(value.alias(column))
            after = model.predict(frame, rung="pack").mean()
            expected[player] += (after - before) / len(orders)
            before = after
    np.testing.assert_allclose(found.parts[0].values[:, 0], expected, atol=1e-5)


def test_weights_of_coalitions_are_those_of_orders():
    for players in (1, 2, 5):
        weights = coalition_weights(players)
        additive = np.array([bin(number).count("1") for number in range(2**players)])
        np.testing.assert_allclose(weights @ additive, 1.0)
        np.testing.assert_allclose(weights.sum(axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"rows": [0]}, "none has the number 0"),
        (
            {"rows": [1.5]},
            r"rows cannot be \[1.5\]. Give a whole number or a list of whole numbers",
        ),
        ({"rows": ["2"]}, r"rows cannot be \['2'\]"),
        ({"scale": "probability"}, "no scale of this target"),
        ({"together": [["a", "nose"]]}, "no column 'nose'"),
        ({"together": [["a", "b"], ["b", "c"]]}, "'b' is named twice by --together"),
        ({"together": [["a", "a"]]}, "'a' is named twice by --together"),
        ({"together": [["a"]]}, "'a' is to stand together with none"),
        ({"together": ["a"]}, "'a' is to stand together with none"),
        ({"together": [[]]}, "A group of --together is empty"),
        ({"tolerance": "x"}, "tolerance cannot be 'x'. Give a number"),
        ({"tolerance": 0.0}, "tolerance is 0.0"),
        ({"rung": "ladder"}, "ladder"),
    ],
)
def test_what_cannot_be_explained_is_refused(numbers, options, cause):
    rows, model = numbers
    with pytest.raises(SpecError, match=cause):
        model.explain(rows.head(3), background=rows.head(4), **options)


def test_a_model_file_knows_no_background(numbers, tmp_path):
    rows, model = numbers
    model.save(tmp_path / "m.gradum")
    with pytest.raises(SpecError, match="no background rows"):
        gradum.load(tmp_path / "m.gradum").explain(rows.head(2))


def test_the_frame_has_a_line_a_row_column_and_class(classes):
    rows, model = classes
    frame = model.explain(rows.head(3), rung="linear").frame
    assert frame.columns == [
        *("row", "column", "class", "value"),
        *("sampling_error", "background_error", "spread", "base", "output"),
    ]
    assert frame.shape == (3 * 4 * 2, 9)
    summed = frame.group_by("row", "class").agg(
        pl.col("value").sum(), (pl.col("output") - pl.col("base")).first().alias("moved")
    )
    np.testing.assert_allclose(summed["value"], summed["moved"], atol=1e-9)
    assert frame["spread"].null_count() == len(frame)  # one network


def test_drawn_values_have_errors_that_cover():
    columns = [f"x{i}" for i in range(14)]
    rng = np.random.default_rng(1)
    data = rng.normal(size=(200, 14))
    y = data[:, 0] * data[:, 1] + np.maximum(data[:, 2:].sum(axis=1), 0)
    rows = pl.DataFrame(dict(zip(columns, data.T, strict=True)) | {"y": y})
    model = gradum.fit(rows, "y", model="mlp", seed=0, **ONCE)
    few = rows.head(5)
    halves = [columns[:7], columns[7:]]
    rough = model.explain(rows[20:24], background=few, rung="mlp", tolerance=0.2).found
    fine = model.explain(rows[20:24], background=few, rung="mlp", tolerance=0.005).found
    distances = [
        (a.values - b.values) / a.sampling_error
        for a, b in zip(rough.parts, fine.parts, strict=True)
    ]
    assert all(np.abs(part.sampling_error).max() > 0 for part in rough.parts)
    assert 0.5 < np.sqrt(np.mean(np.square(distances))) < 1.5
    together = model.explain(rows[[20]], background=few, rung="mlp", together=halves).found
    split = [fine.parts[0].values[:7].sum(), fine.parts[0].values[7:].sum()]
    assert together.parts[0].values.sum() == pytest.approx(sum(split), abs=1e-6)


def test_what_drawing_cannot_reach_is_met_in_full(numbers, monkeypatch):
    rows, model = numbers
    background = rows.head(70)
    exact = model.explain(rows[[50]], background=background, rung="mlp").found.parts[0]
    monkeypatch.setattr(shapley, "MOST_PRODUCTS", 1)
    loose = model.explain(rows[[50]], background=background, rung="mlp", tolerance=0.9)
    tight = model.explain(rows[[50]], background=background, rung="mlp", tolerance=1e-9)

    assert loose.found.parts[0].coalitions < 2 ** len(COLUMNS)
    assert tight.found.parts[0].coalitions == 2 ** len(COLUMNS)
    np.testing.assert_array_equal(tight.found.parts[0].values, exact.values)


def test_no_rows_make_a_frame_without_lines(classes):
    rows, model = classes
    frame = model.explain(rows.head(3), rows=[], rung="linear").frame
    assert frame.schema == model.explain(rows.head(3), rung="linear").frame.schema
    assert len(frame) == 0


def test_before_one_background_row_no_error_is_known(classes):
    rows, model = classes
    found = model.explain(rows.head(2), rows=[1, 2], background=rows.head(1), rung="linear")
    assert "±" not in found.summary()
    same, _ = found.summary().split("Row 2")
    assert "█" not in same
    assert "Mostly" not in same
    assert found.frame["background_error"].null_count() == len(found.frame)


def test_one_row_needs_no_list(numbers):
    rows, model = numbers
    found = model.explain(rows, rows=2, rung="linear")
    assert found.frame.equals(model.explain(rows, rows=[2], rung="linear").frame)
