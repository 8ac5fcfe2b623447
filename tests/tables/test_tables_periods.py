"""Months, quarters and weeks: dates of their first days; what only looks like one is left alone."""

import datetime as dt

import polars as pl
import pytest

from gradum.tables.kinds import KINDS
from gradum.tables.kinds.date import FORMATS
from gradum.tables.kinds.date.periods import spelled
from gradum.tables.kinds.parse import Parse
from gradum.tables.schema.schema import Schema, infer
from gradum.tables.table import Table

N = 40
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG = ("January", "March", "September", "December")
GERMAN = ("Januar", "März", "Mai", "Oktober", "Dezember")


def column_of(values):
    frame = pl.DataFrame({"x": values, "other": [i % 7 / 7 for i in range(len(values))]})
    return infer(Table(frame, "t.csv", typed=False)).column("x")


def quarter(i):
    return dt.datetime(1990 + i // 4, 3 * (i % 4) + 1, 1)


def month(i):
    return dt.datetime(1990 + i // 12, i % 12 + 1, 1)


def week(i):
    return dt.datetime.fromisocalendar(2024, i % 52 + 1, 1)


@pytest.mark.parametrize(
    ("write", "first_day"),
    [
        (lambda i: f"{1990 + i // 4}-Q{i % 4 + 1}", quarter),
        (lambda i: f"{1990 + i // 4}Q{i % 4 + 1}", quarter),
        (lambda i: f"Q{i % 4 + 1} {1990 + i // 4}", quarter),
        (lambda i: f"Q{i % 4 + 1}/{1990 + i // 4}", quarter),
        (lambda i: f"{i % 4 + 1}. Quartal {1990 + i // 4}", quarter),
        (lambda i: f"{1990 + i // 4}年第{i % 4 + 1}季度", quarter),
        (lambda i: f"{1990 + i // 4}年{'一二三四'[i % 4]}季度", quarter),
        (lambda i: f"2024-W{i % 52 + 1:02}", week),
        (lambda i: f"KW {i % 52 + 1} 2024", week),
        (lambda i: f"KW{i % 52 + 1}/2024", week),
        (lambda i: f"2024年第{i % 52 + 1}周", week),
        (lambda i: f"{MONTHS[i % 12]} {1990 + i // 12}", month),
        (lambda i: f"{MONTHS[i % 12]}-{1990 + i // 12}", month),
        (lambda i: f"{i % 12 + 1:02}/{1990 + i // 12}", month),
        (lambda i: f"{1990 + i // 12}-{i % 12 + 1:02}", month),
        (lambda i: f"{1990 + i // 12}年{i % 12 + 1}月", month),
    ],
)
def test_a_period_is_its_first_day_and_said_to_be(write, first_day):
    values = [write(i) for i in range(N)]
    column = column_of(values)
    assert column.kind == "date"
    assert "first day" in column.reason
    assert KINDS["date"].parse(pl.Series(values), column.parse).to_list() == [
        first_day(i) for i in range(N)
    ]
    again = Schema.from_json(Schema("t", N, (column,)).to_json()).columns[0].parse
    alone = [KINDS["date"].parse(pl.Series([value]), again)[0] for value in values[:3]]
    assert alone == [first_day(i) for i in range(3)]


@pytest.mark.parametrize("names", [LONG, GERMAN])
def test_months_may_be_written_in_full(names):
    assert column_of([f"{names[i % len(names)]} {1990 + i}" for i in range(N)]).kind == "date"


@pytest.mark.parametrize(
    "values",
    [
        [f"Q{i % 4 + 1}" for i in range(N)],
        [f"2024-{i + 1:02}" for i in range(N)],
        [f"2024-W{i + 30}" for i in range(N)],
        [f"{('Anna', 'Marcel', 'Junior')[i % 3]} {1990 + i % 9}" for i in range(N)],
        [f"{i % 12 + 1}/{24 + i % 3}" for i in range(N)],
        [f"May {i % 31 + 1}" for i in range(N)],
        [f"KW {i % 52 + 1}" for i in range(N)],
        [f"{1990 + i % 20}" for i in range(N)],
        [f"{1990 + i % 20}年" for i in range(N)],
    ],
)
def test_what_only_looks_like_a_period_is_none(values):
    assert column_of(values).kind != "date"


@pytest.mark.parametrize("pattern", FORMATS)
def test_dates_are_spelled_as_they_are_read(pattern):
    moments = [dt.datetime(2024, 1, 1), dt.datetime(2024, 7, 1, 15, 4), dt.datetime(2025, 12, 29)]
    texts = spelled(pl.Series("at", moments), pattern)
    how = Parse(date_format=pattern)
    read = KINDS["date"].parse(texts, how)
    assert read.null_count() == 0
    assert spelled(read, pattern).equals(texts)
    if "%d" in pattern:
        assert read.dt.date().to_list() == [moment.date() for moment in moments]
