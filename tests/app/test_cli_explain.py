"""``gradum explain``: rows of a run or a table, in words, as JSON and as a file."""

import json
import sqlite3
from contextlib import closing

import polars as pl
import pytest

import gradum


def test_a_row_of_the_run_is_explained_in_words(linear_run, gradum_command):
    folder, _ = linear_run
    ended = gradum_command("explain", folder, "--row", "3")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Row 3: the probability of ")
    assert "over 200 background rows" in ended.out
    assert "ostly because " in ended.out  # with what speaks against it, where that is much


def test_lines_and_file_hold_what_python_returns(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    out = tmp_path / "why.csv"
    words = ["explain", folder, "--row", "3", "--row", "7", "--scale", "log-odds", "-o", out]
    ended = gradum_command(*words, "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    expected = gradum.load(folder).explain(rows=[3, 7], scale="log-odds").frame
    assert lines == expected.to_dicts()
    written = pl.read_csv(out)
    assert written.columns == expected.columns
    assert written["value"].to_list() == pytest.approx(expected["value"].to_list())


def test_a_row_has_a_page_of_its_own(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    out = tmp_path / "why.html"
    ended = gradum_command("explain", folder, "--row", "3", "-o", out, "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert "<h1>Row 3: " in out.read_text()
    theirs = tmp_path / "theirs.html"
    theirs.write_text("<html>theirs</html>")
    ended = gradum_command("explain", folder, "--row", "3", "-o", theirs)
    assert ended.code == 2
    assert theirs.read_text() == "<html>theirs</html>"


def test_many_rows_are_summed_up(linear_run, gradum_command):
    folder, _ = linear_run
    ended = gradum_command("explain", folder)
    assert "300 rows: how far each column moves the answer, on average" in ended.out


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--row", "0"], "none has the number 0. Give a number from 1 to 300."),
        (["--row", "301"], "label.csv has 300 rows, and none has the number 301."),
        (["--encoding", "cp1252"], "The run's own table is read as the run read it."),
        (["--reasons", "2"], "in Python favourable=…. Choose among the answers 'no', 'yes'."),
        (["--favourable", "maybe"], "'maybe' is no answer of this model."),
        (
            ["--favourable", "yes", "--reasons", "0", "--row", "1"],
            "reasons is 0. Give a whole number",
        ),
        (["--scale", "target"], "'target' is no scale of this target."),
        (["--together", "size,nose"], "The model sees no column 'nose'."),
        (["--rung", "forest"], "forest"),
        (["-o", "why.xlsx"], "End the name in .parquet, .csv, .json or .html."),
        (["-o", "why.html"], "A page explains one row. Name it with --row N."),
        (["-o", "why.html", "--row", "1", "--row", "2"], "A page explains one row."),
        (["--background", "nowhere.csv"], "nowhere.csv"),
        (["--tolerance", "2"], "The tolerance is 2.0."),
    ],
)
def test_a_mistake_ends_in_one_line(
    linear_run, gradum_command, tmp_path, monkeypatch, words, cause
):
    monkeypatch.chdir(tmp_path)
    folder, _ = linear_run
    ended = gradum_command("explain", folder, *words)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert cause in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_its_run_asks_for_a_table(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    lone = tmp_path / "model.gradum"
    lone.write_bytes((folder / "model.gradum").read_bytes())
    ended = gradum_command("explain", lone)
    assert ended.code == 2
    assert "A model without its run folder knows no table. Name a table." in ended.err


def test_columns_named_together_are_one_line(linear_run, gradum_command):
    folder, _ = linear_run
    ended = gradum_command("explain", folder, "--row", "3", "--together", "size, age", "--json")
    columns = {json.loads(line)["column"] for line in ended.out.splitlines()}
    assert "size + age" in columns
    assert not {"size", "age"} & columns


def test_an_existing_file_is_left_unless_forced(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    out = tmp_path / "why.json"
    out.write_text("mine")
    ended = gradum_command("explain", folder, "--row", "1", "-o", out)
    assert (ended.code, out.read_text()) == (2, "mine")
    assert gradum_command("explain", folder, "--row", "1", "-o", out, "--force").code == 0
    assert len(json.loads(out.read_text())) > 0


def test_the_runs_own_table_is_read_as_the_run_read_it(tables, gradum_command, tmp_path):
    """By its query: the database holds two tables, and nothing says which one without it."""
    folder, database = tmp_path / "run", tmp_path / "t.sqlite"
    rows = pl.read_csv(tables / "label.csv")
    with closing(sqlite3.connect(database)) as connection:
        columns = ", ".join(f'"{name}"' for name in rows.columns)
        places = ", ".join("?" * rows.width)
        for name in ("wanted", "other"):
            connection.execute(f"create table {name} ({columns})")
            connection.executemany(f"insert into {name} values ({places})", rows.iter_rows())
        connection.commit()
    words = ["fit", database, "--query", "select * from wanted", "-t", "label", "-o", folder]
    assert gradum_command(*words, "--model", "linear", "--cv", "2").code == 0
    ended = gradum_command("explain", folder, "--row", "5")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Row 5: the probability of ")


def test_reasons_are_written_in_sentences(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    out = tmp_path / "reasons.csv"
    words = ["explain", folder, "--row", "3", "--row", "7", "--favourable", "yes", "--reasons", "2"]
    ended = gradum_command(*words, "-o", out)
    assert (ended.code, ended.err) == (0, "")
    expected = gradum.load(folder).explain(rows=[3, 7]).reasons(favourable="yes", count=2)
    assert pl.read_csv(out)["sentence"].to_list() == expected.frame["sentence"].to_list()
    assert all(sentence in ended.out for sentence in expected.frame["sentence"])
    lines = gradum_command(*words, "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == expected.frame.to_dicts()


def test_a_named_table_is_read_as_the_options_say(linear_run, tables, gradum_command, tmp_path):
    folder, database = linear_run[0], tmp_path / "t.sqlite"
    rows = pl.read_csv(tables / "held.csv")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"create table rows ({', '.join(rows.columns)})")
        places = ", ".join("?" * rows.width)
        connection.executemany(f"insert into rows values ({places})", rows.iter_rows())
        connection.commit()
    words = ["--row", "1", "--json"]
    query = "select * from rows limit -1 offset 4"
    queried = gradum_command("explain", folder, database, "--query", query, *words)
    plain = gradum_command("explain", folder, tables / "held.csv", "--row", "5", "--json")
    values = [
        [json.loads(line)["value"] for line in ended.out.splitlines()] for ended in (queried, plain)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_a_table_too_large_to_hold_is_explained_in_blocks(
    linear_run, tables, gradum_command, monkeypatch
):
    from gradum.questions.rows import table_rows
    from gradum.tables.sources import stream

    folder, table = linear_run[0], tables / "held.csv"
    cases = [[], ["--row", "40", "--row", "2", "--row", "40"]]
    whole = [gradum_command("explain", folder, table, *case, "--json").out for case in cases]
    monkeypatch.setattr(table_rows, "predicted_in_blocks", lambda *_: True)
    monkeypatch.setattr(stream, "BLOCK_ROWS", 32)
    for case, expected in zip(cases, whole, strict=True):
        blocks = gradum_command("explain", folder, table, *case, "--json").out
        found, lines = (
            pl.DataFrame([json.loads(line) for line in text.splitlines()])
            for text in (blocks, expected)
        )
        assert found["row"].to_list() == lines["row"].to_list()
        assert found["value"].to_list() == pytest.approx(lines["value"].to_list(), rel=1e-6)
    ended = gradum_command("explain", folder, table, "--row", "81")
    assert (ended.code, ended.out) == (2, "")
    assert "held.csv has 80 rows, and none has the number 81." in ended.err
