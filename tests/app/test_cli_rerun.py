"""``gradum rerun``: bit-identical weights, and tables that have changed, moved or gone."""

import json

import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.app.cli.rerun import OTHER_WEIGHTS
from gradum.ship.run_spec import read_spec, toml
from ladder import PLAIN_LADDER
from synthetic import FEW, TINY, task


@pytest.fixture(scope="module")
def before(gradum_command, tmp_path_factory):
    """A whole ladder, its networks made small by editing ``spec.toml``."""
    folder = tmp_path_factory.mktemp("rerun")
    table = folder / "t.csv"
    task("label", 120).write_csv(table)
    linear = ["fit", table, "-t", "label", "--model", "linear", "--cv", 2, "-q", "-o", folder / "a"]
    assert gradum_command(*linear).code == 0
    said = read_spec(folder / "a" / "spec.toml")
    spec = structs.replace(said.spec, model="ladder", mlp=TINY, pack=FEW)
    (folder / "a" / "spec.toml").write_text(toml(structs.replace(said, spec=spec)))
    ended = gradum_command("rerun", folder / "a", "-o", folder / "b")
    assert (ended.code, ended.err) == (OTHER_WEIGHTS, "")
    return folder, ended


def test_an_edited_spec_is_another_run_and_its_weights_differ(before):
    folder, ended = before
    model = gradum.load(folder / "b" / "model.gradum")
    assert list(model.fitted.rungs) == list(PLAIN_LADDER)
    assert model.fitted.spec.mlp.hidden_layer_sizes == (8,)
    assert model.fitted.spec.pack == FEW
    assert "The weights differ" in ended.out


def test_the_same_run_has_bit_identical_weights(before, gradum_command, tmp_path):
    folder, _ = before
    ended = gradum_command("rerun", folder / "b", "-o", tmp_path / "c")
    assert (ended.code, ended.err) == (0, "")
    assert "bit-identical" in ended.out
    one, two = (gradum.load(path / "model.gradum") for path in (folder / "b", tmp_path / "c"))
    assert one.fitted.judgement == two.fitted.judgement
    names = ("predictions.parquet", "schema.json", "spec.toml")
    for name in names:
        assert (folder / "b" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()


def test_a_changed_table_is_named(before, gradum_command, tmp_path):
    folder, _ = before
    table = folder / "t.csv"
    kept = table.read_bytes()
    pl.read_csv(table).with_columns(pl.col("size") * 2).write_csv(table)
    try:
        ended = gradum_command("rerun", folder / "b", "-o", tmp_path / "c", "--json")
    finally:
        table.write_bytes(kept)
    assert ended.code == OTHER_WEIGHTS
    last = json.loads(ended.out.splitlines()[-1])
    assert last == {"event": "compared", "identical": False, "changed_files": [str(table)]}


def test_a_table_that_is_gone_is_one_line(before, gradum_command, tmp_path):
    folder, _ = before
    moved = (folder / "t.csv").rename(folder / "moved.csv")
    try:
        ended = gradum_command("rerun", folder / "b", "-o", tmp_path / "c")
    finally:
        moved.rename(folder / "t.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "t.csv, is no longer there. Say by --data where it lies." in ended.err
    assert not (tmp_path / "c").exists()


def test_a_table_that_was_moved_is_the_same_table(linear_run, gradum_command, tables, tmp_path):
    run, _ = linear_run
    moved = tmp_path / "moved.csv"
    moved.write_bytes((tables / "label.csv").read_bytes())
    ended = gradum_command("rerun", run, "--data", moved, "-o", tmp_path / "c")
    assert (ended.code, ended.err) == (0, "")
    assert "bit-identical" in ended.out
    assert read_spec(tmp_path / "c" / "spec.toml").data == str(moved)


def test_the_last_sentence_names_what_has_changed(linear_run, gradum_command, tables, tmp_path):
    run, _ = linear_run
    other = tmp_path / "other.csv"
    pl.read_csv(tables / "label.csv").with_columns(pl.col("size") * 2).write_csv(other)
    ended = gradum_command("rerun", run, "--data", other, "-o", tmp_path / "c")
    assert ended.code == OTHER_WEIGHTS
    assert ended.out.splitlines()[-1].endswith(f"{other} has changed since.")


def test_quiet_prints_nothing(before, gradum_command, tmp_path):
    folder, _ = before
    ended = gradum_command("rerun", folder / "a", "-o", tmp_path / "c", "--quiet")
    assert (ended.code, ended.out, ended.err) == (OTHER_WEIGHTS, "", "")


def test_a_spec_that_says_nonsense_is_refused(before, gradum_command, tmp_path):
    folder, _ = before
    text = (folder / "b" / "spec.toml").read_text()
    for old, new in (("seed = 0", "seed = -1"), ('"ladder"', '"forest"'), ("seed", "sead")):
        (tmp_path / "spec.toml").write_text(text.replace(old, new))
        ended = gradum_command("rerun", tmp_path, "-o", tmp_path / "c")
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "spec.toml cannot be read" in ended.err
