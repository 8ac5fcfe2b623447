"""Queries of DuckDB, PostgreSQL and SQLite give what NumPy does, whatever stands in the table."""

import re

import numpy as np
import polars as pl
import pytest
from test_ship_recording import COMPUTED, X

from databases import DATABASES, filling, quoted
from gradum.errors import ExportError
from gradum.ship.forms.sql.expansion import expanded, shapes
from gradum.ship.forms.sql.query import MOST_COLUMNS, query
from gradum.ship.recording.program import RecordedProgram
from gradum.ship.recording.recorded import Recorded
from gradum.tables.kinds.date.iso import DATE
from gradum.tables.kinds.raw import CLOCK

each_database = pytest.mark.parametrize("name", DATABASES)


def asked(name, frame, answers, types=()):
    """The last columns of a query of these scalars, as rows."""
    text = query(answers, "gradum_row")
    rows = DATABASES[name](filling(frame, "rows", types), text)
    return [row[-len(answers) :] for row in rows]


def scalars_of(raw, outputs):
    found = expanded(RecordedProgram(raw, outputs))
    return {
        f"{name} {k}": value
        for name, array in found.items()
        for k, value in enumerate(array.ravel())
    }


@pytest.fixture(scope="module")
def recorded_operations():
    raw = Recorded.input(np.float64)
    finite = {name: compute for name, compute in COMPUTED.items() if name != "not finite"}
    return raw, {name: compute(raw).node for name, compute in finite.items()}


@each_database
def test_each_operation_gives_what_numpy_does(recorded_operations, name):
    raw, outputs = recorded_operations
    answers = scalars_of({"x": raw.node}, outputs)
    found = np.array(asked(name, pl.DataFrame({"x": X[:, 0]}), answers), float)
    computed = [COMPUTED[output](X) for output in outputs]
    expected = np.column_stack([array.reshape(len(X), -1) for array in computed])
    np.testing.assert_allclose(found, expected, rtol=3e-6, atol=3e-7)


FUNCTIONS = {
    "rint": np.rint,
    "exp": np.exp,
    "whole": lambda x: (x * 1.0).astype(np.int64),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)) if isinstance(x, np.ndarray) else expit(x),
    "log": lambda x: np.log(np.absolute(x) + 1e-9),
    "cos": np.cos,
    "is finite": lambda x: np.isfinite(x).astype(np.float64),
    "greatest": lambda x: np.sort(np.concatenate([x, 0.5 * x, -x, 1 - x], axis=1), axis=1),
}
NUMBERS = [0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.0, -7.25, 1e-9, 30.0, -30.0]


def expit(x):
    import scipy.special

    return scipy.special.expit(x)


@each_database
def test_halves_signs_and_order_are_those_of_numpy(name):
    raw, numbers = Recorded.input(np.float64), np.array(NUMBERS)[:, None]
    answers = scalars_of({"x": raw.node}, {k: f(raw).node for k, f in FUNCTIONS.items()})
    found = np.array(asked(name, pl.DataFrame({"x": NUMBERS}), answers), float)
    expected = np.column_stack([f(numbers) for f in FUNCTIONS.values()])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@each_database
def test_no_number_stops_a_query(name):
    """Underflow and overflow are errors in PostgreSQL; NaN and infinity are missing."""
    raw = Recorded.input(np.float64)
    held = np.where(np.absolute(raw) <= 3e38, raw, 0.25)
    clipped = held / np.sqrt(1.0 + np.square(held / 3))
    outputs = {"exp": np.exp(-np.absolute(held)), "p": expit(1e3 * held), "clip": clipped}
    answers = scalars_of({"x": raw.node}, {k: array.node for k, array in outputs.items()})
    numbers = [1e308, -1e308, np.inf, -np.inf, np.nan, None, 1e30, -1e30, 0.0, 800.0]
    frame = pl.DataFrame({"x": numbers}, schema={"x": pl.Float64}, strict=False)
    typed = frame["x"].to_numpy()[:, None]
    if name == "SQLite":  # which has no words for these
        frame = frame.with_columns(pl.when(pl.col("x").is_finite()).then("x"))
    with np.errstate(invalid="ignore"):
        held = np.where(np.absolute(typed) <= 3e38, typed, 0.25)
    clipped = held / np.sqrt(1.0 + np.square(held / 3))
    expected = np.column_stack([np.exp(-np.absolute(held)), expit(1e3 * held), clipped])
    found = np.array(asked(name, frame, answers), float)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-300)


TEXTS = [
    "a b",
    "",
    "  c   d e",
    "12:30:07",
    "2024-02-29",
    "über:x",
    "ÜBER:X",
    "X'Y",
    None,
    "–:–",
    "7:05",
]


@each_database
def test_texts_are_looked_up_joined_split_and_matched(name):
    raw = Recorded.input(object)
    safe = np.where(raw.matches(CLOCK), raw, "00:00").followed_by(":00")
    outputs = {
        "code": raw.looked_up({"a b": 1, "x'y": 2, "(missing)": 3, "": 1}, 0),
        "in any case": raw.looked_up_folded({"a b": 1, "x'y": 2, "über:x": 3, "(missing)": 4}),
        "clock": raw.matches(CLOCK).astype(np.float64),
        "minute": safe.split(":", 1).astype(np.float64),
        "second word": raw.followed_by(" y z").split("", 1),
        "after": raw.followed_by(":").split(":", 1),
        "twice": raw.followed_by("-").followed_by(raw),
    }
    answers = scalars_of({"x": raw.node}, {k: array.node for k, array in outputs.items()})
    found = asked(name, pl.DataFrame({"x": TEXTS}), answers)
    read = [["(missing)" if text is None else text.strip(" ")] for text in TEXTS]
    program = RecordedProgram({"x": raw.node}, {k: array.node for k, array in outputs.items()})
    expected = program({"x": np.array(read, object)})
    for row, *own in zip(found, *(array[:, 0] for array in expected.values()), strict=True):
        assert list(row) == own


def test_a_pattern_is_the_list_of_what_it_matches():
    for pattern in (CLOCK, DATE):
        listed = set(shapes(pattern))
        assert all(re.fullmatch(pattern, text) for text in listed)
        rng = np.random.default_rng(0)
        for text in rng.choice(sorted(listed), 200):
            place = rng.integers(len(text))
            for changed in (text[:place] + text[place + 1 :], text[:place] + "0" + text[place:]):
                assert (changed in listed) == (re.fullmatch(pattern, changed) is not None)
    with pytest.raises(ExportError):
        shapes("a+")


HOSTILE = ['"; DROP TABLE x; --', "it's", "--", "a\nb", "列", "ß" * 40, "/*", "SELECT", "%s", "v0"]


@each_database
def test_names_and_levels_are_only_names_and_levels(name):
    texts = {column: Recorded.input(object) for column in HOSTILE}
    outputs = {
        column: raw.looked_up({level: k + 1 for k, level in enumerate(HOSTILE)}, 0).node
        for column, raw in texts.items()
    }
    answers = scalars_of({column: raw.node for column, raw in texts.items()}, outputs)
    assert all(len(column.encode()) > 63 for column in answers if column[0] == "ß")
    frame = pl.DataFrame({column: np.roll(HOSTILE, k) for k, column in enumerate(HOSTILE)})
    kept = ["CREATE TABLE x (y INTEGER)"] if name != "PostgreSQL" else []
    rows = DATABASES[name]([*kept, *filling(frame, "rows")], query(answers, "gradum_row"))
    found = np.array([row[-len(HOSTILE) :] for row in rows], int)
    expected = np.column_stack([np.roll(np.arange(len(HOSTILE)), k) for k in range(len(HOSTILE))])
    np.testing.assert_array_equal(found, expected + 1)
    assert [row[: len(HOSTILE)] for row in rows] == frame.rows()


@each_database
def test_each_row_has_its_own_answers_and_all_its_columns(name):
    raw = Recorded.input(np.float64)
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(1, 40)).astype(np.float32)
    hidden = np.maximum(raw @ weight, 0) @ rng.normal(size=(40, 40))
    answers = scalars_of({"x": raw.node}, {"y": np.tanh(hidden).sum(axis=1).node})
    text = query(answers, "gradum_row")
    assert "JOIN" in text
    x = rng.normal(size=300)
    frame = pl.DataFrame({"id": rng.permutation(300), "x": x, "word": ["kept"] * 300})
    rows = DATABASES[name](filling(frame, "rows"), text)
    assert sorted(row[0] for row in rows) == list(range(1, 301))
    ordered = sorted(rows, key=lambda row: row[1])
    program = RecordedProgram({"x": raw.node}, {"y": np.tanh(hidden).sum(axis=1).node})
    expected = program({"x": frame.sort("id")["x"].to_numpy()[:, None]})["y"]
    np.testing.assert_allclose([row[-1] for row in ordered], expected, rtol=1e-5, atol=1e-5)
    assert [row[1:4] for row in ordered] == frame.sort("id").rows()


@each_database
def test_a_sum_of_many_terms_is_no_deep_expression(name):
    columns = {f"c{k}": Recorded.input(np.float64) for k in range(900)}
    weight = np.arange(1.0, 901.0)[:, None]
    total = np.concatenate(list(columns.values()), axis=1) @ weight
    several = np.concatenate([np.exp(-total * k / 1e9) for k in range(1, 4)], axis=1)
    chosen = several.max(axis=1)
    answers = scalars_of({k: raw.node for k, raw in columns.items()}, {"y": chosen.node})
    frame = pl.DataFrame({k: [1.0, 2.0] for k in columns})
    ((first,), (second,)) = asked(name, frame, answers)
    expected = np.exp(-405_450 / 1e9), np.exp(-2 * 405_450 / 1e9)
    np.testing.assert_allclose((first, second), expected, rtol=1e-12)


@each_database
def test_columns_have_the_types_of_their_database(name):
    number, date, level, truth = (
        Recorded.input(dtype) for dtype in (np.float64, object, object, object)
    )
    known = date.matches(DATE)
    year = np.where(known, date, "0-").split("-", 0).astype(np.float64)
    outputs = {
        "number": np.where(np.absolute(number) < 1e30, number, -1.0).node,
        "year": year.node,
        "level": level.looked_up({"3": 3, "3.0": 3, "(missing)": 9}, 0).node,
        "truth": truth.looked_up({"true": 1, "1": 1, "false": 2, "0": 2}, 0).node,
    }
    inputs = {"number": number, "date": date, "level": level, "truth": truth}
    answers = scalars_of({k: raw.node for k, raw in inputs.items()}, outputs)
    frame = pl.DataFrame(
        {
            "number": ["2", "12345678901", None],
            "date": ["2024-02-29", "1999-12-31", None],
            "level": ["3", None, "4"],
            "truth": ["true", "false", None],
        }
    )
    types = {"number": "BIGINT", "date": "DATE", "level": "INTEGER", "truth": "BOOLEAN"}
    if name == "SQLite":
        types = {"number": "INTEGER", "level": "REAL"}
        frame = frame.with_columns(truth=pl.Series(["1", "0", None]))
    expected = [(2.0, 2024.0, 3, 1), (12345678901.0, 1999.0, 9, 2), (-1.0, 0.0, 0, 0)]
    assert asked(name, frame, answers, types) == expected


def test_numbers_that_sqlite_holds_as_texts_are_read_and_others_are_missing():
    raw = Recorded.input(np.float64)
    answers = scalars_of({"x": raw.node}, {"y": np.where(np.absolute(raw) < 9, raw, -1.0).node})
    frame = pl.DataFrame({"x": ["2.5", "", "n/a", "3 kg", "1e0"]})
    assert asked("SQLite", frame, answers) == [(2.5,), (-1.0,), (-1.0,), (-1.0,), (1.0,)]
    text = query(answers, "gradum_row")
    with pytest.raises(Exception, match="no such column"):
        DATABASES["SQLite"](filling(frame.rename({"x": "z"}), "rows"), text)


def test_what_is_too_large_is_refused():
    raw = Recorded.input(np.float64)
    wide = np.maximum(raw @ np.ones((1, MOST_COLUMNS)) * np.arange(1, MOST_COLUMNS + 1), 1.0)
    hidden = np.tanh(wide) @ np.arange(2.0 * MOST_COLUMNS).reshape(-1, 2)
    answers = scalars_of({"x": raw.node}, {"y": (np.tanh(hidden) + np.exp(hidden)).node})
    with pytest.raises(ExportError, match=f"{MOST_COLUMNS:,}"):
        query(answers, "gradum_row")
    products = np.tanh(raw @ np.ones((1, 300))) @ np.ones((300, 300))
    with pytest.raises(ExportError, match="90,300"):
        expanded(RecordedProgram({"x": raw.node}, {"y": products.node}))
    with pytest.raises(ExportError):
        query({"y": np.inf}, "gradum_row")


def test_what_is_computed_twice_is_written_once():
    raw = Recorded.input(np.float64)
    value = raw
    for _ in range(12):  # each twice in the next: 4,096 times in one expression
        value = np.tanh(value) * np.exp(value)
    text = query(scalars_of({"x": raw.node}, {"y": value.node}), "gradum_row")
    assert text.count("tanh") == 12
    assert quoted("x") in text
