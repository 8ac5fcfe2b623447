"""Axes of pictures: years without separators, far values beyond them, rivals beside rungs."""

import re

import altair as alt
import numpy as np
import pytest
from found import CLASSES, NUMBERS
from msgspec import structs

from gradum.questions.watch.drift import column_picture
from gradum.run.judging.verdict import Standing
from gradum.scores.interval import Interval
from gradum.show.pictures.coefficients import coefficient_dots
from gradum.show.pictures.ladder import ladder
from gradum.show.pictures.picture import Picture, data, quantitative
from gradum.show.pictures.reliability import reliability_curve
from gradum.show.pictures.residuals import residual_pictures
from gradum.show.report import report_html
from gradum.study.watch.watched import ColumnWatch, Median, MissingShare


def words(picture):
    """Every word of a drawing."""
    return re.findall(r">([^<>]+)</text>", picture.svg)


@pytest.mark.parametrize(
    ("low", "high", "shown"), [(2008, 2014, {"2010", "2012"}), (0, 25_000, {"5,000", "10,000"})]
)
def test_an_axis_of_four_digits_has_no_separator(low, high, shown):
    points = alt.Chart(data([{"value": float(low)}, {"value": float(high)}])).mark_point()
    chart = points.encode(
        x=alt.X(**quantitative("value", "x", domain=[low, high])),
        y=alt.Y(**quantitative("value", "y", domain=[low, high])),
    )
    drawn = words(Picture("name", "title", chart.properties(height=300), ""))
    assert all(drawn.count(label) == 2 for label in shown)


def test_years_have_whole_ticks():
    years = tuple(range(2008, 2015))
    column = ColumnWatch(
        column="year",
        kind="numeric",
        **{"size": 0.1, "least_size": 0.1, "p": 0.5, "psi": 0.0},
        median=Median(2011.0, 2011.0, 0.0),
        level=None,
        missing=MissingShare(0.0, 0.0, None),
        unseen=None,
        counts=(1,) * 8,
        reference_counts=(1,) * 8,
        places=tuple(map(float, years)),
    )
    picture = column_picture("year", column)
    ticks = [word for word in words(picture) if word.startswith("2")]
    assert ticks
    assert set(ticks) <= {*map(str, years), "20%"}
    assert [row[0] for row in picture.rows] == [*map(str, years)]


def test_one_row_far_away_leaves_room_for_the_others_and_is_counted():
    near = [(float(p), float(p + 1), row) for row, p in enumerate(np.linspace(100, 160, 60))]
    found = structs.replace(NUMBERS.residuals, points=(*near, (120.0, 25_000.0, 61)), drawn=61)
    actual = residual_pictures(found, "target")[0]
    layers = actual.specification["layer"]
    (points,) = [each for each in layers if each["mark"]["type"] == "circle"]
    drawn = points["data"]["values"]
    assert max(point["y"] for point in drawn) <= 161
    assert max(point["actual"] for point in drawn) == 25_000  # as the pointer shows
    assert "1 row lies beyond the axes" in actual.caption


def test_what_a_picture_says_of_errors_has_the_unit_of_the_target():
    actual = residual_pictures(NUMBERS.residuals, "target", "kg")[0]
    assert actual.description.count(" kg") == 2
    assert {"predicted in kg", "actual in kg"} <= set(words(actual))


def test_the_curve_of_a_rare_class_fills_its_axis():
    (first, *_) = CLASSES.reliability.bins
    rare = structs.replace(first, predicted=0.01, observed=Interval(0.012, 0.004, 0.03, 0.005))
    curve = reliability_curve(structs.replace(CLASSES.reliability, bins=(rare,)), number=False)
    for layer in curve.specification["layer"]:
        domain = layer["encoding"]["x"].get("scale", {}).get("domain")
        assert domain in (None, [0, 0.03])


def test_rivals_stand_in_the_ladder(classifier):
    judgement = classifier.fitted.judgement
    score = judgement.compared[judgement.verdict.used]
    rival = Standing(
        "LightGBM", {judgement.verdict.metric: score}, judgement.verdict.used, score, "", "nothing"
    )
    picture = ladder(structs.replace(judgement, rivals=(rival,)))
    assert "LightGBM" in words(picture)
    assert picture.rows[-1][0] == "LightGBM"
    assert "LightGBM" in picture.description
    points = picture.specification["data"]["values"]
    assert points[-1]["colour"] not in {point["colour"] for point in points[:-1]}


def test_coefficients_of_levels_that_begin_alike_keep_what_differs():
    (dot, *_) = CLASSES.coefficients.rows
    levels = [f"contract=contract with a fixed term, {end}" for end in ("on paper", "online")]
    rows = [structs.replace(dot, feature=each, class_="yes") for each in levels]
    picture = coefficient_dots(structs.replace(CLASSES.coefficients, rows=tuple(rows)))
    labels = [word for word in words(picture) if "…" in word]
    assert [label.endswith(end) for label, end in zip(labels, ("paper", "online"), strict=True)]
    assert picture.rows[0][0] == levels[0]  # the table has the whole name


def test_the_scores_of_the_model_in_use_stay_in_sight(classifier):
    fitted = classifier.fitted
    rows = report_html(fitted).partition("<script")[0]
    (place,) = {
        cells.index(cell)
        for cells in (re.findall(r"<t[hd][^>]*>", row) for row in rows.split("<tr")[1:])
        for cell in cells
        if "best" in cell
    }
    assert place == 1 + list(fitted.judgement.scores).index(fitted.used)
