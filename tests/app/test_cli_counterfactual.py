"""``gradum counterfactual``: in words, as JSON and as a file, and what it refuses."""

import html
import json
import re

import polars as pl
import pytest

import gradum


@pytest.fixture(scope="module")
def asked(linear_run, tables):
    """The run, its table, and a row that it answers "no"."""
    folder, _ = linear_run
    answers = gradum.load(folder).predict(tables / "label.csv").tolist()
    return folder, tables / "label.csv", answers.index("no") + 1


def test_a_row_is_changed_in_words(asked, gradum_command):
    folder, table, row = asked
    ended = gradum_command("counterfactual", folder, table, "--row", row, "--count", "1")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Row {row}: the answer for 'label' is 'no'.")
    assert "1. The answer would be 'yes' if " in ended.out
    assert "The probability of 'yes' goes from " in ended.out
    assert "over 200 background rows" in ended.out


def test_lines_and_file_hold_what_python_returns(asked, gradum_command, tmp_path):
    folder, table, row = asked
    out = tmp_path / "changes.csv"
    words = ["counterfactual", folder, "--row", row, "--frozen", "colour,city", "--upward", "age"]
    ended = gradum_command(*words, "--towards", "yes", "-o", out, "--json")
    found = gradum.load(folder).counterfactuals(
        table, rows=[row], frozen=["colour", "city"], upward=["age"], towards="yes"
    )
    (record,) = [json.loads(line) for line in ended.out.splitlines()]
    assert record["output"] == "no"
    assert [
        each["sentence"] in found.summary().replace("\n", " ")
        for each in record["counterfactuals"][:1]
    ] == [True]
    changes = [change for each in record["counterfactuals"] for change in each["changes"]]
    assert [change["cost"] for change in changes] == found.frame["cost"].to_list()
    assert not {"colour", "city"} & {change["column"] for change in changes}
    assert pl.read_csv(out).columns == found.frame.columns
    assert pl.read_csv(out)["column"].to_list() == found.frame["column"].to_list()


def test_a_page_says_for_each_row_what_python_returns(asked, gradum_command, tmp_path):
    folder, table, row = asked
    out = tmp_path / "changes.html"
    words = ["counterfactual", folder, table, "--row", row, "--row", row + 1, "--count", "1"]
    ended = gradum_command(*words, "-o", out)
    assert (ended.code, ended.err) == (0, "")
    page = re.sub("<[^>]*>", "", html.unescape(out.read_text().replace("<wbr>", "")))
    found = gradum.load(folder).counterfactuals(table, rows=[row, row + 1], count=1)
    for record in found.records():
        assert f"Row {record['row']}: the answer for 'label' is" in page
        for change in record["counterfactuals"]:
            assert change["sentence"] in page
    assert gradum_command(*words, "-o", out).code == 0  # its own page may be replaced
    refused = gradum_command(*words, "-o", tmp_path / "changes.pdf")
    assert refused.code == 2
    assert ".html" in refused.err


def test_an_edited_table_is_predicted_as_was_said(asked, gradum_command, tmp_path):
    folder, table, row = asked
    frame = gradum.load(folder).counterfactuals(table, rows=[row], count=1).frame
    rows = pl.read_csv(table, infer_schema=False)[[row - 1]]
    rows = rows.with_columns(
        pl.lit(line["to"]).alias(line["column"]) for line in frame.iter_rows(named=True)
    )
    rows.write_csv(tmp_path / "edited.csv")
    out = tmp_path / "predictions.csv"
    assert gradum_command("predict", folder, tmp_path / "edited.csv", "-o", out).code == 0
    assert pl.read_csv(out)["prediction"].to_list() == frame["output_after"][:1].to_list()


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--row", "0"], "Give a number from 1 to 300."),
        (["--row", "ROW", "--frozen", "size,nose"], "The model sees no column 'nose'."),
        (["--row", "ROW", "--frozen", "size", "--upward", "size"], "'size' is named by --frozen"),
        (["--row", "ROW", "--downward", "city"], "Column 'city' has no order"),
        (["--row", "ROW", "--towards", "no"], "is answered 'no' already. Choose 'yes'."),
        (["--row", "ROW", "--towards", "perhaps"], "'perhaps' is no class of this model."),
        (
            ["--row", "ROW", "--count", "0"],
            "count is 0. Give a whole number from 1 to 2,147,483,647.",
        ),
        (["--row", "ROW", "--rung", "forest"], "forest"),
        (["--row", "ROW", "-o", "changes.xlsx"], "End the name in .parquet, .csv, .json or .html."),
        (["--row", "ROW", "--background", "nowhere.csv"], "nowhere.csv"),
        (["--row", "one"], "valid integer"),
        ([], "--row"),
    ],
)
def test_a_mistake_ends_in_one_line(asked, gradum_command, tmp_path, monkeypatch, words, cause):
    monkeypatch.chdir(tmp_path)
    folder, table, row = asked
    words = [str(row) if word == "ROW" else word for word in words]
    ended = gradum_command("counterfactual", folder, table, *words)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert cause in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_a_column_is_refused(asked, gradum_command, tmp_path):
    folder, table, _ = asked
    pl.read_csv(table).drop("size").write_csv(tmp_path / "less.csv")
    ended = gradum_command("counterfactual", folder, tmp_path / "less.csv", "--row", "1")
    assert ended.code == 2
    assert "less.csv lacks the column 'size'." in ended.err


def test_a_lone_model_asks_for_background_rows(asked, gradum_command, tmp_path):
    folder, table, row = asked
    lone = tmp_path / "model.gradum"
    lone.write_bytes((folder / "model.gradum").read_bytes())
    ended = gradum_command("counterfactual", lone, table, "--row", row)
    assert ended.code == 2
    assert "There are no background rows" in ended.err
    given = gradum_command("counterfactual", lone, table, "--row", row, "--background", table)
    assert given.code == 0
