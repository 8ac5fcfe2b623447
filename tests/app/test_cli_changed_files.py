"""The hashes of a run are of the rows it learned from, whatever is written while it reads."""

import hashlib
import importlib
import json
import os

import numpy as np
import polars as pl
import pytest
from PIL import Image

from gradum.app.cli.progress import Silent
from gradum.run.events.events import RungStarted, Understood
from gradum.run.memory import memory_bound
from gradum.ship.run_spec import read_spec
from synthetic import task

ROWS = 60
FIT = ["-t", "label", "--model", "linear", "--no-learning-curve", "-q"]
finishing = importlib.import_module("gradum.api.resume")


def rows(yes="yes", no="nah"):
    return task("label", ROWS).with_columns(pl.col("label").replace_strict({"yes": yes, "no": no}))


def turned_round(path):
    """Write other rows, as many bytes, at the same time of the clock."""
    before = path.stat()
    write(rows("nah", "yes"), path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def replaced(path):
    write(rows("nah", "yes")[:50], path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def write(frame, path):
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="uncompressed")
    else:
        frame.write_csv(path)


def before_reading(monkeypatch, act, name="fit_spec"):
    """Act after the files were hashed, just before one is read."""
    inner = getattr(finishing, name)

    def outer(*arguments, **options):
        act()
        return inner(*arguments, **options)

    monkeypatch.setattr(finishing, name, outer)


def at_event(monkeypatch, kind, act):
    """Act when the first event of a kind is told."""
    told = []

    def tell(_, event):
        if isinstance(event, kind) and not told:
            told.append(event)
            act()

    monkeypatch.setattr(Silent, "__call__", tell)
    return told


def assert_refused(ended, *files):
    assert (ended.code, ended.out) == (2, "")
    names = ", ".join(map(str, files))
    assert ended.err == (
        f"error: While the run read its files, something changed {names}. "
        "Wait until nothing writes there any more, then fit again.\n"
    )


@pytest.mark.parametrize("how", [replaced, turned_round])
def test_a_file_that_changes_between_hash_and_rows(how, gradum_command, tmp_path, monkeypatch):
    table = tmp_path / "t.csv"
    write(rows(), table)
    before_reading(monkeypatch, lambda: how(table))
    ended = gradum_command("fit", table, *FIT, "-o", tmp_path / "run")
    assert_refused(ended, table)
    assert list(tmp_path.iterdir()) == [table]


def test_a_file_that_is_other_only_for_a_while(gradum_command, tmp_path, monkeypatch):
    table = tmp_path / "t.csv"
    write(rows(), table)
    before_reading(monkeypatch, lambda: write(rows("nah", "yes"), table))
    at_event(monkeypatch, Understood, lambda: write(rows(), table))
    assert_refused(gradum_command("fit", table, *FIT, "-o", tmp_path / "run"), table)


def test_a_test_file_and_a_schema_that_change(gradum_command, tmp_path, monkeypatch):
    table, held, schema = (tmp_path / name for name in ("t.csv", "held.csv", "schema.json"))
    write(rows(), table)
    write(rows(), held)
    said = gradum_command("inspect", table, "-t", "label", "--json").out
    schema.write_text(said)
    before_reading(monkeypatch, lambda: replaced(held), "read")
    before_reading(monkeypatch, lambda: schema.write_text(f"{said}\n"), "read_schema")
    more = ["--test", held, "--schema", schema]
    ended = gradum_command("fit", table, *FIT, *more, "-o", tmp_path / "run")
    assert_refused(ended, held, schema)


def test_a_file_that_comes_and_one_that_goes(gradum_command, tmp_path, monkeypatch):
    first, second, third = (tmp_path / f"part-{number}.csv" for number in (1, 2, 3))
    write(rows(), first)
    write(rows(), second)
    before_reading(monkeypatch, lambda: second.replace(third))
    ended = gradum_command("fit", tmp_path / "part-*.csv", *FIT, "-o", tmp_path / "run")
    assert_refused(ended, second, third)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_file_that_changes_while_it_is_read_in_blocks(
    name, gradum_command, tmp_path, monkeypatch
):
    for name in ("held_bytes", "predicted_bytes"):
        monkeypatch.setattr(memory_bound, name, lambda *_: 1e15)
    table = tmp_path / name
    write(rows(), table)
    at_event(monkeypatch, Understood, lambda: turned_round(table))
    assert_refused(gradum_command("fit", table, *FIT, "-o", tmp_path / "run"), table)


def test_a_file_whose_blocks_can_no_longer_be_read(gradum_command, tmp_path, monkeypatch):
    for name in ("held_bytes", "predicted_bytes"):
        monkeypatch.setattr(memory_bound, name, lambda *_: 1e15)
    table = tmp_path / "t.parquet"
    write(rows(), table)
    at_event(monkeypatch, Understood, lambda: replaced(table))
    ended = gradum_command("fit", table, *FIT, "-o", tmp_path / "run")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "t.parquet has changed since the run began to read it" in ended.err


def test_once_it_has_been_read_a_file_may_change(gradum_command, tmp_path, monkeypatch):
    table = tmp_path / "t.csv"
    write(rows(), table)
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    told = at_event(monkeypatch, RungStarted, lambda: replaced(table))
    assert gradum_command("fit", table, *FIT, "-o", tmp_path / "run").code == 0
    assert told
    assert read_spec(tmp_path / "run" / "spec.toml").sha256 == {str(table): digest}


class Killed(BaseException):
    """Nothing is cleaned up after a SIGKILL."""


def kill():
    raise Killed


def test_a_run_that_is_resumed_on_a_file_that_changes(gradum_command, tmp_path, monkeypatch):
    table = tmp_path / "t.csv"
    write(rows(), table)
    with monkeypatch.context() as patched:
        at_event(patched, RungStarted, kill)
        with pytest.raises(Killed):
            gradum_command("fit", table, *FIT, "-o", tmp_path / "run")
    with monkeypatch.context() as patched:
        before_reading(patched, lambda: replaced(table))
        assert_refused(gradum_command("resume", tmp_path / "run", "-q"), table)
    write(rows(), table)
    assert gradum_command("resume", tmp_path / "run", "-q").code == 0


@pytest.mark.slow
def test_a_picture_that_changes_is_noticed_by_resume_and_rerun(
    gradum_command, tmp_path, monkeypatch
):
    rng, names = np.random.default_rng(0), [f"{row}.png" for row in range(24)]
    for name in names:
        Image.fromarray(rng.integers(0, 256, (8, 8)).astype(np.uint8)).save(tmp_path / name)
    table = tmp_path / "t.csv"
    labels = ["left", "right"] * 12
    pl.DataFrame({"photo": names, "label": labels}).write_csv(table)
    with monkeypatch.context() as patched:
        at_event(patched, RungStarted, kill)
        with pytest.raises(Killed):
            gradum_command("fit", table, *FIT, "--cv", 2, "-o", tmp_path / "run")
    kept = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes((tmp_path / "4.png").read_bytes())
    ended = gradum_command("resume", tmp_path / "run", "-q")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'photo'" in ended.err
    (tmp_path / "3.png").write_bytes(kept)
    assert gradum_command("resume", tmp_path / "run", "-q").code == 0
    (tmp_path / "3.png").unlink()
    ended = gradum_command("rerun", tmp_path / "run", "-o", tmp_path / "again", "--json")
    compared = json.loads(ended.out.splitlines()[-1])
    assert not compared["identical"]
    assert ["'photo'" in changed for changed in compared["changed_files"]] == [True]
