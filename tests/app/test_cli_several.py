"""Tables in several files, from the command line."""

import os
from pathlib import Path

import pytest

from gradum.ship.run_spec import changed_files, default_folders, read_spec
from synthetic import task


@pytest.fixture(scope="module")
def run(gradum_command, tmp_path_factory):
    """A run on three files of 100 rows, named by a pattern, and what the command printed."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("several")
    (folder / "data").mkdir()
    for number, part in enumerate(task("label", 300).iter_slices(100)):
        part.write_csv(folder / "data" / f"part-{number}.csv")
    os.chdir(folder)
    try:
        ended = gradum_command(
            "fit", "data/part-*.csv", "-t", "label", "--model", "linear", "--cv", 2
        )
    finally:
        os.chdir(before)
    assert (ended.code, ended.err) == (0, "")
    return folder, ended


@pytest.fixture
def spec(run):
    (folder,) = (run[0] / "runs").iterdir()
    return read_spec(folder / "spec.toml")


def test_files_that_match_a_pattern_are_fitted_as_one_table(run, spec, linear_run):
    folder, ended = run
    assert "part-*.csv (3 files): 300 rows" in ended.out
    assert sorted(spec.sha256) == [str(folder / "data" / f"part-{k}.csv") for k in range(3)]
    assert spec.fingerprint == read_spec(linear_run[0] / "spec.toml").fingerprint


def test_a_run_on_several_files_is_repeated_from_any_folder(
    run, gradum_command, tmp_path, monkeypatch
):
    (folder,) = (run[0] / "runs").iterdir()
    monkeypatch.chdir("/")
    ended = gradum_command("rerun", folder, "-o", tmp_path / "again")
    assert (ended.code, ended.err) == (0, "")
    assert "bit-identical" in ended.out
    assert "Changed" not in ended.out


def test_a_file_more_less_or_other_is_a_change(run, spec):
    data = run[0] / "data"
    assert changed_files(spec) == []
    new, gone, other = data / "part-9.csv", data / "part-1.csv", data / "part-2.csv"
    kept = gone.read_bytes(), other.read_bytes()
    new.write_text("a\n1\n")
    assert changed_files(spec) == [str(new)]
    gone.unlink()
    other.write_text("b\n2\n")
    assert changed_files(spec) == [str(gone), str(other), str(new)]
    new.unlink()
    gone.write_bytes(kept[0])
    other.write_bytes(kept[1])


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/part-*.csv", "part"),
        ("few.rows.jsonl", "few.rows"),
        ("t.CSV.zst", "t"),
        ("t.tar.xz", "t.tar"),
        ("t.feather", "t"),
        ("-", "standard-input"),
        ("*.csv", "table"),
    ],
)
def test_the_default_folder_is_named_after_the_table(source, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert next(default_folders(source)).name[11:] == name
