"""``gradum predict --into``: a table, a folder or a workbook that a repeat replaces."""

import json
import sqlite3
from contextlib import closing

import polars as pl
import pytest

import servers
from gradum.run.memory import memory_bound
from gradum.tables.sources import stream


@pytest.fixture
def homes(tables, tmp_path):
    """A database with the rows to predict."""
    path = tmp_path / "homes.sqlite"
    frame = pl.read_csv(tables / "held.csv")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE homes ({', '.join(frame.columns)})")
        marks = ", ".join("?" * frame.width)
        connection.executemany(f"INSERT INTO homes VALUES ({marks})", frame.rows())
        connection.commit()
    return path


def rows(path, query="SELECT * FROM scores"):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_table_of_the_database_that_is_read(
    gradum_command, linear_run, homes, tmp_path, monkeypatch
):
    folder, query = linear_run[0], ["--query", "SELECT * FROM homes ORDER BY rowid"]
    gradum_command("predict", folder, homes, *query, "--keep", "city", "-o", tmp_path / "p.csv")
    expected = pl.read_csv(tmp_path / "p.csv").rows()
    for in_blocks in (False, True):  # the second replaces the first
        monkeypatch.setattr(memory_bound, "predicted_in_blocks", lambda *_, so=in_blocks: so)
        monkeypatch.setattr(stream, "BLOCK_ROWS", 30)
        asked = ["predict", folder, homes, *query, "--keep", "city", "--into", "scores"]
        ended = gradum_command(*asked, "--json")
        assert (ended.code, ended.err) == (0, "")
        said = json.loads(ended.out)
        assert (said["rows"], said["out"]) == (80, f"table scores of {homes}")
        for found, row in zip(rows(homes), expected, strict=True):
            assert (found[:2], found[2:]) == (row[:2], pytest.approx(row[2:]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["homes.sqlite", "p.csv"]


def test_sets_and_partitions(gradum_command, linear_run, tables, tmp_path):
    asked = ["predict", linear_run[0], tables / "held.csv", "--interval", 0.9, "--keep", "size"]
    into = ["--into", tmp_path / "out", "--partition-by", "prediction"]
    assert gradum_command(*asked, *into, "-q").code == 0
    labels = {path.name for path in (tmp_path / "out").iterdir()}
    assert labels == {"prediction=no", "prediction=yes"}
    frame = pl.read_parquet(tmp_path / "out")
    assert (len(frame), frame["set"].dtype) == (80, pl.List(pl.String))
    assert gradum_command(*asked, "--into", tmp_path / "s.xlsx", "-q").code == 0
    sheet = pl.read_excel(tmp_path / "s.xlsx", engine="calamine")
    in_order = frame["set"].list.sort().to_list()
    assert sorted(map(sorted, map(json.loads, sheet["set"]))) == sorted(in_order)


def test_mistakes_are_one_line(gradum_command, linear_run, homes, tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    held = tables / "held.csv"
    before = homes.read_bytes()
    for words, message in (
        ([homes, "--into", "homes"], "gradum did not write it"),
        ([homes, "--into", "scores", "--partition-by", "city"], "--partition-by is for folders"),
        ([held, "--into", "scores"], "names no database, folder or workbook"),
        ([held, "--into", "out/", "--partition-by", "ctiy"], "no column 'ctiy'"),
        ([held, "--into", "no/such/out/"], "cannot be made"),
        ([held, "--into", "no/such.sqlite", "--table", "t"], "cannot be written"),
        ([held, "--into", "s3://k:s3cret@b/x/"], "not written to s3://b/x/"),
        ([held, "--into", "postgresql://u:s3cret@127.0.0.1:9/d"], "--table NAME"),
        ([held, "--into", "out/", "-o", "p.csv"], "--out and --into"),
        ([held, "--table", "t"], "--table needs --into"),
    ):
        ended = gradum_command("predict", linear_run[0], *words)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), words
        assert message in ended.err
        assert "s3cret" not in ended.err
    assert homes.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["homes.sqlite"]


@servers.needs_postgresql
def test_a_table_of_a_server(gradum_command, linear_run, tables):
    servers.fill("homes", pl.read_csv(tables / "held.csv"))
    servers.tell("DROP TABLE IF EXISTS scores")
    query = ["--query", "SELECT * FROM homes"]
    for _ in range(2):
        ended = gradum_command(
            "predict", linear_run[0], servers.ADDRESS, *query, "--into", "scores", "--keep", "city"
        )
        assert (ended.code, ended.err) == (0, "")
        assert f"table scores of {servers.SHOWN}" in ended.out
        assert servers.PASSWORD not in ended.out
    asked = ["predict", linear_run[0], tables / "held.csv", "--keep", "city", "--table", "scores"]
    assert gradum_command(*asked, "--into", servers.ADDRESS, "-q").code == 0
    other = ["predict", linear_run[0], tables / "held.csv", "--table", "scores"]
    ended = gradum_command(*other, "--into", servers.ADDRESS)
    assert (ended.code, "differ in 'city', 'row'" in ended.err) == (2, True)
    servers.tell("DROP TABLE homes, scores")
