"""Several files stacked into one table."""

import datetime as dt
import json
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from gradum.tables.paths import absolute, files_of
from gradum.tables.sources.read import read


@pytest.fixture
def folder(tmp_path):
    """Three parts of one table, written out of order, and a file that is none of them."""
    for number in (2, 10, 1):
        (tmp_path / f"part-{number:02}.csv").write_text(f"a,b\n{number},x\n{number}.5,y\n")
    (tmp_path / "other.csv").write_text("a,c\n1,2\n")
    return tmp_path


STACKED = [("1", "x"), ("1.5", "y"), ("2", "x"), ("2.5", "y"), ("10", "x"), ("10.5", "y")]


def test_a_pattern_stands_for_its_files_in_sorted_order(folder):
    table = read(folder / "part-*.csv")
    assert table.frame.rows() == STACKED
    assert table.source == "part-*.csv (3 files)"
    assert not table.typed
    assert read(str(folder / "part-?1.csv")).source == "part-?1.csv (1 file)"


def test_a_list_of_paths_keeps_its_order(folder):
    paths = [folder / "part-10.csv", str(folder / "part-01.csv")]
    table = read(paths)
    assert table.frame["a"].to_list() == ["10", "10.5", "1", "1.5"]
    assert table.source == "part-10.csv and 1 more file"
    assert read(paths[:1]).source == "part-10.csv"


def test_two_stars_cross_folders_and_files_of_one_name_are_told_apart(tmp_path):
    for year, names in ((2023, "a,b"), (2024, "a,x")):
        (tmp_path / str(year)).mkdir()
        (tmp_path / str(year) / "t.csv").write_text(f"{names}\n{year},1\n")
    refused(tmp_path / "**" / "t.csv", "2024/t.csv", "2023/t.csv", "'b'", "'x'")
    (tmp_path / "2024" / "t.csv").write_text("a,b\n2024,1\n")
    assert read(tmp_path / "**" / "*.csv").frame["a"].to_list() == ["2023", "2024"]


def test_a_file_with_the_name_of_a_pattern_is_that_file(folder):
    (folder / "part-[01]*.csv").write_text("z\n7\n")
    assert read(folder / "part-[01]*.csv").frame.rows() == [("7",)]


def test_columns_are_matched_by_name(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,x\n")
    (tmp_path / "2.csv").write_text("b;a\ny;2\n")
    table = read(tmp_path / "*.csv")
    assert table.frame.rows() == [("1", "x"), ("2", "y")]
    assert table.notes == ("2.csv: delimiter ';'",)


def test_what_is_noted_of_every_file_is_said_once(tmp_path):
    for number in (1, 2):
        (tmp_path / f"{number}.csv").write_bytes("a;b\né;1\n".encode("cp1252"))
    assert read(tmp_path / "*.csv").notes == ("encoding Windows-1252", "delimiter ';'")


def test_files_that_differ_in_columns_are_refused_by_name(folder):
    refused(
        [folder / "part-01.csv", folder / "other.csv"], "other.csv", "'b'", "'c'", "part-01.csv"
    )
    (folder / "part-03.csv").write_text("a,b,d,e\n1,x,1,1\n")
    refused(folder / "part-*.csv", "part-03.csv has", "columns 'd', 'e'")


def test_a_damaged_file_among_many_is_named(folder):
    (folder / "part-05.csv").write_text("a,b\n1,x\n2,y,z\n")
    refused(folder / "part-*.csv", "part-05.csv", "line 3", "3 fields")
    (folder / "part-05.csv").write_text("")
    refused(folder / "part-*.csv", "part-05.csv is empty")
    (folder / "part-05.csv").write_bytes(b"PAR1 broken")
    refused(folder / "part-*.csv", "part-05.csv", "Parquet")


def test_files_with_and_without_types_are_refused_together(folder):
    pl.DataFrame({"a": [1], "b": ["x"]}).write_parquet(folder / "part-20.parquet")
    refused(folder / "part-*", "part-20.parquet", "part-01.csv", "one kind")


def test_patterns_and_folders_that_hold_nothing_are_refused_with_what_is_there(folder):
    refused(folder / "prat-*.csv", "No file matches", "'part-01.csv'")
    refused(folder / "none" / "*.csv", "no folder")
    refused(folder, "is a folder", "4 files .csv", str(folder / "*.csv"))
    refused([folder / "part-01.csv", folder / "gone.csv"], "gone.csv")


def parts(folder, *frames):
    for number, frame in enumerate(frames):
        frame.write_parquet(folder / f"{number}.parquet")
    return folder / "*.parquet"


DAY = dt.date(2024, 3, 1)
NOON = dt.datetime(2024, 3, 1, 12)
RECONCILED = {
    "whole and real": ([1], [2.5], pl.Float64, [1.0, 2.5]),
    "short and long": (
        pl.Series([1], dtype=pl.Int8),
        pl.Series([2**40], dtype=pl.Int64),
        pl.Int64,
        [1, 2**40],
    ),
    "signed and not": (
        pl.Series([-1]),
        pl.Series([2**64 - 1], dtype=pl.UInt64),
        pl.Int128,
        [-1, 2**64 - 1],
    ),
    "no value and text": ([None], ["x"], pl.String, [None, "x"]),
    "no number and text": (pl.Series([None], dtype=pl.Float64), ["x"], pl.String, [None, "x"]),
    "levels and text": (pl.Series(["u"], dtype=pl.Categorical), ["x"], pl.String, ["u", "x"]),
    "other levels": (
        pl.Series(["u"], dtype=pl.Enum(["u"])),
        pl.Series(["v"], dtype=pl.Enum(["v"])),
        pl.String,
        ["u", "v"],
    ),
    "days and times": ([DAY], [NOON], pl.Datetime("us"), [dt.datetime(2024, 3, 1), NOON]),
    "a zone and none": (
        pl.Series([NOON]).dt.replace_time_zone("Europe/Berlin"),
        [NOON],
        pl.Datetime("us"),
        [dt.datetime(2024, 3, 1, 11), NOON],
    ),
}


@pytest.mark.parametrize("types", RECONCILED)
def test_types_that_hold_each_other_are_reconciled(tmp_path, types):
    first, second, dtype, values = RECONCILED[types]
    path = parts(tmp_path, pl.DataFrame({"a": first}), pl.DataFrame({"a": second}))
    column = read(path).frame["a"]
    assert column.dtype == dtype
    assert column.to_list() == values


@pytest.mark.parametrize("first", [[1], [0.5], [True], [DAY], [[1]]], ids=str)
def test_types_that_do_not_go_together_are_refused(tmp_path, first):
    frames = [pl.DataFrame({"a": first}), pl.DataFrame({"a": [None]}), pl.DataFrame({"a": ["x"]})]
    refused(parts(tmp_path, *frames), "'a'", "String in 2.parquet", "0.parquet")


def test_json_files_are_stacked_too(tmp_path):
    for number, value in ((1, 1), (2, 2.5)):
        (tmp_path / f"{number}.jsonl").write_text(json.dumps({"a": value, "b": "x"}) + "\n")
    assert read(tmp_path / "*.jsonl").frame.rows() == [(1.0, "x"), (2.5, "x")]


@pytest.mark.slow
@given(cuts=st.lists(st.integers(1, 19), max_size=4))
def test_a_table_cut_into_parts_is_the_table(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("parts")
    whole = pl.DataFrame(
        {"a": [None, *range(19)], "b": ["x", "y"] * 10, "c": [None] * 15 + [0.5] * 5}
    )
    edges = [0, *sorted(cuts), 20]
    for number, (start, end) in enumerate(pairwise(edges)):
        if end > start:
            whole[start:end].write_parquet(folder / f"{number}.parquet")
    assert read(folder / "*.parquet").frame.equals(whole)


def test_a_path_that_is_kept_means_the_same_from_any_folder(folder, monkeypatch):
    odd = folder / "[old] data"
    odd.mkdir()
    for number in (1, 2):
        (odd / f"p{number}.csv").write_text(f"a\n{number}\n")
    monkeypatch.chdir(odd)
    kept = [absolute(name) for name in ("p*.csv", "p1.csv", "-", str(odd / "p2.csv"))]
    monkeypatch.chdir("/")
    assert read(kept[0]).frame["a"].to_list() == ["1", "2"]
    assert [path.name for path in files_of(kept[0])] == ["p1.csv", "p2.csv"]
    assert kept[1:] == [str(odd / "p1.csv"), "-", str(odd / "p2.csv")]
    assert files_of("-") == []
