"""The run folder: its files, its predictions, and names in the way of either."""

import datetime
import hashlib
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

import gradum
from gradum.api import make_spec, save_run
from gradum.errors import ModelFileError, OutputError, SchemaError, SpecError
from gradum.files.atomic import claim_folder, make_first
from gradum.ship import prediction_files, run_folder, run_spec
from gradum.ship.run_spec import RunSpec
from gradum.tables.sources.read import read
from ladder import PLAIN_LADDER
from synthetic import QUICK, task

FILES = {
    "model.gradum",
    "background.parquet",
    "report.html",
    "metrics.json",
    "findings.json",
    "predictions.parquet",
    "history.jsonl",
    "spec.toml",
    "schema.json",
}


@pytest.fixture(scope="module")
def table_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "label.csv"
    task("label").write_csv(path)
    return path


@pytest.fixture(scope="module")
def folder(classifier, table_file, tmp_path_factory):
    path = claim_folder(tmp_path_factory.mktemp("runs") / "run")
    asked = RunSpec(str(table_file), classifier.fitted.spec)
    asked = msgspec.structs.replace(asked, sha256=run_spec.hash_files(asked))
    save_run(classifier, path, asked)
    return path


def test_a_run_leaves_nine_files(folder):
    assert {path.name for path in folder.iterdir()} == FILES


def test_predictions_are_the_test_rows_in_order(folder, classifier):
    frame = pl.read_parquet(folder / "predictions.parquet")
    test = np.flatnonzero(classifier.run.parts == 3)
    assert frame.columns == ["row", "label", "prediction", "probability_no", "probability_yes"]
    assert frame["row"].to_list() == (test + 1).tolist()
    assert frame["label"].to_list() == task("label")["label"].gather(test).to_list()
    shares = frame.select("probability_no", "probability_yes").to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares, classifier.predict_proba(task("label")[test]), rtol=1e-5)
    likeliest = np.where(shares[:, 1] > shares[:, 0], "yes", "no")
    assert frame["prediction"].to_list() == likeliest.tolist()


def test_a_row_of_several_folds_has_their_mean_and_is_listed_once(grader):
    frame = run_folder.predictions(grader.run)
    assert frame["row"].to_list() == list(range(1, 301))
    assert frame["grade"].to_list() == task("grade", 300)["grade"].to_list()
    judged = grader.run.judged
    twice = judged.predictions[grader.used].probability[judged.rows == 17]
    said = frame.row(17, named=True)
    for k in range(3):
        assert said[f"probability_{k}"] == pytest.approx(twice[:, k].mean())


def test_rows_without_a_target_keep_the_numbers_of_the_others():
    frame = task("amount", 100).with_columns(
        pl.when(pl.int_range(100) < 10).then(None).otherwise("amount").alias("amount")
    )
    model = gradum.fit(frame, "amount", model="linear", cv=2, **QUICK)
    assert run_folder.predictions(model.run)["row"].to_list() == list(range(11, 101))


def test_the_rows_of_a_test_file_are_numbered_as_in_that_file():
    test = task("amount", 40, 9)
    model = gradum.fit(task("amount", 100), "amount", test=test, model="linear", **QUICK)
    frame = run_folder.predictions(model.run)
    assert frame["row"].to_list() == list(range(1, 41))
    np.testing.assert_array_equal(frame["amount"], test["amount"])
    np.testing.assert_allclose(frame["prediction"], model.predict(test))


@pytest.mark.parametrize("name", ["prediction", "row"])
def test_a_target_with_the_name_of_another_column_is_renamed(name):
    frame = task("amount", 100).rename({"amount": name})
    model = gradum.fit(frame, name, model="linear", cv=2, **QUICK)
    columns = run_folder.predictions(model.run).columns
    assert columns == ["row", f"target_{name}", "prediction"]


def test_metrics_json_says_what_the_verdict_says(folder, classifier):
    said = msgspec.json.decode((folder / "metrics.json").read_bytes())
    assert said["used"] == classifier.used
    assert said["enough"] == classifier.enough
    assert said["interrupted"] is False
    assert (said["target"], said["task"], said["metric"]) == ("label", "binary", "log_loss")
    scores = said["judgement"]["scores"]
    nothing = float("nan")  # JSON has no word for it but null
    listed = {
        (rung, part, metric): tuple(
            nothing if each[end] is None else each[end] for end in ("value", "low", "high")
        )
        for rung, parts in scores.items()
        for part, metrics in parts.items()
        for metric, each in metrics.items()
    }
    frame = classifier.scores
    shown = {row[:3]: row[3:] for row in frame.iter_rows()}
    assert listed.keys() == shown.keys()
    for key, values in listed.items():
        np.testing.assert_array_equal(values, shown[key])
    assert set(scores) == set(PLAIN_LADDER) == set(said["rungs"])
    assert set(scores["mlp"]) == {"train", "validation", "test"}
    assert said["judgement"]["prevalence"].keys() == {"no", "yes"}


def test_history_has_one_line_an_epoch_and_one_a_penalty(folder, classifier):
    lines = [msgspec.json.decode(l) for l in (folder / "history.jsonl").read_text().splitlines()]
    epochs = [line for line in lines if line["rung"] == "mlp"]
    assert [line["epoch"] for line in epochs] == [1, 2, 3, 4, 5]
    assert [line["epoch"] for line in lines if line["rung"] == "pack"] == [1, 2]
    path = [line["alpha"] for line in lines if line["rung"] == "linear"]
    assert path == sorted(path, reverse=True)
    assert classifier.fitted.rungs["linear"].settings["alpha"] in path


def test_spec_toml_is_read_back_whole(folder, classifier, table_file):
    said = run_spec.read_spec(folder / "spec.toml")
    assert said.spec == classifier.fitted.spec
    assert said.fingerprint == classifier.fitted.provenance.fingerprint
    digest = hashlib.sha256(table_file.read_bytes()).hexdigest()
    assert said.sha256 == {str(table_file): digest}
    assert run_spec.changed_files(said) == []


def test_changed_and_vanished_files_are_named(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,y\n1,2\n")
    spec = RunSpec(str(table), make_spec("y"))
    spec = msgspec.structs.replace(spec, sha256=run_spec.hash_files(spec))
    assert run_spec.changed_files(spec) == []
    table.write_text("a,y\n1,3\n")
    assert run_spec.changed_files(spec) == [str(table)]
    table.unlink()
    assert run_spec.changed_files(spec) == [str(table)]


def test_the_schema_file_is_the_models(folder, classifier):
    assert run_folder.read_schema(folder / "schema.json") == classifier.fitted.schema


def test_what_cannot_be_read_is_refused_by_name(folder, tmp_path):
    for path in (tmp_path / "spec.toml", folder / "model.gradum" / "spec.toml"):
        with pytest.raises(ModelFileError, match="gradum run"):
            run_spec.read_spec(path)
    for text in ("data = ", 'data = "t.csv"\nunknown = 1\n'):
        (tmp_path / "spec.toml").write_text(text)
        with pytest.raises(ModelFileError, match=r"spec\.toml cannot be read"):
            run_spec.read_spec(tmp_path / "spec.toml")
    (tmp_path / "spec.toml").write_text("\x00")
    with pytest.raises(ModelFileError, match=r"spec\.toml is not written in UTF-8: see line 1"):
        run_spec.read_spec(tmp_path / "spec.toml")
    with pytest.raises(SchemaError, match=r"no\.json cannot be read"):
        run_folder.read_schema(tmp_path / "no.json")


def test_a_run_folder_stands_for_its_model(folder):
    assert run_folder.locate_model(folder) == folder / "model.gradum"
    assert run_folder.locate_model(folder / "model.gradum") == folder / "model.gradum"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/data/Sales 2024.csv", "Sales-2024"),
        ("x.tsv.gz", "x"),
        ("y.parquet", "y"),
        ("../../..", "table"),
        ("a/b.c.csv", "b.c"),
    ],
)
def test_the_default_folder_is_named_for_the_day_and_the_table(source, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    today = datetime.date.today().isoformat()
    made = [make_first(run_spec.default_folders(source)) for _ in range(3)]
    assert [str(folder) for folder in made] == [
        f"runs/{today}-{name}{number}" for number in ("", "-2", "-3")
    ]
    assert all(folder.is_dir() for folder in made)


def test_two_runs_that_begin_at_once_have_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    candidates, mkdir = run_spec.default_folders("t.csv"), Path.mkdir

    def overtaken(folder, **how):
        monkeypatch.setattr(Path, "mkdir", mkdir)
        folder.mkdir(**how)  # by another process, at the last moment
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", overtaken)
    assert str(make_first(candidates)).endswith("-t-2")


TABLE = pl.DataFrame({"id": ["a", "b"], "prediction": [0, 0], "x": [1.5, 2.5]})
SAID = pl.DataFrame({"prediction": [1.0, 2.0]})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_predictions_stand_next_to_kept_columns_or_row_numbers(suffix, tmp_path):
    reader = {".csv": pl.read_csv, ".parquet": pl.read_parquet}[suffix]
    kept = prediction_files.kept_columns(read(TABLE), ["x", "id", "x"])
    assert prediction_files.write(tmp_path / f"kept{suffix}", [(kept, SAID)]) == 2
    expected = pl.DataFrame({"x": [1.5, 2.5], "id": ["a", "b"], "prediction": [1.0, 2.0]})
    assert reader(tmp_path / f"kept{suffix}").equals(expected)
    for names in ([], ["prediction"]):
        kept = prediction_files.kept_columns(read(TABLE), names)
        prediction_files.write(tmp_path / f"rows{suffix}", [(kept, SAID)])
        frame = reader(tmp_path / f"rows{suffix}")
        assert frame.to_dict(as_series=False) == {"row": [1, 2], "prediction": [1.0, 2.0]}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_blocks_of_predictions_follow_one_another(suffix, tmp_path):
    reader = {".csv": pl.read_csv, ".parquet": pl.read_parquet}[suffix]
    kept = prediction_files.kept_columns(read(TABLE), ["id"])
    for names, columns in ((["id"], [kept, kept]), ([], [pl.DataFrame(), pl.DataFrame()])):
        blocks = zip(columns, [SAID, SAID + 2], strict=True)
        assert prediction_files.write(tmp_path / f"several{suffix}", blocks) == 4
        frame = reader(tmp_path / f"several{suffix}").to_dict(as_series=False)
        first = {"id": ["a", "b", "a", "b"]} if names else {"row": [1, 2, 3, 4]}
        assert frame == {**first, "prediction": [1.0, 2.0, 3.0, 4.0]}
    assert [path.name for path in tmp_path.iterdir()] == [f"several{suffix}"]


def test_what_fails_in_a_later_block_leaves_no_file(tmp_path):
    def blocks():
        yield pl.DataFrame(), SAID
        raise SpecError("The second block is damaged.")

    with pytest.raises(SpecError, match="second block"):
        prediction_files.write(tmp_path / "said.parquet", blocks())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_that_comes_while_blocks_are_predicted_is_left(suffix, tmp_path):
    path = tmp_path / f"said{suffix}"

    def blocks():
        yield pl.DataFrame(), SAID
        path.write_text("mine")

    with pytest.raises(OutputError, match="exists already"):
        prediction_files.write(path, blocks(), force=False)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    prediction_files.write(path, blocks(), force=True)
    assert path.read_bytes() != b"mine"


def test_a_column_that_is_not_there_cannot_be_kept():
    with pytest.raises(SpecError, match=r"no column 'ID' to keep.*'id'"):
        prediction_files.kept_columns(read(TABLE), ["ID"])


def test_names_without_a_format_and_files_in_the_way_are_refused(tmp_path):
    with pytest.raises(OutputError, match=r"\.parquet or \.csv"):
        prediction_files.check_format(tmp_path / "out.xlsx", force=True)
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        prediction_files.check_format(tmp_path / "out.csv", force=False)
    prediction_files.check_format(tmp_path / "out.csv", force=True)
