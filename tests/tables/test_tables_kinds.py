import datetime as dt
import re
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from gradum.errors import ColumnError
from gradum.tables.kinds import KINDS, SAYABLE, Values, recognise
from gradum.tables.kinds.case_folding import folded, folded_texts
from gradum.tables.kinds.date import FORMATS
from gradum.tables.kinds.date.periods import PERIODS
from gradum.tables.kinds.inert import Duplicate
from gradum.tables.kinds.naming_numbers import named_like_codes
from gradum.tables.kinds.numeric import mostly_numbers
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.suspects import suspicions
from gradum.tables.kinds.values import MARKERS, _cleaned, clean

N = 60
DAYS = [dt.datetime(2021, 1, 1) + dt.timedelta(days=9 * i, minutes=61 * i) for i in range(N)]


def understood(values, name="x", typed=False):
    series = values if isinstance(values, pl.Series) else pl.Series(name, values, strict=False)
    return recognise(Values(name, series, typed))


def parsed(values, **options):
    series = pl.Series("x", values)
    reading = understood(series, **options)
    return reading, KINDS[reading.kind].parse(series, reading.parse).to_list()


NUMBERS = [
    (["1", "2.5", "-3", "+4"], [1, 2.5, -3, 4]),
    (["1e3", "2.5E-2", "7"], [1000, 0.025, 7]),
    ([" 3 ", "4 ", " 5"], [3, 4, 5]),
    (["1,234", "5,678", "99"], [1234, 5678, 99]),
    (["1,234.50", "5", "1,000,000"], [1234.5, 5, 1e6]),
    (["1.234,5", "99", "1.000.000"], [1234.5, 99, 1e6]),
    (["1,5", "2,25", "10"], [1.5, 2.25, 10]),
    (["0,500", "1,250"], [0.5, 1.25]),  # a group never starts with 0, so the comma is decimal
    (["1.234", "5.678"], [1.234, 5.678]),
    (["1 234", "12\u202f000,5", "99"], [1234, 12000.5, 99]),
    (["1'234.5", "12"], [1234.5, 12]),
    (["€12", "€ 7.5", "8 €"], [12, 7.5, 8]),
    (["$1,200.50", "-$3", "$7"], [1200.5, -3, 7]),
    (["12%", "3.5 %", "0%"], [12, 3.5, 0]),
    (["−5", "3"], [-5, 3]),
    (["12 kg", "-3.5kg", "0 kg"], [12, -3.5, 0]),
    (["1,234.5 km/h", "7 km/h"], [1234.5, 7]),
    (["20.5 °C", "-3 °C"], [20.5, -3]),
    (["USD 1,234.50", "USD 7", "USD -2"], [1234.5, 7, -2]),
    (["(1,234)", "99", "(5.5)"], [-1234, 99, -5.5]),
    (["($1,234)", "$99"], [-1234, 99]),
]


@pytest.mark.parametrize(("texts", "numbers"), NUMBERS)
def test_numbers_stored_as_text_are_read(texts, numbers):
    reading, values = parsed(texts)
    assert reading.kind == "numeric"
    assert values == numbers


@given(
    st.lists(st.integers(-(10**11), 10**11), min_size=2, max_size=30),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (".", " ")]),
)
def test_written_with_any_separators_numbers_survive(cents, separators):
    decimal, thousands = separators
    texts = []
    for value in [*cents, 123_456_789]:  # one number that shows both separators
        text = f"{abs(value) // 100:,}.{abs(value) % 100:02d}"
        text = text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
        texts.append("-" + text if value < 0 else text)
    reading, values = parsed(texts)
    assert reading.kind == "numeric"
    assert values == [value / 100 for value in [*cents, 123_456_789]]


@pytest.mark.parametrize(
    "texts",
    [
        ["€5", "$7"] * 30,
        ["12%", "0.5"] * 30,
        ["1,23,4", "5,6,7"] * 30,
        ["192.168.0.1", "10.0.0.1"] * 30,
        ["5 kg", "900 ml"] * 30,
        ["12A", "14A"] * 30,
        ["Q1", "Q2"] * 30,
        ["1", "2", "a", "b"] * 15,
    ],
)
def test_what_only_looks_like_numbers_stays_levels(texts):
    assert understood(texts).kind == "categorical"


def test_a_unit_is_said_and_what_it_does_not_measure_is_missing_later():
    reading, _ = parsed(["60 kg", "61 kg", "62.5 kg"] * 20)
    assert "stored as text with 'kg'" in reading.reason
    later = KINDS["numeric"].parse(pl.Series(["63 kg", "64", "900 g", "900 ml"]), reading.parse)
    assert later.to_list() == [63, 64, 0.9, None]


@pytest.mark.parametrize("texts", [["1.5", "2", "x7"] * 20, ["7", "8", "~9"] * 20])
def test_words_that_keep_a_column_from_being_numeric_are_named(texts):
    values = Values("x", pl.Series("x", texts), False)
    assert mostly_numbers(values) == [
        f"67% are numbers, but 20 values not ({texts[2]!r})",
        "correct these to use it as numbers",
    ]
    assert mostly_numbers(Values("x", pl.Series(["a", "b", "3"] * 20), False)) == []


@pytest.mark.parametrize("typed", [True, False])
def test_a_number_that_may_mean_missing_is_pointed_out(typed):
    numbers = [*np.linspace(0, 50, 55).tolist(), *[-999.0] * 5]
    reading = understood(numbers if typed else [f"{value:.2f}" for value in numbers])
    assert "-999, in 5 rows, may mean missing: write NA if so" in reading.reason


@pytest.mark.parametrize(
    "numbers",
    [
        [*range(940, 999), 999, 999],  # no gap
        [*range(50), 999],  # once
        [*range(50), 1000, 1000],  # no marker's digits
        [999] * 60,
    ],
)
def test_what_no_marker_is_raises_no_suspicion(numbers):
    assert suspicions("x", pl.Series(numbers, dtype=pl.Float64)) == []


def test_numbers_that_may_be_dates_are_pointed_out():
    days = [int(f"2024{month:02}{day:02}") for month in range(1, 13) for day in range(1, 29)]
    assert "--date 'x' if they are dates" in understood(days).reason
    assert "--date" not in understood([*days, 20_241_301]).reason


def test_levels_that_differ_in_case_only_are_found():
    twins = Values("x", pl.Series(["Rome", "Paris", "paris ", "PARIS", "Rom"])).case_twins
    assert sorted(twins) == ["PARIS", "Paris", "paris"]
    assert Values("x", pl.Series(["Rome", "Paris"])).case_twins == []


def test_leading_zeros_are_codes():
    reading, values = parsed(["01234", "90210", "10001"] * 20)
    assert reading.kind == "categorical"
    assert "leading zeros" in reading.reason
    assert values[0] == "01234"


@pytest.mark.parametrize("source", [int, float, str])
def test_codes_are_hinted_at_alike_from_typed_sources_and_from_text(source):
    codes = [98001 + 7 * (k % 70) for k in range(300)]
    reading = understood([source(code) for code in codes], name="Postal Code")
    assert reading.kind == "numeric"
    assert "; the name suggests codes: --categorical 'Postal Code' if they are" in reading.reason
    stored = understood([str(code) for code in codes], name="Postal Code", typed=True)
    assert (stored.kind, "--numeric 'Postal Code'" in stored.reason) == ("categorical", True)
    said = SAYABLE["numeric"].insist(Values("Postal Code", pl.Series(codes)))
    assert "suggests codes" not in said.reason


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("price", range(98001, 98301)),
        ("zip_code", [0.5 + k for k in range(60)]),
        ("zip_code", range(-30, 30)),
        ("zip_code", [k % 10 for k in range(60)]),  # few: it is said anyway
    ],
)
def test_other_names_and_other_numbers_are_no_codes(name, numbers):
    assert "suggests codes" not in understood(list(numbers), name=name).reason


NAMES_OF_CODES = {
    **dict.fromkeys(
        (
            *(
                "zip",
                "ZipCode",
                "Postal Code",
                "code_postal",
                "código postal",
                "邮政编码",
                "郵便番号",
            ),
            *("customer_id", "storeId", "customerID", "Store #", "area code", "phone_no", "EAN"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *(
                "lines_of_code",
                "n_codes",
                "income_per_zip",
                "mean_income_by_zip",
                "postcode_income",
            ),
            *(
                "phone_minutes",
                "market_cap",
                "humid",
                "paid",
                "grid",
                "number",
                "index",
                "",
                "educational-num",
            ),
        ),
        False,
    ),
}


@pytest.mark.parametrize(("name", "codes"), NAMES_OF_CODES.items())
def test_names_tell_codes_from_what_counts_them(name, codes):
    assert named_like_codes(name) is codes


def test_a_handful_of_words_among_numbers_counts_as_missing():
    texts = [str(i % 90) for i in range(299)] + ["oops"]
    reading, values = parsed(texts)
    assert (reading.kind, reading.unread, values[-1]) == ("numeric", 1, None)
    assert "'oops' (1)" in reading.reason
    assert understood([str(i % 15) for i in range(90)] + ["a", "b"] * 5).kind == "categorical"


def test_one_word_among_many_different_numbers_is_a_marker():
    reading, values = parsed([str(i) for i in range(40)] + ["unknown"] * 20)
    assert reading.kind == "numeric"
    assert "unknown" in reading.parse.missing
    assert values == [*range(40), *[None] * 20]


def test_infinities_and_what_float32_cannot_hold_are_missing():
    numbers = [1.5, np.inf, -np.inf, np.nan, 1e39, -2.0, None]
    expected = [1.5, None, None, None, None, -2.0, None]
    assert KINDS["numeric"].parse(pl.Series(numbers), Parse()).to_list() == expected
    reading, values = parsed(["1.5", "inf", "-Infinity", "nan", "1e39", "-2.0", ""])
    assert reading.kind == "numeric"
    assert values == expected


def test_few_whole_numbers_stay_numbers_and_the_reason_says_so():
    reading = understood(pl.Series("rooms", [1, 2, 3, 4] * 15), "rooms")
    assert reading.kind == "numeric"
    assert "4 distinct whole numbers" in reading.reason
    assert "--categorical 'rooms'" in reading.reason


def test_whole_numbers_as_text_are_codes_only_where_the_source_has_types():
    assert understood(["1", "2", "3"] * 20, typed=False).kind == "numeric"
    assert understood(["1", "2", "3"] * 20, typed=True).kind == "categorical"
    assert understood(["1", "2", "?"] * 20, typed=True).kind == "numeric"  # never parsed before
    assert understood(["1.5", "2", "3"] * 20, typed=True).kind == "numeric"


@pytest.mark.parametrize("marker", MARKERS)
def test_every_marker_is_missing_in_numbers_and_levels(marker):
    reading, values = parsed(["1.5", marker, "2.5", "3"] * 15)
    assert (reading.kind, values[1]) == ("numeric", None)
    reading, values = parsed(["low", f" {marker} ", "high", "mid"] * 15)
    assert (reading.kind, values[1]) == ("categorical", None)
    assert marker in reading.parse.missing


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["yes", "No", "YES", ""], "boolean"),
        (["T", "f"], "boolean"),
        (["TRUE", "False"], "boolean"),
        (["y", "n", "?"], "boolean"),
        (["yes", "f"], "categorical"),
        (["yes", "no", "maybe"], "categorical"),
        (["yes", ""], "categorical"),
        (["0", "1"], "numeric"),
    ],
)
def test_booleans_are_one_pair_of_words(words, kind):
    assert understood(words * 15).kind == kind


def test_booleans_are_read_from_words_numbers_and_booleans():
    boolean = KINDS["boolean"]
    expected = [True, False, None]
    for raw in (["Yes", " no", "?"], ["1", "0", "x"], [1, 0, 7], [1.0, 0.0, None]):
        assert boolean.parse(pl.Series(raw), Parse(true="yes", false="no")).to_list() == expected
    assert boolean.parse(pl.Series([True, False, None]), Parse()).to_list() == expected


@pytest.mark.parametrize("pattern", [each for each in FORMATS if each not in PERIODS])
def test_every_date_format_is_recognised_and_read(pattern):
    """What the standard library writes is read back, to the precision that the format keeps."""
    zoned = pattern.replace("%.f", "").replace("%#z", "%z")
    texts = [day.replace(tzinfo=dt.UTC).strftime(zoned) for day in DAYS]
    reading, values = parsed(texts)
    assert reading.kind == "date"
    keep = [dt.datetime.strptime(text, zoned).replace(tzinfo=None) for text in texts]
    assert values == keep


def test_zones_become_utc():
    reading, values = parsed(["2020-07-01T10:00:00+02:00", "2020-01-01T10:00:00Z"] * 30)
    assert reading.kind == "date"
    assert values[:2] == [dt.datetime(2020, 7, 1, 8), dt.datetime(2020, 1, 1, 10)]
    berlin = pl.Series([dt.datetime(2020, 7, 1)]).dt.replace_time_zone("Europe/Berlin")
    utc = KINDS["date"].parse(berlin, Parse())
    assert utc.dtype == pl.Datetime("us")
    assert utc.to_list() == [dt.datetime(2020, 6, 30, 22)]


def test_day_and_month_are_told_apart_by_the_data_or_said_to_be_ambiguous():
    days = [f"{day:02d}/03/2021" for day in range(1, 29)]
    assert understood(days).parse.date_format == "%d/%m/%Y"
    months = [f"03/{day:02d}/2021" for day in range(1, 29)]
    assert understood(months).parse.date_format == "%m/%d/%Y"
    unclear = understood([f"{i % 12 + 1:02d}/{i % 11 + 1:02d}/2021" for i in range(40)])
    assert unclear.kind == "date"
    assert "would fit as well" in unclear.reason


def test_dates_written_anew_by_another_program_are_still_read():
    how = Parse(date_format="%d/%m/%Y")
    read = KINDS["date"].parse(pl.Series(["2020-01-31", None]), how)
    assert read.to_list() == [dt.datetime(2020, 1, 31), None]


def test_versions_addresses_and_times_of_day_are_no_dates():
    for texts in (["1.2.3", "1.2.4"], ["10.0.0.1", "10.0.0.2"], ["10:30", "23:59"]):
        assert understood(texts * 30).kind == "categorical"


def test_text_is_sentences_that_seldom_repeat():
    sentences = [f"this jumper number {i} is warm" for i in range(N)]
    assert understood(sentences).kind == "text"
    assert understood(["paid back duly till now", "in delay before this"] * 30).kind == (
        "categorical"
    )
    assert understood([f"Name{i} Surname{i}" for i in range(N)]).kind == "identifier"


def test_many_levels_stay_categorical_and_are_said_to_be_embedded():
    reading = understood([f"N{i % 500}" for i in range(5000)])
    assert reading.kind == "categorical"
    assert "embedding" in reading.reason


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "userId", "index", "Unnamed: 0", ""])
def test_whole_numbers_that_number_the_rows_are_identifiers(name):
    numbers = np.random.default_rng(0).permutation(N) + 1000
    for values in (numbers, numbers.astype(str).tolist(), numbers.astype(float)):
        reading = understood(pl.Series(name, values), name)
        assert (reading.kind, reading.usable) == ("identifier", False)


def test_quantities_and_small_tables_are_no_identifiers():
    assert understood(pl.Series("distance", range(N)), "distance").kind == "numeric"
    assert understood(pl.Series("width", range(N)), "width").kind == "numeric"
    assert understood(pl.Series("id", np.linspace(0.5, 9, N)), "id").kind == "numeric"
    assert understood(pl.Series("id", range(10)), "id").kind == "numeric"
    assert understood(["a", "b", "c", "d"]).kind == "identifier"


def test_constant_is_one_value_without_gaps():
    assert understood(["a"] * N).kind == "constant"
    assert understood(pl.Series("x", [None] * N)).kind == "constant"
    assert understood(["NA", ""] * 30).kind == "constant"
    assert understood(pl.Series("x", [np.nan] * N)).kind == "constant"
    assert understood(pl.Series("x", [2.0, None] * 30)).kind == "numeric"
    assert understood(["a", ""] * 30).kind == "categorical"


@pytest.mark.parametrize("values", [[[1], [2]], [{"a": 1}, {"a": 2}], [b"x", b"y"]])
def test_nested_values_are_set_aside(values):
    reading = understood(pl.Series("x", values))
    assert (reading.kind, reading.usable) == ("nested", False)


def test_whole_levels_are_the_same_from_every_type():
    reading, values = parsed(["1", "2.0", "10"] * 20, typed=True)
    how = SAYABLE["categorical"].insist(Values("x", pl.Series([1, 2, 10]), True)).parse
    for raw in ([1, 2, 10], [1.0, 2.0, 10.0], ["1", "2.0", "10"]):
        assert KINDS["categorical"].parse(pl.Series(raw), how).to_list() == ["1", "2", "10"]
    assert reading.kind == "numeric"
    assert values[:3] == [1, 2, 10]


@pytest.mark.parametrize("times", [1, 3_000])  # value by value, and level by level
def test_levels_are_stripped_and_nothing_else_is_changed(times):
    raw = pl.Series("city", [" Paris", "Paris", "New  York ", None, " NA"] * times)
    expected = pl.Series("city", ["Paris", "Paris", "New  York", None, None] * times)
    assert_series_equal(clean(raw, Parse()), expected)


@pytest.mark.parametrize(
    "how", [Parse(), Parse(missing=("gone",), kept=("NA",)), Parse(whole=True)]
)
@pytest.mark.parametrize(
    "text",
    ["Paris", "", " ", "NA", "gone", "3.0", "a\t", "\x1fa", "\x1f", "\u3000a", "Zoë ", "\u200b"],
)
def test_texts_that_are_plainly_clean_are_those_that_polars_leaves_alone(text, how):
    texts = pl.Series("city", ["Oslo", text, None])
    by_polars = texts.to_frame("text").select(_cleaned(pl.col("text"), how)).to_series()
    assert clean(texts, how).to_list() == by_polars.to_list()


def test_insisting_names_rows_and_examples_that_do_not_fit():
    numbers = Values("age", pl.Series("age", ["1", "2", "old", "3"]), False)
    with pytest.raises(ColumnError, match=r"'age'.*row 3.*'old'"):
        SAYABLE["numeric"].insist(numbers)
    dates = Values("day", pl.Series("day", ["2020-01-01", "2020-01-02", "soon"]), False)
    with pytest.raises(ColumnError, match=r"'day'.*row 3 .*'soon'"):
        SAYABLE["date"].insist(dates)
    stamps = Values("when", pl.Series("when", [dt.date(2020, 1, 1)]), True)
    with pytest.raises(ColumnError, match="but holds dates"):
        SAYABLE["numeric"].insist(stamps)


def test_years_and_compact_dates_are_read_where_the_user_says_so():
    for raw, days in (
        (["20200131", "20211231"], [dt.datetime(2020, 1, 31), dt.datetime(2021, 12, 31)]),
        ([2019, 2020], [dt.datetime(2019, 1, 1), dt.datetime(2020, 1, 1)]),
    ):
        series = pl.Series("x", raw)
        reading = SAYABLE["date"].insist(Values("x", series, False))
        assert KINDS["date"].parse(series, reading.parse).to_list() == days


def test_duplicates_are_equal_in_every_row_whatever_their_type():
    frame = pl.DataFrame(
        {
            "a": [1, 2, None],
            "b": [1.0, 2.0, None],
            "c": [1, 2, 3],
            "d": ["1", "2", None],
            "e": ["1", "2", None],
            "f": ["one", "two", None],
            "g": [2**60, 2**60 + 1, 0],
            "h": [2**60, 2**60 + 2, 0],  # equal in float64 only
        }
    )
    assert Duplicate().copies(frame, frame.columns) == {"b": "a", "e": "d"}


def test_every_kind_speaks_in_one_clause():
    for kind in KINDS.values():
        assert kind.name
    columns = {
        "a": ["1,5", "2"],
        "b": ["yes", "no"],
        "c": ["x", "y"],
        "d": ["2020-01-01", "2021-01-01"],
        "e": ["x", "x"],
    }
    for values in columns.values():
        reason = understood(values * 30).reason
        assert reason[0].isupper() or reason[0].isdigit()
        assert not reason.endswith(".")


ADDED = [set("ﬅﬆ"), set("\u0390\u1fd3"), set("\u03b0\u1fe3")]
"""To Unicode's folding by its version 15.1; they are no upper and lower case."""


def test_letters_are_folded_as_regular_expressions_of_another_language_fold_them():
    ways = (str.lower, str.upper, str.casefold, str.title)
    cased = [c for c in map(chr, range(0x20000)) if any(way(c) != c for way in ways)]
    text = pl.Series(["".join(cased)])
    keys = Counter(map(folded, cased))
    several = {letter for letter, count in keys.items() if count != 2}
    for letter in several.union(list(keys)[::8]):  # of all, it takes seconds
        alike = text.str.extract_all(f"(?i){re.escape(letter)}")[0].to_list()
        expected = [c for c in cased if folded(c) == letter]
        assert alike == expected or {*alike} in ADDED, letter
    assert all(folded(folded(c)) == folded(c) for c in cased)
    assert folded("İstanbul STRASSE ΟΔΟΣ") == "İstanbul strasse οδοσ"


def test_a_column_is_folded_as_a_single_text_is():
    texts = ["Köln", "ǅep", "STRAẞE", "İ", "ΟΔΟΣ", "", "ABC"]
    column = pl.DataFrame({"x": texts}).select(folded_texts(pl.col("x")))["x"]
    assert column.to_list() == [folded(text) for text in texts]
    ascii_only = pl.DataFrame({"x": ["ABC", None]}).select(folded_texts(pl.col("x")))["x"]
    assert ascii_only.to_list() == ["abc", None]
