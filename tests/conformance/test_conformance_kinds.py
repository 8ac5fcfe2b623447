"""The demands on every kind of column: a new kind is recognised by the examples it states here."""

import datetime as dt
from functools import cache

import msgspec
import numpy as np
import polars as pl
import pytest

from gradum.tables.columns import FEATURE_KINDS
from gradum.tables.kinds import KINDS, SAYABLE, STEPS, Values
from gradum.tables.kinds.parse import Parse
from gradum.tables.schema.schema import Overrides, Schema, infer
from gradum.tables.table import Table
from grids import pictures, series, sounds

N = 60
DAYS = [dt.datetime(2021, 1, 1) + dt.timedelta(days=9 * i) for i in range(N)]
NUMBERS = [round(0.37 * i - 5, 2) for i in range(N)]

EXAMPLES = {
    "nested": [pl.Series([[i] for i in range(N)]), pl.Series([{"a": i} for i in range(N)])],
    "constant": [pl.Series(["same"] * N), pl.Series([7.5] * N), pl.Series([None] * N)],
    "boolean": [
        pl.Series([True, False, None] * 20),
        pl.Series(["yes", "No", "?"] * 20),
        pl.Series(["T", "f"] * 30),
    ],
    "date": [
        pl.Series(DAYS),
        pl.Series([day.date() for day in DAYS]),
        pl.Series([day.strftime("%d/%m/%Y") for day in DAYS]),
        pl.Series([day.strftime("%Y-%m-%d %H:%M") for day in DAYS[1:]] + ["n/a"]),
        pl.Series([f"{day.year}年{day.month}月{day.day}日" for day in DAYS[1:]] + ["不详"]),
        pl.Series([f"{2000 + i}年{1 + i % 12}月" for i in range(N)]),
        pl.Series([f"{day.year}년 {day.month}월 {day.day}일" for day in DAYS]),
        pl.Series([day.strftime("%m/%d/%Y" if day.day % 3 else "%Y-%m-%d") for day in DAYS]),
    ],
    "time_of_day": [
        pl.Series([dt.time(i % 24, i, 30) for i in range(N)]),
        pl.Series([f"{i % 24:02}:{7 * i % 60:02}" for i in range(N)]),
        pl.Series([*(f"{1 + i % 12}:{7 * i % 60:02} {'ap'[i % 2]}m" for i in range(59)), "?"]),
        pl.Series([f"{i % 24}:{i:02}:{7 * i % 60:02}" for i in range(N)]),
        pl.Series([f"{i % 24}.{i:02} Uhr" for i in range(N)]),
        pl.Series([f"{i % 24}h{i:02}" for i in range(N)]),
        pl.Series([f"{'上下'[i % 2]}午{1 + i % 12}:{i:02}" for i in range(N)]),
        pl.Series([f"{i % 24}时{i}分" if i % 2 else f"{i % 24}点半" for i in range(N)]),
    ],
    "text": [
        pl.Series([f"this jumper number {i} is warm" for i in range(N)]),
        pl.Series([f"  row {i} of the long table" for i in range(N - 1)] + [None]),
    ],
    "numeric": [
        pl.Series(NUMBERS),
        pl.Series([*NUMBERS[2:], None, float("nan")]),
        pl.Series([3 * i % 17 for i in range(N)]),
        pl.Series([f"€{1000 + i:,}.50" for i in range(N)]),
        pl.Series([f"{number} kg" for number in NUMBERS]),
        pl.Series([*(f"{number}%" for number in NUMBERS[1:]), "NA"]),
        pl.Series([str(number).replace(".", ",") for number in NUMBERS]),
        pl.Series(
            [
                *(f"{100 + i / 10}万" if i % 3 else f"{1 + i / 10}亿" for i in range(58)),
                "无",
                "缺失",
            ]
        ),
        pl.Series([f"{i + 1},{i % 10} Mio." if i % 2 else f"{i + 1},5 Mrd." for i in range(N)]),
        pl.Series([f"{i + 1}억" if i % 2 else f"{9000 + i}만" for i in range(N)]),
        pl.Series(["１２％", "3.5%", "無"] + [f"{i}%" for i in range(N - 3)]),
        pl.Series([f"{i + 1}.5 kg" if i % 3 else f"{i + 1}00 g" for i in range(N)]),
        pl.Series([f"{i}.5k" if i % 2 else f"{i + 1}00" for i in range(N)]),
        pl.Series([f"{i % 9}h {i}m" for i in range(N)]),
        pl.Series([f"{20 + i}:{7 * i % 60:02}" for i in range(N)]),
        pl.Series([dt.timedelta(minutes=i) for i in range(N)]),
    ],
    "series": [
        series(*[12 + i % 9 for i in range(N)]),
        pl.concat([series(*[9] * (N - 1), channels=3), pl.Series([None])]),
    ],
    "sound": [sounds(*[30 + i % 9 for i in range(N)])],
    "picture": [
        pictures(*[(8, 8, 1)] * N),
        pl.concat([pictures(*[(9 + i % 5, 12, 3) for i in range(N - 1)]), pl.Series([None])]),
    ],
    "identifier": [pl.Series([f"A{i}B" for i in range(N)])],
    "categorical": [
        pl.Series(["red", " green", "?", "blue"] * 15),
        pl.Series(["01", "02", "10"] * 20),
        pl.Series(["a", "b", None] * 20, dtype=pl.Categorical),
    ],
}
DTYPES = {
    "numeric": pl.Float64,
    "boolean": pl.Boolean,
    "categorical": pl.String,
    "date": pl.Datetime("us"),
    "time_of_day": pl.Time,
    "text": pl.String,
    "picture": pl.Binary,
    "sound": pl.Binary,
    "series": pl.Binary,
}
ODD = {
    "nothing": pl.Series([None] * 4),
    "no rows": pl.Series([], dtype=pl.String),
    "words": pl.Series(["", "  ", "Zürich", "1e999"]),
    "words and numbers": pl.Series(["12", "-3,5", "2021-02-30", "nan"]),
    "numbers": pl.Series([0.0, 1e308, float("inf"), float("nan")]),
    "whole numbers": pl.Series([0, 1, -5, 2**62]),
    "booleans": pl.Series([True, False, None, True]),
    "times": pl.Series([dt.time(0), None, dt.time(23, 59, 59, 999_999), dt.time(7, 45)]),
    "durations": pl.Series(["2h 15m", "1:23:45", "25:00", "P1D"]),
    "dates": pl.Series([dt.date(1, 1, 1), None, dt.date(9999, 12, 31), dt.date(2024, 2, 29)]),
    "levels": pl.Series(["a", None, "new", "b"], dtype=pl.Categorical),
    "lists": pl.Series([[1], [], None, [2, 3]]),
    "bytes": pl.Series([b"x", b"", None, b"\xff"]),
}
CASES = [(kind, i) for kind, columns in EXAMPLES.items() for i in range(len(columns))]
every_example = pytest.mark.parametrize(("kind", "i"), CASES)
USED = [(kind, i) for kind, i in CASES if kind in STEPS]


def understood(series, **overrides):
    """The schema's column, made of a table that has another column as well."""
    frame = pl.DataFrame([series.alias("x"), pl.Series("other", np.sin(np.arange(len(series))))])
    schema = infer(Table(frame, "toy.csv", typed=False), overrides=Overrides(**overrides))
    return schema, schema.column("x")


@cache
def of_example(kind, i):
    """What is understood of an example by itself, which many tests ask for."""
    return understood(EXAMPLES[kind][i])


def test_every_kind_has_its_examples_here():
    assert set(EXAMPLES) == set(KINDS) - {"duplicate"}
    assert set(STEPS) == set(FEATURE_KINDS) == set(DTYPES)
    assert set(SAYABLE) <= set(STEPS)
    assert all(kind.name == name for name, kind in KINDS.items())


@every_example
def test_its_own_kind_recognises_a_column_with_a_sentence(kind, i):
    _, column = of_example(kind, i)
    assert column.kind == kind
    assert (column.role == "feature") == (kind in STEPS)
    assert column.reason[0].isupper() or not column.reason[0].isalpha()
    assert column.reason.endswith(".")


@every_example
def test_what_was_understood_survives_json(kind, i):
    schema, column = of_example(kind, i)
    again = Schema.from_json(schema.to_json())
    assert again == schema
    assert again.to_json() == schema.to_json()
    assert msgspec.json.decode(msgspec.json.encode(column.parse), type=Parse) == column.parse


@pytest.mark.parametrize(("kind", "i"), USED)
def test_a_column_is_read_the_same_after_json_and_row_by_row(kind, i):
    raw = EXAMPLES[kind][i]
    schema, column = of_example(kind, i)
    read = KINDS[kind].parse(raw, column.parse)
    assert read.dtype == DTYPES[kind]
    assert len(read) == len(raw)
    assert read.null_count() == column.missing
    how = Schema.from_json(schema.to_json()).column("x").parse
    assert KINDS[kind].parse(raw, how).equals(read, null_equal=True)
    rows = pl.concat([KINDS[kind].parse(raw[row : row + 1], how) for row in range(len(raw))])
    assert rows.equals(read, null_equal=True)


@pytest.mark.parametrize(("kind", "i"), USED)
def test_what_was_read_is_read_as_it_is(kind, i):
    raw = EXAMPLES[kind][i]
    _, column = of_example(kind, i)
    read = KINDS[kind].parse(raw, column.parse)
    assert KINDS[kind].parse(read, Parse()).equals(read, null_equal=True)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("kind", "i"), USED)
def test_a_later_column_of_any_sort_is_read_or_missing(kind, i, odd):
    _, column = of_example(kind, i)
    read = KINDS[kind].parse(ODD[odd], column.parse)
    assert read.dtype == DTYPES[kind]
    assert len(read) == len(ODD[odd])
    if kind == "numeric":
        assert read.drop_nulls().is_finite().all()


@pytest.mark.parametrize(("kind", "i"), [case for case in USED if case[0] in SAYABLE])
def test_what_is_recognised_can_be_said(kind, i):
    raw = EXAMPLES[kind][i]
    _, column = of_example(kind, i)
    _, said = understood(raw, **{kind: ("x",)})
    assert (said.kind, said.role) == (kind, "feature")
    insisted = SAYABLE[kind].insist(Values("x", raw, typed=False))
    for parse in (said.parse, insisted.parse):
        read = KINDS[kind].parse(raw, parse)
        assert read.equals(KINDS[kind].parse(raw, column.parse), null_equal=True)
