"""The door for single rows: whatever it lets in has the bits of the ordinary way, and no word."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from functools import cache
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.kinds.parse import Parse
from gradum.tables.row import MOST_ROWS, RowDoor
from gradum.tables.schema.schema import Schema, infer
from gradum.tables.sources.read import read
from gradum.tables.table import Table

N = 60
RNG = np.random.default_rng(0)
DAYS = [dt.datetime(1965, 3, 1, 5) + dt.timedelta(days=74 * i, hours=7 * i) for i in range(N)]
LEVELS = ["red", "green", "Größe", "São Paulo", "7", "007", "3.0"]
FULL = {
    "size": RNG.normal(50.0, 10.0, N).round(3),
    "count": RNG.integers(-5, 40, N),
    "member": RNG.random(N) < 0.4,
    "colour": ["once", *RNG.choice(LEVELS, N - 2), "unseen"],
    "code": RNG.integers(1, 60, N).astype(str),
    "when": DAYS,
    "day": [day.date() for day in DAYS],
    "written": [day.strftime("%Y-%m-%d") for day in DAYS],
    "moment": [day.strftime("%Y-%m-%d %H:%M") for day in DAYS],
    "smokes": RNG.choice(["yes", "No"], N),
    "same": ["always"] * N,
}
TARGET = RNG.normal(size=N)
GAPS = (RNG.random((N, len(FULL))) < 0.1) & (np.arange(N) > 0)[:, None]


def frame(kind):
    """Training rows: whole, with gaps, or as a CSV file has them, where everything is text."""
    table = pl.DataFrame(FULL)
    if kind != "whole":
        gaps = zip(table.columns, GAPS.T, strict=True)
        table = table.with_columns(
            pl.when(pl.Series(gap)).then(None).otherwise(pl.col(name)).alias(name)
            for name, gap in gaps
        )
    if kind == "text":
        table = table.with_columns(pl.all().cast(pl.String))
    return table.with_columns(y=TARGET, label=pl.Series(["a", "b"] * (N // 2)))


def fitted(kind, target):
    trained = Table(frame(kind), "toy", typed=kind != "text")
    schema = infer(trained, target=target)
    rows = np.arange(0, N - 1)  # the last row's levels, and its range, may be unseen
    encoder = Encoder.fit(check(trained, schema).frame, schema, rows)
    return schema, encoder, RowDoor(schema, encoder)


class Doors(dict):
    """Each is made when it is first asked for."""

    def __missing__(self, key):
        self[key] = fitted(*key)
        return self[key]


DOORS, KEYS = Doors(), list(product(("whole", "gaps", "text"), ("y", "label")))
every_door = pytest.mark.parametrize("key", KEYS)


@cache
def given_rows(key):
    """The training rows without their target; numbers as such, though training read text."""
    numeric = [column.name for column in DOORS[key][0].features if column.kind == "numeric"]
    table = frame(key[0]).drop(key[1])
    return table.with_columns(pl.col(*numeric).cast(pl.Float64)).to_dicts()


def ordinary(key, data):
    schema, encoder, _ = DOORS[key]
    checked = check(read(data), schema, encoder=encoder)
    return encoder.transform(checked.frame), checked.differences


def assert_same_bits(design, expected):
    assert design.layout == expected.layout
    for found, wanted in ((design.dense, expected.dense), (design.codes, expected.codes)):
        assert found.dtype == wanted.dtype
        assert found.shape == wanted.shape
        assert found.tobytes() == np.ascontiguousarray(wanted).tobytes()


def assert_let_in_only_what_is_plain(key, data):
    """Compare with the ordinary way; returns whether the door was open."""
    design = DOORS[key][2].design(data)
    if design is None:
        return False
    expected, differences = ordinary(key, data)
    assert differences == ()
    assert_same_bits(design, expected)
    return True


anything = (
    st.none()
    | st.booleans()
    | st.integers(-60, 60)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([0.0, -0.0, 1.0, 10**400, np.nan, np.inf, -999, 3.4e38, 3.5e38, 1e308])
    | st.sampled_from(["", " ", "?", "NA", "nan", "None", "(missing)", "12", "1e3", "-999", "12,5"])
    | st.sampled_from(["yes", "YES", "no", "No ", "true", "False", "T", "f", "1", "0", "1.0"])
    | st.sampled_from([*LEVELS, "Red", " red", "red ", "violet", "007.0", "always", "a", "b", "c"])
    | st.sampled_from(
        ["2021-02-28", "1971-02-28", "2021-02-30", "0999-01-01", "2021-2-3", "2021-02-28 13:45"]
    )
    | st.sampled_from(["2021-02-28T13:45", "2021-02-28 13:45:59", "28.02.2021", "2021-02-28 24:00"])
    | st.sampled_from(["２021-02-28", "2021-02-28\n", "2021-02-28Z", "20210228", "2021-W05-1"])
    | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.dates()
    | st.text(max_size=4)
    | st.sampled_from([b"red", Decimal("3.5"), [1, 2], [], {"a": 1}, (1,), 1j, object])
    | st.sampled_from([np.float32(0.1), np.float16(2), np.float64("nan"), np.float32("nan")])
    | st.sampled_from([np.int8(3), np.uint64(2**64 - 1), np.int64(7), np.bool_(True)])
    | st.sampled_from([np.str_("red"), np.datetime64("2021-02-28"), dt.timedelta(1), pl.Null])
)


@st.composite
def rows(draw, most):
    """Training rows, of which some values are replaced, perhaps with more or fewer columns."""
    key = draw(st.sampled_from(KEYS))
    drawn = []
    for _ in range(draw(st.integers(1, most))):
        row = dict(draw(st.sampled_from(given_rows(key))))
        for name in draw(st.lists(st.sampled_from([*row, key[1]]), max_size=2)):
            row[name] = draw(anything)
        if draw(st.integers(0, 9)) == 0:
            row[draw(st.sampled_from(["surplus", 3]))] = draw(anything)
        if draw(st.integers(0, 9)) == 0:
            del row[draw(st.sampled_from(list(row)))]
        drawn.append(row)
    return key, drawn


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(rows(most=1))
def test_a_row_that_is_let_in_is_what_the_ordinary_way_makes_of_it(case):
    key, (row,) = case
    assert_let_in_only_what_is_plain(key, row)


@settings(max_examples=60, deadline=None)
@given(rows(most=4))
def test_several_rows_that_are_let_in_are_what_the_ordinary_way_makes_of_them(case):
    key, several = case
    assert_let_in_only_what_is_plain(key, several)


@every_door
def test_every_training_row_is_let_in_unless_something_is_to_be_said_of_it(key):
    let_in = 0
    for row in given_rows(key)[:30]:
        is_let_in = assert_let_in_only_what_is_plain(key, row)
        assert is_let_in == (not ordinary(key, row)[1])
        let_in += is_let_in
    assert let_in > 20


@every_door
def test_a_few_rows_go_together_and_many_go_the_ordinary_way(key):
    rows = [row for row in given_rows(key) if DOORS[key][2].design(row)]
    assert assert_let_in_only_what_is_plain(key, rows)
    many = rows * (MOST_ROWS // len(rows) + 1)
    assert DOORS[key][2].design(many[:MOST_ROWS]) is not None
    assert DOORS[key][2].design(many[: MOST_ROWS + 1]) is None
    assert DOORS[key][2].design([]) is None


PLAIN = {
    "size": [50, 50.5, np.float32(50.1), np.int64(50)],
    "member": [True, False, np.bool_(True), "yes", "FALSE", 1, 0],
    "colour": ["red", 7, "7", "007", "once"],
    "code": ["12", 12],
    "when": [DAYS[3], DAYS[3].date(), "1971-02-28"],
    "written": ["1971-02-28", dt.date(1966, 5, 5), dt.datetime(1966, 5, 5, 1, 2, 3, 4)],
    "moment": ["1971-02-28 13:45", dt.date(1966, 5, 5)],
    "smokes": ["yes", "No", "NO", True],
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_value_may_be_given_in_more_ways_than_one(name):
    key = ("gaps", "y")
    row = {**frame("whole").row(3, named=True), "colour": "red"}
    for value in (*PLAIN[name], None, float("nan")):
        assert assert_let_in_only_what_is_plain(key, {**row, name: value}), value


def test_gaps_are_let_in_only_where_training_had_some():
    row = frame("whole").row(3, named=True)
    for name in set(FULL) - {"same"}:
        assert DOORS["gaps", "y"][2].design({**row, name: None}) is not None
        assert DOORS["whole", "y"][2].design({**row, name: None}) is None


def test_what_is_no_feature_may_be_there_as_long_as_it_needs_no_word():
    door = DOORS["whole", "y"][2]
    row = frame("whole").row(3, named=True)
    for value, open_to_it in ((1, True), (None, True), (np.inf, False), ("a", False), ([1], False)):
        assert (door.design({**row, "y": value}) is not None) == open_to_it
    for value, open_to_it in (("never", True), (None, True), ([1], False)):
        assert (door.design({**row, "same": value}) is not None) == open_to_it
    assert door.design({**row, "surplus": 1}) is None


def one_column(values, **parse):
    """A door for one feature, whose parsing was perhaps edited by hand."""
    raw = pl.DataFrame({"x": values, "y": np.arange(float(len(values)))})
    schema = infer(Table(raw, "toy"), target="y")
    x = schema.columns[0]
    x = type(x)(**{f: getattr(x, f) for f in x.__struct_fields__} | {"parse": Parse(**parse)})
    schema = Schema(schema.source, schema.rows, (x, schema.columns[1]), schema.target)
    encoder = Encoder.fit(check(Table(raw, "toy"), schema).frame, schema)
    DOORS["one column"] = schema, encoder, RowDoor(schema, encoder)
    return "one column"


def test_a_number_listed_as_missing_is_left_to_the_ordinary_way():
    key = one_column([*np.arange(-5.0, 60.0), None], missing=("-3", "0"))
    assert assert_let_in_only_what_is_plain(key, {"x": -2.0})
    for listed in (-3, 0.0, -0.0):
        assert not assert_let_in_only_what_is_plain(key, {"x": listed})


def test_usual_spellings_of_a_level_in_any_case_are_plain_and_others_are_not():
    key = one_column(["Köln", "ulm", None] * 20, fold_case=True, spellings=("Köln",))
    for plain in ("Köln", "köln", "KÖLN", "ulm", "Ulm", "ULM", "NA", None):
        assert assert_let_in_only_what_is_plain(key, {"x": plain})
    for other in ("kÖlN", " Köln", "Bonn", "Koeln"):
        assert not assert_let_in_only_what_is_plain(key, {"x": other})
    codes = [ordinary(key, {"x": [word]})[0].codes.tolist() for word in ("kÖlN", "KÖLN", "ulm")]
    assert codes[0] == codes[1] != codes[2]
    unseen = ordinary(key, {"x": ["BONN", "bonn"]})[1]
    assert [(each.kind, each.count) for each in unseen] == [("unseen levels", 2)]


def test_dates_written_in_another_way_are_left_to_the_ordinary_one():
    key = one_column([day.strftime("%d.%m.%Y") for day in DAYS], date_format="%d.%m.%Y")
    assert not assert_let_in_only_what_is_plain(key, {"x": "28.02.1971"})
    assert not assert_let_in_only_what_is_plain(key, {"x": "1971-02-28"})
    assert assert_let_in_only_what_is_plain(key, {"x": dt.date(1971, 2, 28)})


def test_dates_before_and_after_training_are_left_to_the_ordinary_way():
    key = one_column(DAYS)
    for end in (DAYS[0], DAYS[-1]):
        assert assert_let_in_only_what_is_plain(key, {"x": end})
    second = dt.timedelta(microseconds=1)
    for beyond in (DAYS[0] - second, DAYS[-1] + second, "2024-01-31"):
        assert not assert_let_in_only_what_is_plain(key, {"x": beyond})


def test_texts_are_left_to_the_ordinary_way():
    key = one_column([f"this jumper number {i} is warm" for i in range(N)])
    assert DOORS[key][0].columns[0].kind == "text"
    assert not assert_let_in_only_what_is_plain(key, {"x": "this jumper number 3 is warm"})


def test_a_moment_has_the_bits_that_polars_gives_it():
    last = dt.datetime(9999, 12, 31)
    key = one_column([dt.datetime.min, *DAYS, last])

    @settings(max_examples=300, deadline=None)
    @given(st.datetimes(max_value=last))
    def is_let_in(moment):
        assert assert_let_in_only_what_is_plain(key, {"x": moment})

    is_let_in()


ROW = frame("whole").row(3, named=True)


OTHERS = [None, 3, "red", np.zeros((1, 3)), pl.DataFrame(FULL), [], [3], defaultdict(float, ROW)]


@pytest.mark.parametrize("data", OTHERS)
def test_what_is_no_dict_is_left_to_the_ordinary_way(data):
    assert DOORS["whole", "y"][2].design(data) is None
