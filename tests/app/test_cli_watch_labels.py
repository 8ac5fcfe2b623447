"""``gradum watch`` of labels as they come in, and of groups."""

import errno
import json
import os

import polars as pl
import pytest

from synthetic import task


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A folder of new rows: as they were, and with other labels than the model expects."""
    folder = tmp_path_factory.mktemp("labelled")
    rows = task("label", 400, 1).with_columns(region=pl.int_range(400) % 3)
    rows.write_csv(folder / "alike.csv")
    other = pl.when(pl.col("label") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes"))
    turned = rows.with_columns(
        label=pl.when(pl.int_range(400) < 100).then("label").otherwise(other)
    )
    turned.write_csv(folder / "turned.csv")
    come_late = pl.when(pl.int_range(400) % 4 > 0).then("label").alias("outcome")
    new = pl.when(pl.int_range(400) == 9).then(pl.lit("perhaps")).otherwise("outcome")
    named = rows.with_columns(come_late).with_columns(outcome=new).drop("label")
    named.write_csv(folder / "named.csv")
    named.head(12).write_csv(folder / "few.csv")
    return folder


def test_errors_that_become_more_raise_an_alarm_with_their_row(
    gradum_command, linear_run, labelled
):
    ended = gradum_command("watch", linear_run[0], labelled / "turned.csv", "--stream", "--json")
    content = json.loads(ended.out)
    assert ended.code == 3
    assert content["alarms"][0]["kind"] == "sequence"
    alarm = content["stream"]["alarm"]
    assert 100 < alarm["row"] == alarm["rows"] < 400
    assert f"row {alarm['row']} of turned.csv" in content["alarms"][0]["sentence"]


@pytest.mark.slow
def test_a_test_is_carried_on_and_rows_are_counted_once(
    gradum_command, linear_run, labelled, tmp_path
):
    state = tmp_path / "state.json"
    asked = ("--stream", "--labels", "outcome", "--state", state, "--at-most", "0.6")
    first = gradum_command("watch", linear_run[0], labelled / "few.csv", *asked)
    assert first.code == 0
    assert "takes 20 rows" in first.out
    kept = json.loads(state.read_text())
    assert (kept["rows"], len(kept["tables"])) == (9, 1)
    second = gradum_command("watch", linear_run[0], labelled / "named.csv", *asked)
    assert "100 rows without a label are skipped" in second.out
    assert "'perhaps' (1)" in second.out
    assert json.loads(state.read_text())["rows"] == 309
    again = gradum_command("watch", linear_run[0], labelled / "named.csv", *asked)
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "counted before" in again.err
    assert json.loads(state.read_text())["rows"] == 309


def test_rows_are_not_counted_before_the_page_is_written(
    gradum_command, linear_run, labelled, tmp_path, monkeypatch
):
    """On a full disk the same command can be given again."""
    page, state = tmp_path / "w.html", tmp_path / "state.json"
    asked = ("--stream", "--labels", "outcome", "--at-most", "0.6", "--state", state, "-o", page)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        failed = gradum_command("watch", linear_run[0], labelled / "few.csv", *asked)
    assert (failed.code, failed.err.count("\n")) == (1, 1)
    assert list(tmp_path.iterdir()) == []
    again = gradum_command("watch", linear_run[0], labelled / "few.csv", *asked)
    assert again.code == 0
    assert page.exists()
    assert json.loads(state.read_text())["rows"] == 9


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--stream", "--labels", "outcom"], "Did you mean 'outcome'?"),
        (["--stream", "--labels", "region"], "No label of column 'region' is a class"),
        (["--stream", "--labels", "size"], "'size' is one that the model predicts from"),
        (["--stream", "--at-most", "7"], "between 0 and 1"),
        (["--stream", "--labels", "outcome", "--beyond", "7"], "Leave out --beyond"),
        (["--at-most", "0.1"], "Give --stream"),
        (["--labels", "outcome"], "Give --stream (stream), --by COL (by), or both."),
        (["--labels", "outcome", "--by", "region"], "never saw in row 10: 'perhaps'"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_a_line(
    gradum_command, linear_run, labelled, asked, message
):
    ended = gradum_command("watch", linear_run[0], labelled / "named.csv", *asked)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert message in ended.err


def test_a_state_that_gradum_did_not_write_is_left_alone(
    gradum_command, linear_run, labelled, tmp_path
):
    notes = tmp_path / "notes.json"
    notes.write_text("my notes")
    table = labelled / "alike.csv"
    ended = gradum_command("watch", linear_run[0], table, "--stream", "--state", notes)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert notes.read_text() == "my notes"


@pytest.mark.slow
def test_groups_stand_in_the_terminal_on_the_page_and_in_json(
    gradum_command, linear_run, labelled, tmp_path
):
    page = tmp_path / "page.html"
    table = labelled / "alike.csv"
    asked = ("--stream", "--by", "region")
    shown = gradum_command("watch", linear_run[0], table, *asked, "-o", page)
    for text in (shown.out, page.read_text()):
        assert "Selection rate" in text
        assert "predictions were errors" in text
    assert 'id="errors"' in page.read_text()
    evaluated = gradum_command("evaluate", linear_run[0], table, "--by", "region", "--json")
    groups = json.loads(evaluated.out)["groups"]["groups"]
    assert [(group["values"], group["rows"]) for group in groups] == [
        ("0", 134),
        ("1", 133),
        ("2", 133),
    ]


def test_the_judged_rows_are_scored_by_group_without_a_table(gradum_command, linear_run):
    ended = gradum_command("evaluate", linear_run[0], "--by", "colour", "--metric", "brier")
    assert (ended.code, ended.err) == (0, "")
    assert "Brier score" in ended.out
    refused = gradum_command("evaluate", linear_run[0])
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--by" in refused.err
