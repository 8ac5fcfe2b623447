"""``gradum compress``: a run folder like any other, and what is refused with nothing written."""

import json

import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.api import save_run
from gradum.errors import SpecError
from gradum.rungs import transfer_set
from gradum.rungs.mlp import kind as mlp
from gradum.rungs.mlp.spec import MLPSpec
from gradum.ship.forms.sql import expansion
from gradum.ship.run_spec import RunSpec, hash_files, read_spec
from synthetic import ONCE, task


@pytest.fixture(scope="module", autouse=True)
def small_students():
    with pytest.MonkeyPatch.context() as patched:
        tiny = MLPSpec(hidden_layer_sizes=(8,), max_epochs=4)
        patched.setattr(mlp, "STUDENTS", (tiny,))
        patched.setattr(transfer_set, "FEWEST", 400)
        patched.setattr(transfer_set, "TIMES", 1)
        yield


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    """The run folder of a pack, and its table."""
    folder = tmp_path_factory.mktemp("compress")
    table = folder / "t.csv"
    task("amount", 200).write_csv(table)
    model = gradum.fit(str(table), "amount", model="pack", explain=False, **ONCE)
    run_spec = RunSpec(str(table), model.fitted.spec)
    (folder / "run").mkdir()
    save_run(model, folder / "run", structs.replace(run_spec, sha256=hash_files(run_spec)))
    return folder / "run", table


@pytest.fixture(scope="module")
def compressed(ensemble, gradum_command, tmp_path_factory):
    """What the command said, and the folder that it wrote."""
    small = tmp_path_factory.mktemp("small") / "run"
    ended = gradum_command("compress", ensemble[0], "-o", small, "--budget", "900%", "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out), small


def test_the_folder_is_a_run_like_any_other(compressed, ensemble, gradum_command, tmp_path):
    said, small = compressed
    model = gradum.load(small)
    assert model.used == said["rung"] == "mlp"
    assert said["of"] == gradum.load(ensemble[0]).fitted.provenance.fingerprint
    assert said["errors"][1]["value"] == pytest.approx(
        model.fitted.judgement.scores["mlp"]["test"]["rmse"].value
    )
    assert json.loads((small / "metrics.json").read_text())["provenance"]["compression"] == said
    assert said["of"] in model.fitted.judgement.notes[0]
    assert (small / "report.html").exists()
    predictions = tmp_path / "p.csv"
    predicted = gradum_command(
        "predict", small, ensemble[1], "-o", predictions, "--interval", "0.5"
    )
    assert predicted.code == 0
    assert len(pl.read_csv(predictions)) == 200
    assert gradum_command("explain", small, ensemble[1], "--row", 3).code == 0


def test_it_is_not_repeated_as_a_fit(compressed, gradum_command, tmp_path):
    ended = gradum_command("rerun", compressed[1], "-o", tmp_path / "again")
    assert ended.code == 2
    assert compressed[0]["of"] in ended.err
    assert not (tmp_path / "again").exists()
    assert read_spec(compressed[1] / "spec.toml").distilled_from == compressed[0]["of"]


def test_a_moved_table_is_named_and_a_changed_one_refused(ensemble, gradum_command, tmp_path):
    folder, table = ensemble
    content = table.read_bytes()
    moved = tmp_path / "moved.csv"
    moved.write_bytes(content)
    table.unlink()
    ask = ["compress", folder, "--budget", "900%", "-o", tmp_path / "small"]
    try:
        gone = gradum_command(*ask)
        found = gradum_command(*ask, "--data", moved)
        moved.write_bytes(content.replace(b"red", b"blue"))
        changed = gradum_command(*ask[:-1], tmp_path / "other", "--data", moved)
    finally:
        table.write_bytes(content)
    assert (gone.code, found.code, changed.code) == (2, 0, 2)
    assert "--data" in gone.err
    assert str(moved) in changed.err
    assert read_spec(tmp_path / "small" / "spec.toml").data == str(moved)
    assert not (tmp_path / "other").exists()


def test_a_model_over_its_budget_is_kept_under_a_name_of_its_own(
    ensemble, gradum_command, tmp_path
):
    ask = ["compress", ensemble[0], "--budget", "0", "-o", tmp_path / "small"]
    kept = [tmp_path / "small-over-budget", tmp_path / "small-over-budget-2"]
    for folder in kept:
        ended = gradum_command(*ask)
        assert (ended.code, ended.err.count("\n")) == (3, 1)
        compression = gradum.load(folder).fitted.provenance.compression
        assert not compression.keeps_budget
        assert compression.sentence in ended.err
        assert str(folder) in ended.err
        assert "no size that was tried comes nearer" in ended.err
    assert sorted(tmp_path.iterdir()) == kept


@pytest.mark.parametrize(("share", "code"), [("900%", 0), ("0", 3)])
def test_an_ensemble_too_large_for_sql_leaves_as_a_smaller_model_when_asked(
    ensemble, gradum_command, tmp_path, monkeypatch, share, code
):
    monkeypatch.setattr(expansion, "MOST_PRODUCTS", 500)
    ask = ["export", ensemble[0], "-o", tmp_path / "m.sql"]
    refused = gradum_command(*ask)
    assert (refused.code, "--compress" in refused.err) == (2, True)
    ended = gradum_command(*ask, "--compress", share, "--json")
    assert ended.code == code
    if code:
        small = gradum.load(tmp_path / "m-over-budget")
        assert small.fitted.provenance.compression.sentence in ended.err
        assert not (tmp_path / "m.sql").exists()
        assert gradum_command("export", tmp_path / "m-over-budget", "-o", ask[-1]).code == 0
    else:
        said = json.loads(ended.out)
        assert said["compression"]["rung"] == said["rung"] == "mlp"
        assert said["parity"]["largest"] < 1e-5
    assert (tmp_path / "m.sql").read_text().startswith("-- ")


def test_a_smaller_model_that_does_not_fit_either_is_not_taken(ensemble, monkeypatch, tmp_path):
    model = gradum.load(ensemble[0])
    monkeypatch.setattr(expansion, "MOST_PRODUCTS", 10)
    with pytest.raises(SpecError, match="no smaller form"):
        model.export(tmp_path / "m.sql", compress=100.0)
    with pytest.raises(SpecError, match="rung"):
        model.export(tmp_path / "m.sql", compress=1.0, rung="pack")


@pytest.mark.parametrize("budget", ["-1%", "much", "1%%", "nan", "inf", "1% more"])
def test_a_budget_is_a_share(ensemble, gradum_command, tmp_path, budget):
    ended = gradum_command("compress", ensemble[0], f"--budget={budget}", "-o", tmp_path / "small")
    assert ended.code == 2
    assert budget in ended.err
    assert not (tmp_path / "small").exists()


def test_a_folder_that_is_there_is_kept(ensemble, compressed, gradum_command):
    folder, _ = ensemble
    for taken in (compressed[1], folder):
        before = (taken / "model.gradum").read_bytes()
        assert gradum_command("compress", folder, "-o", taken).code == 2
        assert (taken / "model.gradum").read_bytes() == before
    assert gradum_command("compress", folder, "-o", folder, "--force").code == 2


def test_a_model_without_its_run_or_without_networks_is_refused(
    ensemble, linear_run, gradum_command, tmp_path
):
    alone = tmp_path / "alone.gradum"
    alone.write_bytes((ensemble[0] / "model.gradum").read_bytes())
    for model in (alone, linear_run[0]):
        ended = gradum_command("compress", model, "-o", tmp_path / "small")
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert not (tmp_path / "small").exists()
