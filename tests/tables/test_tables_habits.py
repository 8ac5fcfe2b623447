"""Numbers, dates and gaps as they are written in East Asia, Russia and Germany."""

import datetime as dt

import polars as pl
import pytest

from gradum.tables.kinds import KINDS
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table

OTHERS = [str(1000 + 7 * i) for i in range(40)]


def understood(values, **table):
    frame = pl.DataFrame({"x": values, "other": [i % 7 / 7 for i in range(len(values))]})
    column = infer(Table(frame, "t.csv", typed=False, **table)).column("x")
    kind = KINDS[column.kind]
    return column, kind.parse(frame["x"], column.parse).to_list()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("123.4万", 1_234_000.0),
        ("1.1万", 11_000.0),
        ("1.2亿", 120_000_000.0),
        ("12억", 1_200_000_000.0),
        ("3천", 3_000.0),
        ("１２３", 123.0),
        ("－１．５", -1.5),
        ("2,5 百万", 2_500_000.0),
        ("1.5 Mio.", 1_500_000.0),
        ("3.4 Mrd.", 3_400_000_000.0),
        ("2.5 млн", 2_500_000.0),
        ("1.2万3", None),
        ("万", None),
    ],
)
def test_a_number_is_read_as_it_is_written(written, number):
    column, read = understood([written, *OTHERS, *OTHERS, *OTHERS])
    assert column.kind == "numeric"
    assert read[0] == number


def test_german_numbers_have_decimal_commas():
    column, read = understood(
        ["1,2 Mio.", "3,4 Mrd.", "950,5 Tsd.", *[f"{i},5" for i in range(30)]]
    )
    assert column.parse.decimal == ","
    assert read[:4] == [1.2e6, 3.4e9, 950_500.0, 0.5]


def test_a_unit_may_follow_a_power_of_ten():
    _, read = understood([*["1.2万元", "9800元", "3亿元"] * 2, *[f"{i}元" for i in range(30)]])
    assert read[:3] == [12_000.0, 9_800.0, 3e8]


@pytest.mark.parametrize(
    "words",
    [
        ["无", "缺失", "不详"],
        ["欠損", "なし"],
        ["없음", "미상"],
        ["нет данных", "Н/Д"],
        ["k. A.", "keine Angabe", "unbekannt"],
    ],
)
def test_words_for_a_gap_among_numbers_and_dates_are_gaps_and_said(words):
    for values in (OTHERS[:8], [f"2023-05-{day:02}" for day in range(1, 9)]):
        column, read = understood([*values, *words])
        assert column.kind in ("numeric", "date")
        assert read[-len(words) :] == [None] * len(words)
        assert column.missing == len(words)
        assert repr(words[0]) in column.reason


@pytest.mark.parametrize(
    "phrase",
    [
        *("no data", "Not recorded", "keine Angabe", "nicht angegeben", "non renseigné"),
        *("SIN DATOS", "Não informado", "Dato mancante", "Нет данных", "暂无数据", "未填写"),
        *("データなし", "記載なし", "자료 없음", "미기재"),
    ],
)
def test_a_phrase_that_means_nothing_else_is_a_gap_everywhere(phrase):
    for values in (["red", "blue", "green"] * 9, ["yes", "no"] * 9, OTHERS):
        column, read = understood([*values, phrase, phrase])
        assert column.role == "feature"
        assert read[-2:] == [None, None]
        assert None not in read[:-2]
        assert column.missing == 2
        assert repr(phrase) in column.reason
    frame = pl.DataFrame({"y": ["a", "b"] * 30 + [phrase], "x": range(61)})
    target = infer(Table(frame, "t.csv", typed=False), target="y").target
    assert target.classes == ("a", "b")


@pytest.mark.parametrize("word", ["n.d.", "s/d", "н/д", "unknown", "none", "inconnu", "不明", "无"])
def test_a_word_that_may_mean_more_is_a_gap_among_numbers_and_dates_alone(word):
    for values in (OTHERS[:8], [f"2023-05-{day:02}" for day in range(1, 9)]):
        assert understood([*values, word, word])[1][-2:] == [None, None]
    assert understood([*["red", "blue"] * 9, word])[1][-1] == word


@pytest.mark.parametrize(
    "answers",
    [
        ["Viele", "Wenige", "Keine"],
        ["无", "青霉素", "花粉"],  # allergies
        ["ND", "SD", "CA"],  # states
        ["available", "not available", "on order"],
        ["male", "female", "unspecified"],
        ["Sin", "Datos", "Consta"],
    ],
)
def test_answers_that_sound_like_gaps_are_levels(answers):
    column, read = understood(answers * 12)
    assert column.kind == "categorical"
    assert read == answers * 12


def test_words_for_a_gap_among_words_or_few_numbers_are_levels():
    for values in (["红", "蓝", "无"] * 10, ["1", "2", "3", "无"] * 10):
        column, read = understood(values)
        assert column.kind == "categorical"
        assert read == values


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2023年5月3日", dt.datetime(2023, 5, 3)),
        ("2023年5月", dt.datetime(2023, 5, 1)),
        ("2023년 5월 3일", dt.datetime(2023, 5, 3)),
        ("2023년 5월", dt.datetime(2023, 5, 1)),
        ("２０２３年５月３日", dt.datetime(2023, 5, 3)),
        ("2023年5月3日 13:45", dt.datetime(2023, 5, 3, 13, 45)),
    ],
)
def test_a_date_is_read_as_it_is_written(written, date):
    start = written[:4]
    values = [written.replace(start, str(year)) for year in range(1990, 2020)]
    column, read = understood([*values, written])
    assert column.kind == "date"
    assert read[-1] == date


def test_dates_in_two_formats_are_read_where_nothing_is_open():
    days = [dt.datetime(2014, 1, 1) + dt.timedelta(days=11 * i) for i in range(100)]
    values = [day.strftime("%d/%m/%Y" if i % 10 < 7 else "%Y-%m-%d") for i, day in enumerate(days)]
    column, read = understood(values)
    assert column.kind == "date"
    assert read == days
    assert "written as dd/mm/yyyy and, 30% of them, as yyyy-mm-dd" in column.reason
    open_days = [dt.datetime(2014, 1 + i % 12, 1 + i // 12) for i in range(100)]
    values = [d.strftime("%d/%m/%Y" if i % 10 < 7 else "%Y-%m-%d") for i, d in enumerate(open_days)]
    assert understood(values)[0].kind != "date"
