"""Tables of text files, frames, arrays and records: read, noted, or refused in one line."""

import csv
import datetime as dt
import gzip
import io
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from gradum.tables.formats.delimited import read_delimited
from gradum.tables.sources.read import read

ROWS = [("Köln", "1,5", "ja"), ("Zürich", "2,25", "nein"), ("Bonn", "", "ja")]


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def delimited(rows, delimiter=",", **options):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", **options).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_whatever_its_delimiter_encoding_and_compression(
    tmp_path, delimiter, encoding, packed
):
    content = delimited([("stadt", "wert", "offen"), *ROWS], delimiter).encode(encoding)
    path = write(tmp_path / "table.csv", gzip.compress(content) if packed else content)
    table = read(path)
    assert table.frame.columns == ["stadt", "wert", "offen"]
    assert table.frame.fill_null("").rows() == ROWS
    assert not table.typed
    assert table.source == "table.csv"


def test_notes_say_what_was_recognised(tmp_path):
    content = delimited([("stadt", "wert", "offen"), *ROWS], ";").encode("latin-1")
    assert read(write(tmp_path / "t.csv", content)).notes == (
        "encoding Windows-1252",
        "delimiter ';'",
    )


cells = st.text(st.sampled_from('ab1 ,"\n.é'), max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(cells, cells, st.sampled_from(["x", "y"])), min_size=1, max_size=8),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_the_csv_module_writes_is_read_back(rows, quoting):
    text = delimited([("first", "second", "third"), *rows], quoting=quoting)
    frame = read_delimited(text.encode(), "table").frame
    assert frame.fill_null("").rows() == rows


def test_a_file_of_one_column_may_hold_commas_and_blanks(tmp_path):
    path = write(tmp_path / "t.csv", 'text\nHello, world\n\n"two\nlines, one value"\nlast\n')
    values = read(path).frame["text"].to_list()
    assert values == ["Hello, world", None, "two\nlines, one value", "last"]


def test_quotes_that_are_text_do_not_swallow_rows(tmp_path):
    path = write(tmp_path / "t.tsv", 'label\ttext\nham\t"open\nspam\tshut" it\nham\t5" long\n')
    table = read(path)
    assert table.frame["text"].to_list() == ['"open', 'shut" it', '5" long']
    assert "quotes are part of the text" in table.notes


def test_single_quotes_are_recognised(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n'x, y',1\n'z',2\n")
    assert read(path).frame.rows() == [("x, y", "1"), ("z", "2")]


def test_blank_rows_are_left_out_and_said(tmp_path):
    table = read(write(tmp_path / "t.csv", "a,b\r\n1,2\r\n\r\n3,4\r\n,\r\n\r\n"))
    assert table.frame.rows() == [("1", "2"), ("3", "4")]
    assert table.notes == ("2 blank rows left out",)


def test_old_line_ends_and_padded_names(tmp_path):
    table = read(write(tmp_path / "t.csv", "a, b \r1,2\r3,4\r"))
    assert table.frame.columns == ["a", "b"]
    assert table.frame.height == 2


def test_a_column_without_a_name_gets_one(tmp_path):
    table = read(write(tmp_path / "t.csv", ",b\n0,5\n1,6\n"))
    assert table.frame.columns == ["Unnamed: 0", "b"]
    assert "column 1 has no name" in table.notes[0]


def test_names_that_are_all_numbers_are_noted(tmp_path):
    assert "may lack a header" in read(write(tmp_path / "t.csv", "1,2\n3,4\n")).notes[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["empty"]),
        ("\n \n\n", ["empty"]),
        ("a,b\n", ["header but no rows"]),
        ("a,a,b\n1,2,3\n", ["several columns", "'a'"]),
        ("a,b\n1,2\n3,4,5\n6,7\n8,9,1\n", ["2 columns", "lines 3, 5", "3 fields"]),
        ("a,b,c\n1,2,3\n4,5\n6,7,\n", ["3 columns", "line 3 has 2 fields"]),
        ('a,b\n1,"x\n2,3,4\n', ["a quote opens"]),
        (bytes(range(256)) * 8, ["binary"]),
        (b"PK\x03\x04rest", ["damaged", "zip archive"]),
        (b"\x1f\x8b\x08broken", ["gzip"]),
        (gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:40], ["gzip"]),
        (b"PAR1 broken PAR1", ["Parquet"]),
        (b"\xff\xfea\x00,", ["UTF-16"]),
    ],
)
def test_files_that_are_no_table_are_refused_in_one_line(tmp_path, content, words):
    refused(write(tmp_path / "table.csv", content), "table.csv", *words)


def test_paths_that_lead_nowhere_are_refused(tmp_path):
    write(tmp_path / "penguins.csv", "a,b\n1,2\n")
    refused(tmp_path / "pengiuns.csv", "no file", "'penguins.csv'")
    refused(tmp_path, "is a folder", "penguins.csv")
    refused(tmp_path / "no" / "x.csv", "no folder")
    refused("bad\0name", "not a path")


def test_parquet_is_recognised_by_content(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.write_parquet(tmp_path / "t.bin")
    table = read(str(tmp_path / "t.bin"))
    assert table.frame.equals(frame)
    assert table.typed
    whole = (tmp_path / "t.bin").read_bytes()
    refused(write(tmp_path / "cut.parquet", whole[: len(whole) // 2]), "Parquet")
    refused(write(tmp_path / "text.parquet", "a,b\n1,2\n"), "not a Parquet file")
    frame.clear().write_parquet(tmp_path / "none.parquet")
    refused(tmp_path / "none.parquet", "no rows")


PANDAS = pd.DataFrame(
    {
        "int": [1, 2, 3],
        "float": [0.5, np.nan, 2.0],
        "Int": pd.array([1, None, 2**60 + 1], dtype="Int64"),
        "Float": pd.array([1.5, None, 2.5], dtype="Float64"),
        "bool": [True, False, True],
        "Bool": pd.array([True, None, False], dtype="boolean"),
        "object": ["a", None, "b"],
        "string": pd.array(["a", None, "b"], dtype="string"),
        "mixed": [1, "2", None],
        "category": pd.Categorical(["u", None, "v"]),
        "codes": pd.Categorical([3, 1, 3]),
        "time": pd.to_datetime(["2020-01-01 00:00", None, "2020-01-02 03:00"]),
        "zone": pd.to_datetime(["2020-07-01", None, "2020-01-01"]).tz_localize("Europe/Berlin"),
        "day": [dt.date(2020, 1, 1), None, dt.date(2020, 1, 2)],
        "none": [None, None, None],
        7: [1.0, 2.0, 3.0],
    },
    index=["x", "y", "z"],
)
SEEN = {
    "int": [1, 2, 3],
    "Int": [1, None, 2**60 + 1],
    "Float": [1.5, None, 2.5],
    "bool": [True, False, True],
    "Bool": [True, None, False],
    "object": ["a", None, "b"],
    "string": ["a", None, "b"],
    "mixed": ["1", "2", None],
    "category": ["u", None, "v"],
    "codes": ["3", "1", "3"],
    "time": [dt.datetime(2020, 1, 1), None, dt.datetime(2020, 1, 2, 3)],
    "zone": [dt.datetime(2020, 6, 30, 22), None, dt.datetime(2019, 12, 31, 23)],
    "day": [dt.date(2020, 1, 1), None, dt.date(2020, 1, 2)],
    "none": [None, None, None],
    "7": [1.0, 2.0, 3.0],
}


def test_pandas_columns_of_every_kind_keep_their_values():
    frame = read(PANDAS).frame
    assert frame.columns == [str(name) for name in PANDAS.columns]
    for name, values in SEEN.items():
        assert frame[name].to_list() == values, name
    assert np.array_equal(frame["float"].to_numpy(), PANDAS["float"], equal_nan=True)
    assert frame["category"].dtype == pl.Categorical


@pytest.mark.slow
def test_pandas_needs_no_pyarrow_and_reading_imports_nothing_heavy():
    script = """
import sys
from gradum.tables.check import check
from gradum.tables.schema import schema
from gradum.tables.sources import read
heavy = {"jax", "sklearn", "pandas", "pyarrow", "scipy.stats"} & sys.modules.keys()
assert not heavy, heavy
sys.modules["pyarrow"] = None
import pandas as pd
frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])})
print(read.read(frame).frame.rows())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[(1, 'x', 'u'), (2, None, 'v')]", done.stderr


@pytest.mark.parametrize(
    "data",
    [
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.LazyFrame({"a": [1, 2], "b": ["x", "y"]}),
        pa.table({"a": [1, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        {"a": [1, 2], "b": ["x", "y"]},
        {"a": np.array([1, 2]), "b": pd.Series(["x", "y"])},
        {"a": pl.Series([1, 2]), "b": ("x", "y")},
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
        np.array([(1, "x"), (2, "y")], dtype=[("a", int), ("b", "U1")]),
    ],
    ids=lambda data: type(data).__name__,
)
def test_every_way_to_hold_a_table_gives_the_same_one(data):
    frame = read(data).frame
    assert frame.columns == ["a", "b"]
    assert frame.rows() == [(1, "x"), (2, "y")]


def test_records_may_lack_values_and_one_dict_is_one_row():
    frame = read([{"a": 1}, {"a": 2.5, "b": "x"}, {"a": float("nan")}]).frame
    assert frame.rows() == [(1.0, None), (2.5, "x"), (None, None)]
    assert read({"a": 1, "b": "x", "c": None}).frame.rows() == [(1, "x", None)]


def test_an_array_gets_numbered_columns():
    frame = read(np.arange(6.0).reshape(3, 2)).frame
    assert frame.columns == ["x0", "x1"]
    assert frame["x1"].to_list() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.arange(3), ["(3,)"]),
        (np.zeros((2, 2, 2)), ["(2, 2, 2)"]),
        ({"a": [1, 2], "b": [1]}, ["'a' 2", "'b' 1"]),
        ({"a": [1, 2], "b": 1}, ["single values", "'b'"]),
        ([], ["no columns"]),
        ({}, ["no columns"]),
        ({"a": []}, ["no rows"]),
        (pl.DataFrame({"a": []}), ["no rows"]),
        ([1, 2], ["single values"]),
        ([[1, 2]], ["list of lists"]),
        (5, ["'int'"]),
        (None, ["'NoneType'"]),
        (pd.concat([PANDAS[["int"]]] * 2, axis=1), ["several columns", "'int'"]),
    ],
)
def test_data_that_are_no_table_are_refused_in_one_line(data, words):
    refused(data, *words)


def test_only_files_called_nearly_so_are_suggested(tmp_path):
    for name in ("homes.csv", "table D.csv", "penguins.parquet"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    assert "That folder holds 'homes.csv'" in refused(tmp_path / "nosuch.csv", "no file")
    assert refused(tmp_path / "pengiuns.csv", "no file").endswith("mean 'penguins.parquet'?")
