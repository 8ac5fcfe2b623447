"""Amounts in several units, magnitudes and durations: read as numbers in one unit, or not."""

import datetime as dt
import math

import polars as pl
import pytest

from gradum.errors import SchemaError, TargetError
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.numeric.units import SCALES
from gradum.tables.kinds.parse import Parse
from gradum.tables.schema.schema import Overrides, Schema, infer
from gradum.tables.table import Table

N = 40


def column_of(values, name="x", target=None, **overrides):
    frame = pl.DataFrame({name: values, "other": [i % 7 / 7 for i in range(len(values))]})
    schema = infer(
        Table(frame, "t.csv", typed=False), target=target, overrides=Overrides(**overrides)
    )
    return schema.column(name)


def read(column, texts):
    return KINDS[column.kind].parse(pl.Series(texts), column.parse).to_list()


def numbers_of(values, name="x"):
    column = column_of(values, name)
    assert column.kind == "numeric", column.reason
    assert Schema.from_json(Schema("t", N, (column,)).to_json()).columns[0].parse == column.parse
    return column, read(column, values)


CONVERTED = [  # distinct texts, the unit, and some of them with their numbers in it
    (["5.7 kg", "800 g", "19 lb", "3 kg"], "kg", {"800 g": 0.8, "19 lb": 19 * 0.45359237}),
    (["5,7kg", "5,9kg", "1.200 g"], "kg", {"5,7kg": 5.7, "1.200 g": 1.2}),
    (["180 cm", "1.75 m", "170 cm"], "cm", {"1.75 m": 175.0}),
    (["5 ft 10 in", "6 ft 1 in"], "in", {"5 ft 10 in": 70.0, "6 ft 1 in": 73.0}),
    (["20 °C", "21 °C", "68 °F"], "°C", {"68 °F": 20.0}),
    (["512 MB", "16 GB", "1 TB", "8 GB"], "GB", {"512 MB": 0.512, "1 TB": 1000.0}),
    (["2h 15m", "45m", "1h 5m"], "min", {"2h 15m": 135.0, "45m": 45.0}),
    (["2 Std. 5 Min.", "10 Min."], "Min", {"2 Std. 5 Min.": 125.0}),
    (["1小时20分", "45分"], "分", {"1小时20分": 80.0}),
    (["1 h 5 min", "50 min", "3 days"], "min", {"1 h 5 min": 65.0, "3 days": 4320.0}),
    (["PT2H15M", "P1DT30M"], "min", {"PT2H15M": 135.0, "P1DT30M": 1470.0}),
    (["1yrs 11mon", "0yrs 3mon"], "mon", {"1yrs 11mon": 23.0}),
    (["90 km/h", "50 mph", "80 km/h"], "km/h", {"50 mph": 80.4672}),
    (["1 acre", "2 ha", "3 ha"], "ha", {"1 acre": 0.40468564224}),
    (["330 ml", "1 l", "500 ml"], "ml", {"1 l": 1000.0}),
]


@pytest.mark.parametrize(("texts", "unit", "expected"), CONVERTED, ids=str)
def test_amounts_are_converted_to_the_commonest_unit_and_an_example_is_said(texts, unit, expected):
    values = (texts * N)[:N]
    column, numbers = numbers_of(values)
    assert column.parse.currency == unit
    assert unit in column.reason
    assert any(repr(text) in column.reason for text in expected)
    for text, number in expected.items():
        assert math.isclose(numbers[values.index(text)], number, rel_tol=1e-11)


@pytest.mark.parametrize(("texts", "unit", "expected"), CONVERTED, ids=str)
def test_rows_alone_and_together_are_read_alike(texts, unit, expected):
    values = (texts * N)[:N]
    column, numbers = numbers_of(values)
    assert [read(column, [text])[0] for text in values] == numbers
    assert read(column, values[::-1]) == numbers[::-1]


def test_later_rows_in_another_unit_are_converted_too():
    column, _ = numbers_of([f"{i} kg" for i in range(N)])
    assert read(column, ["500 g", "2 t", "3", "5 m", "5 bananas"]) == [0.5, 2000.0, 3.0, None, None]


def test_a_schema_without_the_new_fields_reads_as_before():
    text = '{"currency": "kg", "decimal": ","}'
    old = Schema.from_json(
        '{"source": "t", "rows": 2, "columns": [{"name": "x", "kind": "numeric", '
        f'"role": "feature", "parse": {text}}}]}}'
    )
    assert read(old.columns[0], ["5,7 kg", "5,8"]) == [5.7, 5.8]


def test_units_of_one_dimension_go_through_their_base_and_back():
    for spelling, (_, size, _) in SCALES.items():
        assert size > 0, spelling
        one = read_one(f"7 {spelling}", spelling)
        assert one == 7.0 or spelling == "m"


def read_one(text, unit):
    return KINDS["numeric"].parse(pl.Series([text]), Parse(currency=unit))[0]


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("1 mi", "km", 1.609344),
        ("1 yd", "m", 0.9144),
        ("1 oz", "g", 28.349523125),
        ("1 gal", "l", 3.785411784),
        ("1 GiB", "MB", 1073.741824),
        ("-40 °F", "°C", -40.0),
        ("300 K", "°C", 26.85),
        ("100 km²", "ha", 10_000.0),
        ("3 kn", "km/h", 5.556),
        ("1 亩", "m²", 2000 / 3),
        ("3 斤", "kg", 1.5),
    ],
)
def test_factors_are_those_of_the_definitions(text, unit, number):
    assert math.isclose(read_one(text, unit), number, rel_tol=1e-11)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1.2k", "800", "3.4M"], [1200.0, 800.0, 3.4e6]),
        (["$1.5M", "$900k", "$2B"], [1.5e6, 9e5, 2e9]),
        (["2.5K", "1.1bn"], [2500.0, 1.1e9]),
    ],
)
def test_magnitudes_are_read_where_they_plainly_are_some(texts, expected):
    column, numbers = numbers_of((texts * N)[:N])
    assert numbers[: len(expected)] == expected
    assert column.parse.powers
    assert repr(texts[0]) in column.reason
    assert read(column, [texts[0], "7k"]) == [expected[0], 7000.0]


FALSE_FRIENDS = [
    ["iPhone 5 S", "iPhone 6", "iPhone 5"],
    ["A4", "A3", "A5"],
    ["M5", "M8", "3M"],
    ["3M", "7 UP", "Shell"],
    ["4G", "5G", "3G"],
    ["2 K", "4 K", "8 K"],
    ["10 L", "10 M", "12 L"],
    ["12A", "14B", "3C"],
    ["10M", "12M", "12B"],
    ["1t", "2g", "3l"],
    ["3:2", "16:9", "4:3"],
    ["2:1", "0:0", "1:3"],
    ["John 3:16", "Luke 2:1"],
    ["3:16", "2:1", "119:105"],
    ["28:25", "31:30", "24:24"],
    ["98:102", "110:95"],
    ["10.0.0.1", "10.0.0.2"],
    ["00:1B:44:11:3A:B7", "00:1B:44:11:3A:B8"],
    ["P1", "P2", "P10"],
    ["5-10", "10-15"],
    ["€5", "$7"],
    ["5 kg", "3 m"],
]


@pytest.mark.parametrize("texts", FALSE_FRIENDS, ids=str)
def test_what_only_looks_like_an_amount_stays_a_level(texts):
    assert column_of((texts * N)[:N]).kind == "categorical"


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([f"€{i}" if i % 3 else f"${i}" for i in range(N)], ["€", "$"]),
        ([f"{i} EUR" if i % 3 else f"{i} USD" for i in range(N)], ["EUR", "USD"]),
        ([f"{i} kg" if i % 3 else f"{i} ml" for i in range(N)], ["kg", "ml"]),
    ],
)
def test_amounts_of_no_common_unit_are_levels_with_a_sentence_and_no_target(values, units):
    column = column_of(values)
    assert column.kind != "numeric"
    assert all(unit in column.reason for unit in units)
    with pytest.raises(TargetError) as refused:
        column_of(values, target="x")
    assert all(unit in refused.value.message for unit in units)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("values", "example"),
    [
        ([f"{500 + i / 10}万" for i in range(N)], "'500.0万'"),
        ([f"{1 + i / 10} kg" if i % 3 else f"{900 + i} g" for i in range(N)], " g'"),
        ([f"{i + 1},{i % 10}0 €" for i in range(N)], "€"),
    ],
)
def test_a_target_says_how_its_texts_were_read(values, example):
    assert example in column_of(values, target="x").reason


def test_plain_numbers_below_a_unit_in_the_header_are_not_converted():
    column = column_of([f"{500 + i / 10}" for i in range(N)], "总价（万元）", "总价（万元）")
    assert read(column, ["500.3"]) == [500.3]


def minutes_and_seconds(i, first):
    return f"{first}:{7 * i % 60:02}"


@pytest.mark.parametrize(
    ("name", "values", "unit", "first"),
    [
        ("x", [minutes_and_seconds(i, 20 + i) for i in range(N)], "s", 1200.0),
        ("song", [minutes_and_seconds(i, 2 + i % 4) for i in range(N)], "s", 120.0),
        ("duration", [f"{1 + i % 5}:{7 * i % 60:02}" for i in range(N)], "min", 60.0),
        ("Fahrtdauer", [f"{1 + i % 5}:{7 * i % 60:02}:{i:02}" for i in range(N)], "s", 3600.0),
        ("用时", [f"0{i % 9}:30:00" for i in range(N)], "min", 30.0),
        ("lap", [f"1:{7 * i % 60:02}" for i in range(N)], "s", 60.0),
        ("x", [f"{i % 4} days 0{i % 9}:15:30" for i in range(N)], "s", 930.0),
        ("x", [f"{i} days" for i in range(N)], "days", 0.0),
    ],
)
def test_durations_are_numbers_in_one_unit_that_is_said(name, values, unit, first):
    column, numbers = numbers_of(values, name)
    assert column.parse.currency == unit
    assert f" {unit}" in column.reason.replace("'", " ")
    assert numbers[0] == first


def test_durations_typed_by_the_source_fit_those_written_as_text():
    column, _ = numbers_of([f"{1 + i % 5}:{7 * i % 60:02}" for i in range(N)], "duration")
    later = KINDS["numeric"].parse(pl.Series([dt.timedelta(hours=1, minutes=30)]), column.parse)
    assert later.to_list() == [90.0]
    assert read(column, ["1:30", "1:30:00", "90 min", "1.5 h"]) == [90.0] * 4


def test_a_time_of_day_taken_for_a_number_is_a_duration():
    assert read(column_of(["07:45", "17:30", "9:15"] * N, numeric=("x",)), ["7:45"]) == [465.0]


def test_a_way_to_read_durations_that_does_not_exist_is_refused():
    schema = Schema("t", N, (column_of([f"{i % 9}h {i}m" for i in range(N)]),))
    broken = schema.to_json().replace('"currency"', '"clock": "s:mm", "currency"')
    with pytest.raises(SchemaError, match="clock"):
        Schema.from_json(broken)


@pytest.mark.parametrize(
    ("texts", "first"), [(["1993年", "2001年"], 1993.0), (["3人", "12人"], 3.0), (["5년"], 5.0)]
)
def test_a_counted_number_is_a_number(texts, first):
    values = [*texts, *[f"{1950 + i}{texts[0][-1]}" for i in range(N)]]
    column, numbers = numbers_of(values)
    assert numbers[0] == first
    assert ("1,9" in column.reason) == (first < 1000)  # a column of years has no comma


def test_what_was_converted_is_to_be_checked_and_can_be_undone():
    weights = ["5.7 kg", "800 g", "19 lb", "2.25 kg", "3.5 kg", "1.5 kg", "0.5 kg", "4 kg"] * 3
    (doubt,) = column_of(weights, "weight").doubts
    assert (doubt.matter, doubt.option) == ("conversion", "--categorical 'weight'")
    assert "0.8 kg" in doubt.sentence
    target = column_of(weights, "weight", target="weight")
    assert [(doubt.matter, doubt.option) for doubt in target.doubts] == [("conversion", "")]
    assert target.reason.count("0.8 kg") == 1


def test_a_unit_may_have_two_words():
    texts = ["84 m²", "120 m²", "904 sq ft", "51.5 m²", "1,076 sq. ft", "77 m²"] * 5
    column = column_of(texts, "area")
    assert column.kind == "numeric"
    assert read(column, ["904 sq ft", "84 m²"]) == [pytest.approx(904 * 0.3048**2), 84.0]
