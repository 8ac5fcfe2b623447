import json

import polars as pl
import pytest
from sklearn.metrics import log_loss

import gradum


def test_scores_are_scikit_learns(gradum_command, linear_run, tables):
    folder, _ = linear_run
    ended = gradum_command("evaluate", folder, tables / "held.csv", "--json")
    said = json.loads(ended.out)
    share = gradum.load(folder / "model.gradum").predict_proba(tables / "held.csv", rung="linear")
    truth = pl.read_csv(tables / "held.csv")["label"].to_list()
    scores = said["judgement"]["scores"]["linear"]["test"]
    assert scores["log_loss"]["value"] == pytest.approx(
        log_loss(truth, share, labels=["no", "yes"])
    )


def test_people_read_a_table_and_the_verdict(gradum_command, linear_run, tables):
    ended = gradum_command("evaluate", linear_run[0], tables / "held.csv")
    assert (ended.code, ended.err) == (0, "")
    for said in ("Judged on 80 rows", "Log loss", "baseline", "always guessing"):
        assert said in ended.out


def test_a_table_without_the_target_is_refused(gradum_command, linear_run, tables, tmp_path):
    pl.read_csv(tables / "held.csv").rename({"label": "lable"}).write_csv(tmp_path / "t.csv")
    ended = gradum_command("evaluate", linear_run[0], tmp_path / "t.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'lable'" in ended.err


def test_an_unknown_label_is_refused_with_its_row(gradum_command, linear_run, tables, tmp_path):
    pl.read_csv(tables / "held.csv").with_columns(
        label=pl.when(pl.int_range(80) == 4).then(pl.lit("perhaps")).otherwise("label")
    ).write_csv(tmp_path / "t.csv")
    ended = gradum_command("evaluate", linear_run[0], tmp_path / "t.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "row 5: 'perhaps'" in ended.err
