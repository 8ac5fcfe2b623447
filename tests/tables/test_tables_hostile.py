"""Content that no table should hold: read, or refused in one line, and nothing else."""

import datetime as dt
import json
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from refusals import refused

from gradum.errors import GradumError, TableError
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.formats.calendar_range import within_calendar
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

ROWS = 30
OTHERS = {"x": list(range(ROWS)), "y": ["a", "b"] * (ROWS // 2)}
EARLY = dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=14)))


class Mute:
    """An object that does not say what it is."""

    def __str__(self):
        raise RuntimeError("no words")


def counts(values, dtype):
    return pl.Series((values * ROWS)[:ROWS], dtype=pl.Int64).cast(dtype)


MOMENTS = {
    "microseconds": counts([2**62, -(2**62)], pl.Datetime("us")),
    "milliseconds": counts([2**63 - 1, -(2**63)], pl.Datetime("ms")),
    "zoned": counts([2**62, -(2**62), 0], pl.Datetime("us", "Asia/Kathmandu")),
    "days": counts([2**31 - 1, -(2**31)], pl.Int32).cast(pl.Date),
    "durations": counts([2**63 - 1, -(2**63), 5], pl.Duration("ms")),
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_moments_that_no_calendar_holds_are_missing(name, streamed, tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"when": MOMENTS[name], **OTHERS}).write_parquet(path)
    if streamed:
        with opened(path, tmp_path) as rows:
            (table,) = rows.blocks()
            head = rows.head
        assert head.frame["when"].null_count() == table.frame["when"].null_count()
    else:
        table = read(path)
        assert "of 'when' taken as missing: no calendar holds them" in table.notes[0]
    kept = MOMENTS[name].to_physical().is_in([0, 5])
    assert table.frame["when"].is_not_null().to_list() == kept.to_list()
    infer(table, target="y")


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_what_python_can_name_is_what_is_kept(unit):
    edges = [
        (day - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1)
        for day in (dt.datetime.min, dt.datetime(9999, 12, 31))
    ]
    per_second = {"ms": 10**3, "us": 10**6}[unit]
    near = [edge * per_second + step for edge in edges for step in range(-3, 4)]
    near += [(edges[1] + 86_400) * per_second + step for step in range(-3, 4)]

    def named(count):
        try:
            dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=count * 10**6 // per_second)
        except OverflowError:
            return False
        return True

    frame = pl.DataFrame({"when": pl.Series(near).cast(pl.Datetime(unit))})
    kept = within_calendar(frame)["when"]
    assert kept.is_not_null().to_list() == [named(count) for count in near]
    assert [each.year for each in kept.drop_nulls()]  # Python names them all


HALF = {
    "a value": [{"t": "ok"}, {"t": "\ud800"}],
    "a mixed value": [{"t": 1}, {"t": "\udcff"}],
    "a name": [{"\ud800": "ok"}, {"t": 2}],
}


@pytest.mark.parametrize("name", HALF)
@pytest.mark.parametrize("how", ["json", "jsonl", "records", "pandas"])
def test_halves_of_surrogate_pairs_are_refused_where_they_stand(name, how, tmp_path):
    if (name, how) == ("a name", "pandas"):  # refuses it itself
        name = "a value"
    records = HALF[name]
    data = tmp_path / f"t.{how}"
    if how == "json":
        data.write_text(json.dumps(records))
    elif how == "jsonl":
        data.write_text("\n".join(map(json.dumps, records)))
    else:
        data = (
            records
            if how == "records"
            else pd.DataFrame({"t": [each.get("t") for each in records]}, dtype=object)
        )
    where = "whose name is no text: '\\ud800'" if name == "a name" else "in row 2, which is no text"
    refused(data, where)


def test_the_row_is_counted_over_all_lines(tmp_path, monkeypatch):
    monkeypatch.setattr("gradum.tables.formats.records.BLOCK_BYTES", 40)
    path = tmp_path / "t.jsonl"
    path.write_text(
        "\n".join(json.dumps({"t": "\ud800" if k == 20 else "fine"}) for k in range(30))
    )
    refused(path, "in row 21,")


def test_files_that_cannot_be_read_say_why(tmp_path):
    refused("x" * 5000 + ".csv", "cannot be read: File name too long")
    refused("x" * 5000 + "*.csv", "No file matches")
    refused("/proc/self/mem", "/proc/self/mem cannot be read: Input/output error")
    refused("/dev/zero", "/dev/zero is a device")
    refused("nul\0.csv", "is not a path")
    refused(tmp_path / "nosuch", "There is no file", "That folder holds no files")


def test_a_file_that_the_system_makes_up_is_read(tmp_path):
    assert "rchar" in read("/proc/self/io").frame.columns[0]
    with opened("/proc/self/io", tmp_path) as rows:
        assert "rchar" in rows.head.frame.columns[0]


def test_a_name_that_is_not_utf_8_is_refused_before_anything_is_read(tmp_path):
    path = os.fsencode(tmp_path) + b"/bad\xff.csv"
    Path(os.fsdecode(path)).write_text("x,y\n1,2\n")
    refused(os.fsdecode(path), "bad\\udcff.csv' is not UTF-8", "Rename the file")
    with pytest.raises(TableError, match="is not UTF-8"), opened(os.fsdecode(path), tmp_path):
        pass


def test_decimals_and_odd_numbers_are_numbers():
    odd = [Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), Fraction(10**400, 3), 10**400, 1]
    typed = check(read({"n": odd}), infer(read({"n": [1.5, None, 2.5]}))).frame["n"]
    assert typed.to_list() == [None] * 5 + [1.0]
    assert read({"n": [Decimal("1.5"), Decimal(2)]}).frame["n"].dtype.is_decimal()


# Columns of all kinds that a frame can hold, at the ends of what their type holds.
ENDS = (0, 1, -1, 2**31 - 1, -(2**31), 2**62, -(2**62), 2**63 - 1, -(2**63), None)
DTYPES = (
    *(pl.Int64, pl.Int128, pl.Float64, pl.Time, pl.Duration("ms"), pl.Duration("us")),
    *(pl.Duration("ns"), pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns")),
    *(pl.Datetime("us", "UTC"), pl.Datetime("ms", "Asia/Tokyo"), pl.Datetime("ns", "Etc/GMT+12")),
)
ODD = {
    "decimals": pl.Series([Decimal("9" * 38), Decimal(-1)] * 15, dtype=pl.Decimal(38, 0)),
    "bytes": [b"\xff", b""],
    "objects": [Mute(), None],
    "mixed objects": [Mute(), 1],
    "early": [EARLY, dt.datetime.max],
    "zoned times": [dt.time(1, tzinfo=dt.UTC)],
    "spans": [dt.timedelta.max, dt.timedelta.min],
    "mixed spans": [np.timedelta64(2**62, "D"), np.timedelta64(1, "s")],
    "sparse": pd.Series(pd.arrays.SparseArray([0, 1] * 15)),
    "arrow dates": pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array([2**31 - 1, 0] * 15, pa.date32()))
    ),
    "levels": pd.Series(
        pd.Categorical.from_codes([0, 1] * 15, pd.Index(["\ud800", 1], dtype=object))
    ),
    "attoseconds": np.array([2**62, -(2**62)] * 15).view("M8[as]"),
    "years": np.array([2**62, -(2**62)] * 15).view("M8[Y]"),
    "structs": [{"a": 1}, {}],
    "empty structs": pl.Series([{}] * ROWS, dtype=pl.Struct([])),
}


def hostile():
    rng = np.random.default_rng(0)
    for dtype in DTYPES:
        drawn = pl.Series([ENDS[k] for k in rng.integers(len(ENDS), size=ROWS)], dtype=pl.Int64)
        yield pytest.param(drawn.cast(dtype, strict=False), id=str(dtype))
    for name, values in ODD.items():
        yield pytest.param((values * ROWS)[:ROWS] if isinstance(values, list) else values, id=name)


@pytest.fixture(scope="module")
def door():
    """A schema of every kind, its encoder, and its table."""
    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "number": rng.normal(size=ROWS),
            "day": pl.datetime_range(
                dt.datetime(2024, 1, 1), dt.datetime(2024, 1, ROWS), "1d", eager=True
            ),
            "level": ["u", "v", "w"] * 10,
            "switch": [True, False] * 15,
            "words": [f"some words {k % 7} and more of them {k % 11}" for k in range(ROWS)],
            "target": rng.normal(size=ROWS),
        }
    )
    table = read(frame)
    schema = infer(table, target="target", overrides=Overrides(text=("words",)))
    return schema, Encoder.fit(check(table, schema).frame, schema), frame


def one_line_at_most(work):
    said = ""
    try:
        work()
    except GradumError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize("column", list(hostile()))
def test_whatever_a_column_holds_it_is_understood_or_refused(column, door):
    schema, encoder, frame = door

    def understood(target="y", **options):
        infer(read({"h": column, **OTHERS}), target=target, overrides=Overrides(**options))

    def checked(name):
        given = read({"h": column}).frame["h"].alias(name)
        table = read(
            frame.with_columns(given)
            if given.dtype != pl.Object
            else {**frame.to_dict(), name: given}
        )
        encoder.transform(check(table, schema, encoder=encoder).frame)

    one_line_at_most(understood)
    one_line_at_most(lambda: understood(target="h"))
    for kind in ("numeric", "categorical", "text", "date"):
        one_line_at_most(lambda kind=kind: understood(**{kind: ("h",)}))
    for role in ("group", "time", "weight"):
        one_line_at_most(lambda role=role: understood(**{role: "h"}))
    for name in frame.columns:
        one_line_at_most(lambda name=name: checked(name))
