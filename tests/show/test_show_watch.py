"""The text of a watch: all columns that have drifted, and the ten nearest to it."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.questions.watch.answer import Watch
from gradum.questions.watch.drift import column_picture
from gradum.study.watch.watched import MissingShare, WatchAlarm
from synthetic import ONCE


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return pl.DataFrame({"x": rng.normal(15, 6, size=200), "target": rng.normal(size=200)})


@pytest.fixture(scope="module")
def model(table):
    return gradum.fit(table, "target", model="linear", **ONCE)


@pytest.fixture(scope="module")
def watch(model, table):
    return model.watch(table.head(100))


def with_columns(watch, count, drifted):
    """Return a watch of many columns, the p-value of column ``n`` being n / 100."""
    (column,) = watch.found.columns
    columns = [
        structs.replace(
            column,
            column=f"column {number}.",
            p=number / 100,
            missing=MissingShare(0.0, 0.0, None),
            drifted=number in drifted,
        )
        for number in np.random.default_rng(1).permutation(count).tolist()
    ]
    return Watch(structs.replace(watch.found, columns=tuple(columns)), watch.fitted, "new.csv")


def test_all_that_drifted_and_the_nearest_ten_are_shown(watch):
    many = with_columns(watch, 60, {0, 1, 30})
    text = many.summary()
    shown = [number for number in range(60) if f"column {number}." in text]
    assert shown == [*range(12), 30]
    assert "47 more columns show no drift." in text
    assert len(many.frame) == 60
    page = many.page()
    assert all(f"column {number}." in page for number in range(60))


def test_few_columns_are_all_shown(watch):
    text = with_columns(watch, 10, set()).summary()
    assert all(f"column {number}." in text for number in range(10))
    assert "more column" not in text


def curves(picture):
    """The curves of a picture by their names, as (value, share), and the ends of its axis."""
    layers = picture.specification["layer"]
    (lines,) = [each for each in layers if each["mark"]["type"] == "line"]
    shown = {}
    for at in lines["data"]["values"]:
        shown.setdefault(at["what"], []).append((at["value"], at["share"]))
    return shown, lines["encoding"]["x"]["scale"]["domain"]


def test_the_curve_of_new_values_is_drawn_where_they_are(model, table):
    """Degrees Fahrenheit, where the model learned from degrees Celsius."""
    fahrenheit = table["x"] * 1.8 + 32
    (column,) = model.watch(table.with_columns(x=fahrenheit)).found.columns
    shown, (low, high) = curves(column_picture("x", column))
    assert low <= table["x"].quantile(0.2)
    assert high >= fahrenheit.max() - 1e-3
    for value, share in shown["new"]:
        assert share == pytest.approx((fahrenheit <= value + 1e-3).mean(), abs=0.01)
    inside = [share for value, share in shown["new"] if fahrenheit.quantile(0.1) < value]
    assert len(inside) > 10  # of the curve's steps, not one flat line


def test_one_new_value_far_away_is_said_and_does_not_squeeze_the_axis(model, table):
    far = table.with_columns(x=pl.when(pl.int_range(200) == 7).then(1e9).otherwise("x"))
    (column,) = model.watch(far).found.columns
    picture = column_picture("x", column)
    assert curves(picture)[1][1] < 100
    assert "0.5% of the new rows lie to the right of the axis" in picture.caption


def test_alarms_are_louder_than_the_rest(watch):
    quiet = watch.page()
    alarm = WatchAlarm("answers", "The answers have moved."), WatchAlarm("column", "x has moved.")
    loud = Watch(structs.replace(watch.found, alarms=alarm), watch.fitted, "new.csv").page()
    assert '<div class="headline alarming">' in loud
    assert '<div class="headline alarming">' not in quiet
    assert loud.index("The answers have moved.") < loud.index("x has moved.")


def test_what_moves_answers_most_is_the_first_alarm():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"weak": rng.normal(size=300), "strong": rng.normal(size=300)})
    table = table.with_columns(target=pl.col("strong") * 5 + pl.col("weak") * 0.3)
    model = gradum.fit(table, "target", model="linear", **ONCE)
    moved = table.drop("target").with_columns(pl.col("weak") + 4, pl.col("strong") + 2)
    alarms = [alarm.column for alarm in model.watch(moved).found.alarms if alarm.column]
    assert alarms == ["strong", "weak"]  # the weak one has moved farther
