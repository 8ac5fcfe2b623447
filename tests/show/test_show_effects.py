"""Curves of columns as charts, text and pages, against the values that they show."""

import datetime
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SpecError
from gradum.show.pictures.effects import effect_picture
from gradum.show.words.effect_words import reading
from gradum.study.explanation.grid import FEW_ROWS
from synthetic import ONCE

LONG = "a column with the longest of all names, which no chart has the room to show in full"
MARKUP = "<b>level</b>"


def table(rows=120):
    """Numbers with a gap and missing values, dates, levels that are hard to show, and texts."""
    rng = np.random.default_rng(4)
    size = np.concatenate([rng.uniform(0, 10, rows - 3), [90.0, 95.0, 100.0]])
    days = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=3 * k) for k in range(rows)]
    levels = rng.choice([MARKUP, "x" * 60 + "1", "x" * 60 + "2", "no\x00"], rows)
    return pl.DataFrame(
        {
            LONG: pl.Series(size).set(pl.Series(rng.random(rows) < 0.1), None),
            "day": days,
            "level": levels,
            "member": rng.random(rows) < 0.5,
            "note": [" ".join(rng.choice(["old", "new", "red"], 4)) for _ in range(rows)],
            "y": np.where(size + 5 * (levels == MARKUP) + rng.normal(size=rows) > 6, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def model():
    return gradum.fit(table(), "y", model="linear", text="note", **ONCE)


@pytest.fixture(scope="module")
def shown(model):
    rows = table()[[3, 5]].with_columns(pl.Series(LONG, [4.5, None]))
    return model.effects(rows=rows, rung="linear")


def drawn(found, column, row=None):
    """A picture, and its data by curve, in order."""
    picture = effect_picture(found, found.of(column), 1, row)
    chart = picture.specification
    layers = chart["layer"]
    data = [layer["data"]["values"] for layer in [chart, *layers] if "data" in layer]
    rows = [each for values in data for each in values if "curve" in each]
    curves = {}
    for each in rows:
        if each not in curves.setdefault(each["curve"], []):
            curves[each["curve"]].append(each)
    return picture, layers, curves


def test_a_chart_of_numbers_has_the_curves(shown):
    found = shown.found
    effect = found.of(LONG)
    picture, layers, curves = drawn(found, LONG, row=0)
    known = effect.grid.ordered
    answers = {name: np.array([each["answer"] for each in rows]) for name, rows in curves.items()}
    dependence, local = effect.dependence, effect.accumulated
    close = {"rtol": 0, "atol": 1e-3}
    assert list(answers) == ["partial dependence", "accumulated local effects", "this row"]
    np.testing.assert_allclose(answers["partial dependence"], dependence.values[known, 1], **close)
    expected = found.base[1] + local.values[known, 1]
    np.testing.assert_allclose(answers["accumulated local effects"], expected, **close)
    np.testing.assert_allclose(answers["this row"], effect.rows[known, 0, 1], **close)
    low = [each["low"] for each in curves["partial dependence"]]
    half = 1.96 * dependence.error[known, 1]
    np.testing.assert_allclose(low, dependence.values[known, 1] - half, **close)
    own = layers[-1]["data"]["values"]
    assert own == [{"value": 4.5, "answer": found.outputs[0, 1]}]
    assert LONG not in picture.title
    assert len(picture.rows) == len(effect.grid.values)


def test_a_row_without_a_value_has_no_layer_without_data(shown):
    """Vega warns of an infinite extent where a layer has none."""
    _, layers, _ = drawn(shown.found, LONG, row=1)
    _, without, _ = drawn(shown.found, LONG)
    assert len(layers) == len(without)
    assert all(layer["data"]["values"] for layer in layers if "data" in layer)


def test_where_rows_are_few_is_shaded(shown):
    found = shown.found
    grid = found.of(LONG).grid
    _, layers, _ = drawn(found, LONG)
    shaded = layers[0]["data"]["values"]
    numbers = grid.numbers[grid.ordered]
    inside = [any(low["value"] <= x <= low["end"] for low in shaded) for x in numbers]
    assert inside == (grid.rows[grid.ordered] < FEW_ROWS).tolist()
    assert any(inside)
    assert not all(inside)


def test_a_chart_of_levels_names_every_one(shown):
    found = shown.found
    picture, _, curves = drawn(found, "level", row=1)
    levels = found.of("level").grid.values.to_list()
    named = [each["value"] for each in curves["partial dependence"]]
    assert len(set(named)) == len(levels)  # though some are alike but at their end
    own = [each["place"] for each in curves["this row"] if each["own"]]
    assert [levels[place] for place in own] == [found.rows["level"][1]]
    assert not any(each["own"] for each in curves["partial dependence"])
    assert [row[0] for row in drawn(found, "member")[0].rows] == ["no", "yes"]
    assert picture.rows[0][-1] == str(found.of("level").grid.rows[0])


@pytest.mark.parametrize(
    ("column", "row"), [(LONG, None), (LONG, 1), ("day", None), ("level", None), ("member", None)]
)
def test_every_chart_can_be_drawn(shown, column, row):
    found = shown.found
    picture = effect_picture(found, found.of(column), 0, row)
    assert ElementTree.fromstring(picture.svg).tag.endswith("svg")
    assert picture.description.endswith(".")


def test_one_background_row_has_no_band(model):
    found = model.effects(LONG, background=table()[:1], rung="linear").found
    picture, _, curves = drawn(found, LONG)
    assert {each["low"] for each in curves["partial dependence"]} == {None}
    assert "–" in picture.rows[0]
    assert "background rows when all" not in picture.caption


def test_what_cannot_be_seen_is_said(shown):
    found = shown.found
    effect = found.of(LONG)
    curve = effect.dependence.values[:, 1]
    said = effect_picture(found, effect, 1, 1).description
    assert f"{100 * curve.max():.1f}".rstrip("0").rstrip(".") + "%" in said
    assert "In this row the value is (missing)" in said
    assert f"{100 * found.outputs[1, 1]:.1f}".rstrip("0").rstrip(".") + "%" in said
    flat = effect_picture(found, found.of(LONG), 1)
    assert "In this row" not in flat.description


def test_the_strongest_column_comes_first_and_texts_are_named(shown):
    text = shown.summary()
    lines = [line for line in text.splitlines() if "█" in line]
    assert lines[0].startswith("a column with")
    assert "There is no curve over texts: 'note'." in text
    assert "\x00" not in text
    assert repr(shown) == "<gradum.EffectCurves of 4 columns>"


def test_a_notebook_shows_charts_and_no_markup_of_the_table(shown):
    page = shown._repr_html_()
    assert page.count("<svg") == 4
    assert MARKUP not in page
    assert "the first is drawn" in page


def test_a_baseline_is_flat_and_says_so(model):
    flat = model.effects("member", rung="baseline")
    picture = effect_picture(flat.found, flat.found.effects[0], 1)
    assert "same whatever the value" in picture.description
    assert "–" in flat.summary()


def test_a_model_file_has_no_background(model, tmp_path):
    model.save(tmp_path / "m.gradum")
    loaded = gradum.load(tmp_path / "m.gradum")
    with pytest.raises(SpecError, match="no background rows"):
        loaded.effects()
    given = loaded.effects("member", background=table()[:20], rung="linear")
    assert given.frame["column"].unique().to_list() == ["member"]
    same = model.effects("member", background=table()[:20], rung="linear")
    assert given.frame.equals(same.frame)


def test_ranges_are_of_every_row_column_and_class(shown):
    ranges, curves = shown.ranges, shown.curves
    assert len(ranges) == 2 * 4 * 2
    joined = curves.join(ranges, on=["row", "column", "class"])
    slack = 1e-6
    assert (joined["answer"] <= joined["greatest"] + joined["error"] + slack).all()
    assert (joined["answer"] >= joined["least"] - joined["error"] - slack).all()


def test_how_to_read_the_curves_is_said_once(shown):
    found = shown.found
    captions = [effect_picture(found, effect, 1).caption for effect in found.effects]
    for sentence in reading(found):
        assert sum(sentence in caption for caption in captions) == 1
