"""``gradum fit``: events in words and as JSON, the run folder, and refusals."""

import json
import os
import re

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.rungs.pack.spec import EFFORTS
from gradum.ship.run_spec import read_spec
from synthetic import FEW, mixed, task


def options(*given):
    return ["--model", "linear", "--cv", 2, "--no-learning-curve", *given]


def test_a_run_says_what_it_understood_found_and_wrote(linear_run):
    folder, ended = linear_run
    assert (ended.code, ended.err) == (0, "")
    for said in (
        "label.csv: 300 rows",
        "colour",
        "Two classes, 'no'",
        "the most frequent class, is right in",
        "Log loss",
        str(folder),
    ):
        assert said in ended.out
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_after_use_no_model_nobody_is_sent_to_predict(gradum_command, linear_run, tmp_path):
    table = task("label", 200).with_columns(pl.col("label").shuffle(seed=0))
    table.select("age", "label").write_csv(tmp_path / "t.csv")
    options = ["-t", "label", "--model", "linear", "--cv", 2, "--no-learning-curve"]
    said = gradum_command("fit", tmp_path / "t.csv", *options, "-o", tmp_path / "run").out
    assert "Use no model" in said
    after = said[said.index("Next: ") :]
    assert "gradum predict" not in after
    assert "columns that tell more about 'label'" in after
    assert "gradum predict" in linear_run[1].out


def test_json_is_one_event_a_line(gradum_command, tables, tmp_path):
    ended = gradum_command(
        "fit", tables / "label.csv", "-t", "label", *options("-o", tmp_path / "run", "--json")
    )
    events = [json.loads(line) for line in ended.out.splitlines()]
    names = [event["event"] for event in events]
    assert names[0] == "understood"
    assert names[-2:] == ["judged", "written"]
    assert events[0]["schema"]["target"]["name"] == "label"
    assert events[-2]["judgement"]["verdict"]["used"] == events[-1]["used"]
    steps = [event for event in events if event["event"] == "path_step"]
    assert all(event["alpha"] > 0 and event["loss"] > 0 for event in steps)
    assert {"rung_started", "rung_finished", "path_step"} <= set(names)
    assert ended.err == ""


def test_quiet_prints_nothing(gradum_command, tables, tmp_path):
    arguments = ["fit", tables / "label.csv", "-t", "label", "-o", tmp_path / "run", "--quiet"]
    ended = gradum_command(*arguments, *options())
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert (tmp_path / "run" / "model.gradum").is_file()


@pytest.mark.slow
def test_the_ladder_climbs_to_the_networks(gradum_command, tmp_path, monkeypatch):
    monkeypatch.setitem(EFFORTS, "standard", FEW)
    task("label", 1000).write_csv(tmp_path / "t.csv")
    arguments = ["-t", "label", "-o", tmp_path / "run", "--json", "--no-learning-curve"]
    ended = gradum_command("fit", tmp_path / "t.csv", *arguments)
    events = [json.loads(line) for line in ended.out.splitlines()]
    kept = gradum.load(tmp_path / "run" / "model.gradum").fitted.rungs
    for rung in ("mlp", "pack"):
        begins, ends = (
            next(k for k, e in enumerate(events) if (e["event"], e.get("rung")) == (name, rung))
            for name in ("rung_started", "rung_finished")
        )
        epochs = [event for event in events[begins:ends] if event["event"] == "epoch_done"]
        assert [event["epoch"] for event in epochs] == list(range(1, len(epochs) + 1))
        assert all(event["train_loss"] > 0 and event["validation_loss"] > 0 for event in epochs)
        assert len(epochs) == len(kept[rung].history)
        if rung == "mlp":
            best = min(epochs, key=lambda event: event["validation_loss"])
            assert kept[rung].certificate.best_epoch == best["epoch"]


def test_the_default_folder_is_made_under_runs(gradum_command, tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        gradum_command("fit", tables / "label.csv", "-t", "label", *options("--quiet"))
    first, second = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-label", first)
    assert second == f"{first}-2"


def fitted(gradum_command, table, folder, *given):
    arguments = [table, "-o", folder, "--quiet", "--no-learning-curve"]
    ended = gradum_command("fit", *arguments, *given)
    assert (ended.code, ended.err) == (0, "")
    metrics = json.loads((folder / "metrics.json").read_bytes())
    return gradum.load(folder / "model.gradum"), metrics


@pytest.fixture
def fit_file(gradum_command, tmp_path):
    """Fit a frame by way of a file, linearly unless told otherwise."""

    def fit(frame, *given, target="amount", model="linear"):
        frame.write_csv(tmp_path / "t.csv")
        arguments = ["-t", target, "--model", model, *given]
        return fitted(gradum_command, tmp_path / "t.csv", tmp_path / "run", *arguments)

    return fit


def test_columns_can_be_dropped_and_read_otherwise(fit_file):
    model, _ = fit_file(
        task("amount", 200).with_columns(code=pl.Series(np.arange(200) % 7)),
        *("--drop", "city", "--drop", "age", "--categorical", "code", "--cv", 2),
    )
    kinds = {column.name: column.kind for column in model.fitted.schema.features}
    assert kinds == {
        "size": "numeric",
        "colour": "categorical",
        "member": "boolean",
        "code": "categorical",
    }


def test_weights_groups_and_times_are_no_features(fit_file):
    frame = task("amount", 200).with_columns(
        w=pl.Series(np.random.default_rng(0).random(200) + 0.1),
        g=pl.Series([f"g{k // 4}" for k in range(200)]),
        t=pl.Series([f"2024-{1 + k % 12:02}-{1 + k % 28:02}" for k in range(200)]),
    )
    model, metrics = fit_file(frame, "--weight", "w", "--group", "g", "--drop", "t", "--cv", 2)
    assert {"w", "g", "t"}.isdisjoint({c.name for c in model.fitted.schema.features})
    assert "no group on both sides" in metrics["judgement"]["how"]
    _, metrics = fit_file(frame, "--time", "t", "--drop", "g", "--drop", "w", "--force")
    assert "later than all rows trained on" in metrics["judgement"]["how"]


def test_a_test_file_judges(fit_file, tables, tmp_path):
    task("amount", 60, 5).write_csv(tmp_path / "test.csv")
    _, metrics = fit_file(task("amount", 200), "--test", tmp_path / "test.csv")
    assert metrics["judgement"]["rows"]["test"] == 60
    assert pl.read_parquet(tmp_path / "run" / "predictions.parquet")["row"].to_list() == [
        *range(1, 61)
    ]


def test_cross_validation_refit_metric_and_log_target(fit_file):
    frame = task("amount", 200).with_columns(pl.col("amount").exp().alias("amount") / 1e6)
    given = ["--cv", 4, "--refit", "--metric", "mae", "--log-target"]
    model, metrics = fit_file(frame.drop("city"), *given)
    assert "4-fold" in metrics["judgement"]["how"]
    assert metrics["metric"] == "mae"
    assert list(model.fitted.rungs) == [model.used]
    assert model.fitted.rungs[model.used].target_scale.log


def test_a_pack_learns_what_the_metric_measures(fit_file, monkeypatch):
    monkeypatch.setitem(EFFORTS, "quick", FEW)
    frame = task("amount", 200).drop("city")
    model, metrics = fit_file(frame, "--metric", "mae", "--effort", "quick", model="pack")
    assert metrics["metric"] == "mae"
    losses = {name: rung.loss for name, rung in model.fitted.rungs.items()}
    assert losses == {"baseline": "squared_error", "pack": "absolute_error"}


def test_balanced_classes_catch_more_of_the_rare_one(fit_file):
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    rare = x + rng.normal(0, 1, 600) > 2.2
    frame = pl.DataFrame({"x": x, "z": rng.normal(size=600), "y": np.where(rare, "rare", "common")})
    _, plain = fit_file(frame, "--cv", 2, target="y")
    _, balanced = fit_file(frame, "--cv", 2, "--class-weight", "balanced", "--force", target="y")

    def recall(metrics):
        return metrics["judgement"]["scores"]["linear"]["test"]["balanced_accuracy"]["value"]

    assert recall(balanced) > recall(plain) + 0.1


def test_an_edited_schema_decides(gradum_command, tables, tmp_path):
    said = gradum_command("inspect", tables / "label.csv", "-t", "label", "--json").out
    schema = json.loads(said)
    city = next(column for column in schema["columns"] if column["name"] == "city")
    city["role"] = "unused"
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    arguments = ["-t", "label", "--schema", tmp_path / "schema.json", *options()]
    model, _ = fitted(gradum_command, tables / "label.csv", tmp_path / "run", *arguments)
    assert "city" not in {column.name for column in model.fitted.schema.features}
    assert "city" in said


@pytest.mark.slow
def test_the_seed_decides_the_weights(gradum_command, tables, tmp_path):
    prints = []
    for number, seed in enumerate((1, 1, 2)):
        arguments = ["-t", "label", "--seed", seed, *options()]
        model, _ = fitted(gradum_command, tables / "label.csv", tmp_path / str(number), *arguments)
        prints.append((model.fitted.provenance.fingerprint, model.fitted.judgement))
    assert prints[0] == prints[1]
    assert prints[0][1] != prints[2][1]


# A user's mistakes: one line, exit code 2, nothing written.


def written(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


MISTAKES = {
    "no such file": (["fit", "labels.csv", "-t", "label"], "'label.csv'"),
    "no such target": (["fit", "label.csv", "-t", "lable"], "'label'"),
    "no such column": (["fit", "label.csv", "-t", "label", "--drop", "citys"], "'city'"),
    "constant target": (["fit", "constant.csv", "-t", "y"], "constant"),
    "nothing usable": (["fit", "useless.csv", "-t", "y"], "no column to learn from"),
    "too few rows": (["fit", "short.csv", "-t", "label"], "at least 20"),
    "empty file": (["fit", "empty.csv", "-t", "y"], "empty"),
    "no such test file": (["fit", "label.csv", "-t", "label", "--test", "no.csv"], "no.csv"),
    "no such schema": (["fit", "label.csv", "-t", "label", "--schema", "no.json"], "no.json"),
    "a schema that is none": (
        ["fit", "label.csv", "-t", "label", "--schema", "label.csv"],
        "schema",
    ),
    "no such model": (["fit", "label.csv", "-t", "label", "--model", "forest"], "linear"),
    "no such metric": (["fit", "label.csv", "-t", "label", "--metric", "auk"], "auc"),
    "a metric of another task": (["fit", "label.csv", "-t", "label", "--metric", "mae"], "mae"),
    "no such class weight": (
        ["fit", "label.csv", "-t", "label", "--class-weight", "x"],
        "balanced",
    ),
    "one fold": (["fit", "label.csv", "-t", "label", "--cv", "1"], "--cv 2"),
    "a logarithm of classes": (["fit", "label.csv", "-t", "label", "--log-target"], "logarithm"),
    "a folder with something in it": (["fit", "label.csv", "-t", "label", "-o", "."], "--force"),
    "a file for a folder": (
        ["fit", "label.csv", "-t", "label", "-o", "label.csv/run"],
        "label.csv",
    ),
    "a model that is none": (["predict", "label.csv", "label.csv", "-o", "p.csv"], "not a gradum"),
    "no such run": (["predict", "runs/none", "label.csv", "-o", "p.csv"], "does not exist"),
    "no such run to repeat": (["rerun", "nowhere"], "nowhere"),
    "a file to repeat": (["rerun", "label.csv"], "gradum run"),
    "a file to look at": (["inspect", "no.csv"], "no.csv"),
    "nothing to evaluate": (["evaluate", "label.csv", "label.csv"], "not a gradum"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_in_one_line_and_leaves_nothing(
    mistake, gradum_command, tables, tmp_path, monkeypatch
):
    (tmp_path / "label.csv").write_bytes((tables / "label.csv").read_bytes())
    (tmp_path / "constant.csv").write_text("x,y\n" + "".join(f"{k},5\n" for k in range(30)))
    (tmp_path / "useless.csv").write_text("x,y\n" + "".join(f"7,{k}\n" for k in range(30)))
    (tmp_path / "short.csv").write_text(pl.read_csv(tables / "label.csv").head(15).write_csv())
    (tmp_path / "empty.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    before = written(tmp_path)
    arguments, named = MISTAKES[mistake]
    ended = gradum_command(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert named in ended.err
    assert written(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="everything can be written to by root")
def test_a_folder_that_cannot_be_written_is_refused(gradum_command, tables, tmp_path):
    tmp_path.chmod(0o500)
    ended = gradum_command("fit", tables / "label.csv", "-t", "label", "-o", tmp_path / "run")
    assert ended.code == 2
    assert "cannot be written" in ended.err


def test_an_empty_folder_of_the_users_own_survives_a_mistake(gradum_command, tmp_path):
    (tmp_path / "constant.csv").write_text("x,y\n" + "".join(f"{k},5\n" for k in range(30)))
    (tmp_path / "mine").mkdir()
    ended = gradum_command("fit", tmp_path / "constant.csv", "-t", "y", "-o", tmp_path / "mine")
    assert ended.code == 2
    assert (tmp_path / "mine").is_dir()


def test_force_keeps_what_else_is_in_the_folder(gradum_command, tables, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    arguments = ["fit", tables / "label.csv", "-t", "label", "-o", tmp_path, *options("--quiet")]
    assert gradum_command(*arguments).code == 2
    assert gradum_command(*arguments, "--force").code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_names_that_look_like_markup_are_printed_as_they_are(gradum_command, tmp_path):
    frame = mixed(120).select(pl.col("size").alias("size [/mm] :smile:"), "colour", "amount")
    frame.write_csv(tmp_path / "t.csv")
    folder = tmp_path / "run[1]"
    ended = gradum_command("fit", tmp_path / "t.csv", "-t", "amount", "-o", folder, *options())
    assert ended.code == 0
    assert "size [/mm] :smile:" in ended.out
    assert "run[1]" in ended.out
    frame.with_columns(pl.col("size [/mm] :smile:") + 1e5).write_csv(tmp_path / "far.csv")
    ended = gradum_command("predict", folder, tmp_path / "far.csv", "-o", tmp_path / "p.csv")
    assert "Column 'size [/mm] :smile:' ranged" in ended.out
    ended = gradum_command("evaluate", folder, tmp_path / "far.csv")
    assert "Column 'size [/mm] :smile:' ranged" in ended.out


def test_the_spec_of_a_run_holds_what_was_asked(linear_run, tables):
    spec = read_spec(linear_run[0] / "spec.toml")
    assert spec.data == str(tables / "label.csv")
    assert (spec.spec.target, spec.spec.model, spec.spec.split.folds) == ("label", "linear", 2)
    assert structs.replace(spec, fingerprint="") != spec
