"""``gradum evaluate``: scores against scikit-learn's, the verdict in words, and refusals."""

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
    for said in ("Judged on 80 rows", "Log loss", "baseline", "always answering"):
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


def test_the_table_that_the_model_learned_from_is_known_again(gradum_command, linear_run, tables):
    ended = gradum_command("evaluate", linear_run[0], tables / "label.csv")
    first = " ".join(ended.out.split())
    assert "All 300 rows are rows that the model was trained on: the scores say how well" in first
    said = json.loads(gradum_command("evaluate", linear_run[0], tables / "label.csv", "--json").out)
    assert (said["trained_on"], said["changes"]) == (300, [])
    headline = said["judgement"]["headline"]
    assert headline[0].startswith("All 300 rows are rows that the model was trained on")
    assert "Right in" in headline[1]
    assert first.count("All 300 rows") == 1
    assert first.index("All 300 rows") < first.index("Right in")


def test_new_rows_stand_beside_the_runs_own_scores(gradum_command, linear_run, tables):
    said = json.loads(gradum_command("evaluate", linear_run[0], tables / "held.csv", "--json").out)
    own = json.loads((linear_run[0] / "metrics.json").read_bytes())["judgement"]
    assert said["trained_on"] == 0
    by_metric = {change["metric"]: change for change in said["changes"]}
    for metric, change in by_metric.items():
        held_out = own["scores"]["linear"]["test"][metric]["value"]
        assert change["own"]["value"] == held_out
        assert change["difference"]["value"] == pytest.approx(change["new"]["value"] - held_out)
    assert {"log_loss", "accuracy", "auc", "f1"} <= set(by_metric)
    shown = gradum_command("evaluate", linear_run[0], tables / "held.csv").out
    assert "in the run" in shown
    assert "precision" in shown


def test_where_the_runs_table_has_changed_it_says_what_is_not_known(
    gradum_command, tables, tmp_path
):
    table = tmp_path / "t.csv"
    table.write_bytes((tables / "label.csv").read_bytes())
    run = ["-t", "label", "--model", "linear", "--cv", 2, "--no-learning-curve", "-q"]
    gradum_command("fit", table, *run, "-o", tmp_path / "run")
    table.write_bytes((tables / "held.csv").read_bytes())
    said = gradum_command("evaluate", tmp_path / "run", tables / "label.csv").out
    assert "It is not known whether the model was trained on these rows" in " ".join(said.split())


def test_predict_knows_rows_that_the_model_was_trained_on(
    gradum_command, linear_run, tables, tmp_path
):
    old = pl.read_csv(tables / "label.csv").head(100)
    pl.concat([old, pl.read_csv(tables / "held.csv")]).drop("label").write_csv(tmp_path / "t.csv")
    said = gradum_command("predict", linear_run[0], tmp_path / "t.csv", "-o", tmp_path / "p.csv")
    assert "100 of 180 rows are rows that the model was trained on" in " ".join(said.out.split())
    arguments = [tables / "held.csv", "-o", tmp_path / "q.csv", "--json"]
    assert json.loads(gradum_command("predict", linear_run[0], *arguments).out)["trained_on"] == 0
