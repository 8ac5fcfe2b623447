"""Times of day: recognised where they are some, read alike everywhere, on a circle and a line."""

import datetime as dt
import math
import re

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import ColumnError, ModelFileError, TargetError
from gradum.questions.stress.budget import Lengths
from gradum.questions.stress.stressed_rows import MovingColumn
from gradum.study.explanation.questions import Question
from gradum.tables.encode import Encoder
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.axis import Axis, place_of
from gradum.tables.kinds.time_of_day import times_of_day
from gradum.tables.row import RowDoor
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.table import Table
from synthetic import ONCE

N = 60
TIMES = [dt.time(5 + i % 18, 7 * i % 60) for i in range(N)]
WRITTEN = [f"{time:%H:%M}" for time in TIMES]


def schema_of(values, name="x", **overrides):
    frame = pl.DataFrame({name: values, "other": [i % 7 / 7 for i in range(len(values))]})
    return infer(Table(frame, "t.csv", typed=False), overrides=Overrides(**overrides))


def kind_of(values, name="x"):
    return schema_of(values, name).column(name).kind


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("07:45", dt.time(7, 45)),
        ("7:45", dt.time(7, 45)),
        ("07:45:30", dt.time(7, 45, 30)),
        ("07:45:30.25", dt.time(7, 45, 30, 250_000)),
        ("7:45 pm", dt.time(19, 45)),
        ("7:45 p.m.", dt.time(19, 45)),
        ("12:05 AM", dt.time(0, 5)),
        ("12:05 PM", dt.time(12, 5)),
        ("7 pm", dt.time(19)),
        ("7.45 Uhr", dt.time(7, 45)),
        ("7 Uhr", dt.time(7)),
        ("7 Uhr 45", dt.time(7, 45)),
        ("7h45", dt.time(7, 45)),
        ("下午3:20", dt.time(15, 20)),
        ("上午 9:05", dt.time(9, 5)),
        ("15时30分", dt.time(15, 30)),
        ("下午3点半", dt.time(15, 30)),
        ("오후 3:20", dt.time(15, 20)),
        ("午後3時20分", dt.time(15, 20)),
        ("24:00", None),
        ("7:60", None),
        ("7:5", None),
        ("13:00 pm", None),
        ("5点", None),
        ("7時間20分", None),
        ("7.45", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_it_is_written(text, time):
    if text == "13:00 pm":  # written by machines, and clear
        time = dt.time(13)
    assert times_of_day(pl.Series([text])).to_list() == [time]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ratio", ["3:2", "16:9", "4:3"]),
        ("result", ["2:1", "0:0", "1:3"]),
        ("handball", ["23:18", "22:21", "19:23"]),
        ("verse", ["3:16", "119:105", "2:4"]),
        ("mac", ["00:1B:44:11:3A:B7", "00:1B:44:11:3A:B8"]),
        ("duration", [f"{i % 5}:{i:02}" for i in range(N)]),
        ("Dauer", [f"0{i % 5}:{i:02}" for i in range(N)]),
        ("时长", [f"0{i % 5}:{i:02}" for i in range(N)]),
        ("x", [f"{20 + i}:{i:02}" for i in range(N)]),
        ("song", [f"{2 + i % 4}:{i:02}" for i in range(N)]),
        ("points", ["5点", "3点"]),
        ("dates", [f"2024-05-01 {time}" for time in WRITTEN]),
    ],
)
def test_what_only_looks_like_a_time_is_none(name, values):
    assert kind_of((values * N)[:N], name) != "time_of_day"


def test_what_was_decided_is_said_with_the_option_that_changes_it():
    column = schema_of(WRITTEN).column("x")
    assert column.kind == "time_of_day"
    assert "05:0" in column.reason
    assert "--numeric 'x'" in column.reason
    assert "--categorical 'x'" in schema_of(["06:00", "14:00", "22:00"] * 9).column("x").reason
    durations = schema_of(WRITTEN, numeric=("x",)).column("x")
    assert (durations.kind, durations.parse.clock) == ("numeric", "h:mm")
    songs = [f"{2 + i % 4}:{i:02}" for i in range(N)]
    assert "--time-of-day 'x'" in schema_of(songs).column("x").reason
    assert schema_of(songs, time_of_day=("x",)).column("x").kind == "time_of_day"


@pytest.mark.parametrize(("option", "word"), [("date", "--date"), ("time", "--time")])
def test_other_options_are_refused_with_a_remedy(option, word):
    with pytest.raises(ColumnError) as refused:
        schema_of(WRITTEN, **{option: "x" if option == "time" else ("x",)})
    assert word in f"{refused.value.message} {refused.value.remedy}"


def test_a_target_of_times_is_refused_with_a_remedy():
    frame = pl.DataFrame({"x": WRITTEN, "other": range(N)})
    for typed in (frame, frame.with_columns(pl.Series("x", TIMES))):
        with pytest.raises(TargetError, match="midnight"):
            infer(Table(typed, "t.csv", typed=False), target="x")


def encoded(values, encoder=None):
    frame = pl.DataFrame({"x": values})
    schema = infer(Table(frame, "t.csv", typed=False))
    typed = frame.select(KINDS["time_of_day"].parse(frame["x"], schema.column("x").parse))
    encoder = encoder or Encoder.fit(typed, schema)
    return schema, encoder, encoder.transform(typed).dense


def test_a_time_lies_on_a_line_and_on_two_circles():
    _, _, dense = encoded(WRITTEN)
    minutes = np.array([60 * time.hour + time.minute for time in TIMES], float)
    angle = 2 * math.pi * minutes / 1440
    expected = [minutes, np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
    np.testing.assert_allclose(dense, np.stack(expected, axis=1), rtol=0, atol=1e-12)


def test_a_missing_time_is_the_centre_of_the_circles():
    _, _, dense = encoded([*WRITTEN[:-1], None])
    assert dense[-1].tolist() == [
        dense[:-1, 0].mean() * 0 + np.median(dense[:-1, 0]),
        0,
        0,
        0,
        0,
        1,
    ]


def test_single_rows_are_read_to_the_bit():
    schema, encoder, dense = encoded(WRITTEN)
    door = RowDoor(schema, encoder)
    for given in (WRITTEN, TIMES):
        rows = [door.design({"x": value}) for value in given]
        assert all(row is not None for row in rows)
        np.testing.assert_array_equal(np.concatenate([row.dense for row in rows]), dense)
    for value in ("7:45 pm", "25:00", "23:30", dt.time(23, 30), 465, None):
        assert door.design({"x": value}) is None  # `check` has a word to say, or to read


def test_a_damaged_step_is_refused():
    _, encoder, _ = encoded(WRITTEN)
    with pytest.raises(ModelFileError):
        Encoder.from_json(encoder.to_json().replace('"maximum":', '"maximum":1e9,"unused":'))


def test_places_are_minutes_and_moves_keep_to_the_clock():
    axis = Axis(300.0, 1380.0, 0, clock=True)
    assert axis.value(465.0) == dt.time(7, 45)
    assert place_of(dt.time(7, 45, 30)) == 465.5
    assert axis.series("x", np.array([465.5, np.nan])).to_list() == [dt.time(7, 45, 30), None]
    assert not axis.is_whole


def test_a_question_cuts_at_full_hours_and_writes_them():
    asked = Question.of(
        pl.Series("x", [dt.time(7, 45), dt.time(8, 10), dt.time(8, 20)]), "time_of_day"
    )
    words = {asked.words(np.array(codes, bool)) for codes in ([1, 0, 0, 0], [0, 0, 1, 0])}
    assert words == {"x < 08:00", "x ≥ 08:15"}


@pytest.fixture(scope="module")
def commute():
    rng = np.random.default_rng(0)
    minute = rng.integers(300, 1380, 300)
    hour = minute / 60
    rush = np.exp(-((hour - 8) ** 2)) + np.exp(-((hour - 17.5) ** 2) / 1.5)
    frame = pl.DataFrame(
        {
            "departure": [f"{m // 60:02}:{m % 60:02}" for m in minute.tolist()],
            "km": rng.uniform(1, 9, 300).round(1),
            "minutes": (30 + 20 * rush + rng.normal(0, 2, 300)).round(1),
        }
    )
    options = {"model": "linear", "learning_curve": False, **ONCE}
    return frame, gradum.fit(frame, "minutes", **options)


def test_a_rush_hour_is_learned_where_levels_tell_nothing(commute):
    frame, model = commute
    levels = gradum.fit(
        frame,
        "minutes",
        model="linear",
        learning_curve=False,
        categorical="departure",
        **ONCE,
    )
    of_times, of_levels = (
        m.fitted.judgement.scores["linear"]["test"]["r2"].value for m in (model, levels)
    )
    assert of_times > of_levels + 0.3


def test_every_question_writes_times_as_people_do(commute):
    frame, model = commute
    late = frame.head(60).with_columns(departure=pl.lit("23:30"))
    said = [
        str(model.counterfactuals(frame, rows=[2], towards=34.0)),
        str(model.effects("departure")),
        str(model.surrogate()),
        str(model.watch(late)),
    ]
    for text in said:
        assert re.search(r"departure.*\b\d{2}:\d{2}\b", text)
        assert not re.search(r"\d{9}", text.replace(",", ""))
    assert "23:30" in said[-1]


def test_nothing_within_reach_of_an_attack_lies_beyond_the_box(commute):
    _, model = commute
    column = MovingColumn("departure", Axis(300.0, 1380.0, 0, clock=True), Lengths(60.0))
    stops = column.stops(700.0, 1.5)
    (step,) = [step for step in model.fitted.encoder.steps if step.source == "departure"]
    encode = Encoder((step,)).transform
    box = encode(pl.DataFrame([column.values(stops)])).dense
    inside = encode(pl.DataFrame([column.values(np.arange(610.0, 791.0))])).dense
    assert (inside >= box.min(axis=0)).all()
    assert (inside <= box.max(axis=0)).all()
