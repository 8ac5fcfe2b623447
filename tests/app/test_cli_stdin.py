"""Tables that come through a pipe, from the command line."""

import io
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from gradum.ship.run_spec import hash_files, read_spec
from synthetic import task


@pytest.fixture(scope="module")
def piped(gradum_command):
    """``piped(content, "fit", "-", …)`` runs a command that reads its standard input."""

    def run(content, *arguments):
        before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(content))
        try:
            return gradum_command(*arguments)
        finally:
            sys.stdin = before

    return run


@pytest.fixture(scope="module")
def content(tables):
    return (tables / "label.csv").read_bytes()


@pytest.fixture(scope="module")
def piped_run(piped, content, tmp_path_factory):
    """A run of a piped table into its default folder, and what the command printed."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("piped"))
    try:
        ended = piped(content, "fit", "-", "-t", "label", "--model", "linear", "--cv", 2)
        (folder,) = Path("runs").absolute().iterdir()
    finally:
        os.chdir(before)
    assert (ended.code, ended.err) == (0, "")
    return folder, ended


def test_a_piped_table_is_fitted_as_the_file_is(piped_run, linear_run):
    folder, ended = piped_run
    assert "standard input: 300 rows" in ended.out
    names = [read_spec(each / "spec.toml").fingerprint for each in (folder, linear_run[0])]
    assert names[0] == names[1] != ""


def test_the_default_folder_is_named_after_the_standard_input(piped_run):
    assert piped_run[0].name.endswith("-standard-input")


def test_every_command_that_reads_a_table_reads_a_piped_one(piped_run, piped, content, tmp_path):
    folder, _ = piped_run
    ended = piped(content, "inspect", "-", "-t", "label")
    assert "standard input: 300 rows" in ended.out
    ended = piped(content, "evaluate", folder, "-")
    assert (ended.code, "Log loss" in ended.out) == (0, True)
    ended = piped(content, "predict", folder, "-", "-o", tmp_path / "p.csv")
    assert ended.code == 0
    assert len(pl.read_csv(tmp_path / "p.csv")) == 300


def test_what_comes_through_the_pipe_may_be_of_any_kind(piped):
    for write in (pl.DataFrame.write_parquet, pl.DataFrame.write_ipc, pl.DataFrame.write_ndjson):
        file = io.BytesIO()
        write(task("label", 30), file)
        assert "standard input: 30 rows" in piped(file.getvalue(), "inspect", "-").out


def test_a_run_of_a_piped_table_cannot_be_repeated(piped_run, gradum_command):
    folder, _ = piped_run
    ended = gradum_command("rerun", folder)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "standard input" in ended.err
    assert "spec.toml" in ended.err


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (b"", ["fit", "-", "-t", "y"], "standard input is empty"),
        (b"a,b\n1,2\n3\n", ["inspect", "-"], "standard input has 2 columns, but line 3"),
        (b"a,y\n1,2\n", ["fit", "-", "-t", "y", "--test", "-"], "both the table and the test"),
    ],
)
def test_a_mistake_is_one_line(piped, content, arguments, said):
    ended = piped(content, *arguments)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert said in ended.err


@pytest.mark.slow
def test_a_real_pipe_and_a_closed_one(tables, gradum_command, monkeypatch):
    command = [sys.executable, "-c", "from gradum.app.cli import main; main()", "inspect", "-"]
    with (tables / "label.csv").open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=True)
    assert "standard input: 300 rows" in done.stdout
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it where it was closed
    ended = gradum_command("inspect", "-")
    assert ended.code == 2
    assert "standard input" in ended.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["pipe.csv", "folder/part-0.parquet", "pictures/a.png"])
@pytest.mark.parametrize("command", ["inspect", "fit", "predict"])
def test_a_named_pipe_is_refused_and_an_open_one_read_once(
    gradum_command, piped_run, tmp_path, name, command
):
    pipe = tmp_path / name
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)  # of which nobody writes the other end
    table = pipe if pipe.parent == tmp_path else pipe.parent
    more = {"fit": ["-t", "y"], "predict": ["-o", tmp_path / "p.csv"]}.get(command, [])
    asked = [piped_run[0], table] if command == "predict" else [table]
    ended = gradum_command(command, *asked, *more)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert f"{pipe} is a pipe or a socket" in ended.err


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="no open files by name here")  # noqa: PTH110
def test_an_open_pipe_is_read_once(gradum_command, piped_run, tables, tmp_path):
    with subprocess.Popen(["cat", tables / "label.csv"], stdout=subprocess.PIPE) as process:
        pipe = f"/dev/fd/{process.stdout.fileno()}"
        assert ": 300 rows" in gradum_command("inspect", pipe).out
    spec = read_spec(piped_run[0] / "spec.toml")
    pipe = tmp_path / "pipe"
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
    spec = read_spec(piped_run[0] / "spec.toml")
    assert hash_files(type(spec)(str(pipe), spec.spec)) == {}
