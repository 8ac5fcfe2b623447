"""JSON tables, in each of their forms."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused_by_name as refused

from gradum.errors import TableError
from gradum.tables.formats import records
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read

RECORDS = [{"a": 1, "b": "x", "c": True}, {"a": 2.5, "b": None}, {"b": "é", "c": False, "a": None}]
ROWS = [(1.0, "x", True), (2.5, None, None), (None, "é", False)]


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(values):
    return "".join(json.dumps(value) + "\n" for value in values)


WAYS = {
    "a record a line": lines(RECORDS),
    "blank lines between": lines(RECORDS).replace("\n", "\n\n"),
    "no last line end": lines(RECORDS).rstrip(),
    "line ends of Windows": lines(RECORDS).replace("\n", "\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + lines(RECORDS).encode(),
    "UTF-16": lines(RECORDS).encode("utf-16"),
    "a list": json.dumps(RECORDS),
    "a list on many lines": json.dumps(RECORDS, indent=2, ensure_ascii=False),
    "columns": json.dumps({name: [r.get(name) for r in RECORDS] for name in "abc"}),
    "columns on many lines": json.dumps(
        {name: [r.get(name) for r in RECORDS] for name in "abc"}, indent=1
    ),
    "pandas' columns": pd.DataFrame(RECORDS).to_json(),
    "pandas' records": pd.DataFrame(RECORDS).to_json(orient="records"),
    "pandas' lines": pd.DataFrame(RECORDS).to_json(orient="records", lines=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["t.jsonl", "t"])
def test_the_same_table_is_read_however_it_is_written(tmp_path, way, name):
    table = read(write(tmp_path / name, WAYS[way]))
    assert table.frame.columns == ["a", "b", "c"]
    assert table.frame.rows() == ROWS
    assert table.frame.schema == {"a": pl.Float64, "b": pl.String, "c": pl.Boolean}
    assert table.typed
    assert table.source == name


def test_one_record_is_one_row(tmp_path):
    assert read(write(tmp_path / "t.json", '{"a": 1, "b": [1, 2]}')).frame["a"].to_list() == [1]
    assert read(write(tmp_path / "t.json", '{\n "a": 1,\n "b": "x"\n}')).frame.rows() == [(1, "x")]


def test_not_a_number_and_infinity_are_understood_as_python_writes_them(tmp_path):
    values = [1.0, float("nan"), float("inf")]
    for content in (lines({"a": v} for v in values), json.dumps([{"a": v} for v in values])):
        assert read(write(tmp_path / "t.json", content)).frame["a"].to_list() == [1, None, np.inf]


def test_numbers_beyond_64_bits_become_floats(tmp_path):
    path = write(tmp_path / "t.jsonl", '{"a": 1180591620717411303424}\n{"a": 1}\n')
    assert read(path).frame["a"].to_list() == [2.0**70, 1.0]


def test_whole_numbers_as_strings_are_codes_and_nested_values_are_not_used(tmp_path):
    path = write(
        tmp_path / "t.jsonl",
        lines({"code": str(k % 4), "size": k / 3, "tags": [k], "y": k % 2} for k in range(40)),
    )
    kinds = {column.name: (column.kind, column.role) for column in infer(read(path)).columns}
    assert kinds["code"] == ("categorical", "feature")
    assert kinds["size"] == ("numeric", "feature")
    assert kinds["tags"] == ("nested", "unused")


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from([0.5, -2.25]),
    st.text("ab", max_size=2),
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from("abc"), cells, min_size=1), min_size=2, max_size=9
    ),
    block=st.sampled_from([1, 20, 1000]),
)
def test_lines_give_what_a_list_of_dicts_gives_however_many_are_read_at_once(
    tmp_path_factory, rows, block
):
    path = write(tmp_path_factory.getbasetemp() / "t.jsonl", lines(rows))
    whole = read(rows).frame
    before, records.BLOCK_BYTES = records.BLOCK_BYTES, block
    try:
        frame = read(path).frame
    finally:
        records.BLOCK_BYTES = before
    assert frame.columns == whole.columns
    for name in whole.columns:
        if whole[name].null_count() < len(whole):
            assert frame[name].dtype == whole[name].dtype
        if whole[name].dtype != pl.String or all(
            type(row.get(name)) in (str, type(None)) for row in rows
        ):
            assert frame[name].to_list() == whole[name].to_list()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}\n{"a": 2\n{"a": 3}\n', ["line 2", "delimiter"]),
        ('{"a": 1}\n\n{"a": 2}\n{"a"', ["line 4", "cut short"]),
        ('{"a": 1}\nnonsense\n{"a": 3}\n', ["line 2"]),
        ('{"a": 1}\n[2]\n', ["no record in line 2"]),
        ('{"a": 1}\n5\n', ["no record in line 2"]),
        ('{"a": 1} {"a": 2}\n{"a": 3}\n', ["line 1", "extra data"]),
        ('{"a": 1},\n{"a": 2},\n', ["line 1", "extra data"]),
        ('{"a": 1}\n{"a": ' + "9" * 5000 + "}\n", ["line 2", "too long"]),
        ('{"a": 1}\n{"a": ' + "[" * 100_000 + "\n", ["nested too deeply"]),
        ('{"a": ' + "[" * 100_000, ["nested too deeply"]),
        ('[{"a": 1}, {"a"', ["line 1", "cut short"]),
        ('[\n{"a": 1},\n{"a": 2},\n5x]', ["line 4"]),
        ("[[1, 2], [3, 4]]", ["no table", "records"]),
        ('[1, "x"]', ["no table"]),
        ('[{"a": 1}, 2]', ["no table"]),
        ('{"a": [1, 2], "b": [1]}', ["'a' 2", "'b' 1"]),
        ("[]", ["no columns"]),
        ("{}", ["no columns"]),
        ("a,b\n1,2\n", ["not a JSON file"]),
        ("", ["empty"]),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, content, words):
    refused(write(tmp_path / "t.json", content), *words)


def test_a_file_cut_anywhere_gives_whole_records_or_one_clear_error(tmp_path):
    said = []
    for content in (lines(RECORDS).encode(), json.dumps(RECORDS).encode()):
        for end in range(len(content)):
            path = write(tmp_path / "t.json", content[:end])
            try:
                frame = read(path).frame
            except TableError as error:
                said.append(str(error))
            else:
                assert frame.rows() == [row[: frame.width] for row in ROWS[: frame.height]]
    assert len(said) > 100
    assert all("t.json" in message and "\n" not in message for message in said)


@pytest.mark.parametrize("write_as", [lines, json.dumps], ids=["lines", "list"])
def test_records_that_share_no_keys_are_refused_before_they_fill_the_memory(tmp_path, write_as):
    path = write(tmp_path / "t.json", write_as([{f"id {k}": k} for k in range(20_000)]))
    refused(path, "20,000 different keys", "share their keys")
    by_row = {f"column {k}": {f"row {k}": 1} for k in range(20_000)}
    refused(write(tmp_path / "t.json", json.dumps(by_row)), "different keys")


def test_a_csv_file_may_begin_with_a_brace(tmp_path):
    table = read(write(tmp_path / "t.csv", "{a},[b]\n1,2\n"))
    assert table.frame.columns == ["{a}", "[b]"]


NESTED = [
    {"id": 1, "home": {"size": 90.5, "rooms": {"bed": 2}}, "tags": ["a"], "sold": True},
    {"id": 2, "home": {"size": 70}, "tags": [], "sold": False},
    {"id": 3, "home": None, "sold": True},
]


@pytest.mark.parametrize("lines", [True, False])
def test_records_inside_records_are_spread_over_columns(tmp_path, lines):
    path = tmp_path / "t.json"
    text = "\n".join(map(json.dumps, NESTED)) if lines else json.dumps(NESTED)
    path.write_text(text)
    table = read(path)
    assert table.frame["home.size"].to_list() == [90.5, 70.0, None]
    assert table.frame["home.rooms.bed"].to_list() == [2, None, None]
    reasons = {column.name: column.reason for column in infer(table).columns}
    assert "Lists or records instead of single values; not used" in reasons["tags"]
    assert read(NESTED).frame["home.size"].to_list() == [90.5, 70.0, None]
    one = {"id": 1, "home": {"rooms": {"bed": 2}}}
    assert read(one).frame["home.rooms.bed"].to_list() == [2]


def test_names_that_records_inside_records_make_twice(tmp_path):
    path = tmp_path / "t.json"
    path.write_text('[{"a.b": 1, "a": {"b": 2}}, {"a.b": 3}]')
    refused(path, "both a key 'a.b' and")
