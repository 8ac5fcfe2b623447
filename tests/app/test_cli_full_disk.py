"""A full disk is no user's mistake: exit code 1, one line, and no half file."""

import contextlib
import errno
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from command_line import short_paths
from gradum.app.cli import main
from gradum.run.spec.spec import SplitSpec
from gradum.ship.run_spec import read_spec


@contextlib.contextmanager
def small_files(bytes_at_most):
    """The system refuses to write more to any file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_at_most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def said_in_one_line(ended, *words):
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert ended.err.startswith("error: ")
    for word in words:
        assert word in ended.err


@pytest.mark.parametrize("written_before", [0, 1, 5, 9])
def test_a_run_that_cannot_be_written_leaves_whole_files_and_can_be_resumed(
    written_before, gradum_command, linear_run, tables, tmp_path, monkeypatch
):
    synced = []

    def full(_):
        if len(synced) == written_before:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced.append(1)

    monkeypatch.setattr(os, "fsync", full)
    arguments = ["-t", "label", "--model", "linear", "--cv", 2, "-o", tmp_path / "run", "-q"]
    with short_paths(SplitSpec()):  # as `linear_run`
        ended = gradum_command("fit", tables / "label.csv", *arguments)
    said_in_one_line(ended, str(tmp_path / "run"), "No space left on device", "Free some space")
    left = list(tmp_path.rglob("*"))
    assert not any(re.match(r"\.gradum-[0-9a-f]{8}-", path.name) for path in left)
    assert bool(left) == (written_before > 0)
    monkeypatch.undo()
    if left:
        ended = gradum_command("resume", tmp_path / "run", "-q")
        assert (ended.code, ended.out, ended.err) == (0, "", "")
        specs = [read_spec(folder / "spec.toml") for folder in (tmp_path / "run", linear_run[0])]
        assert specs[0] == specs[1]


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_predictions_that_do_not_fit_leave_nothing(
    name, gradum_command, linear_run, tables, tmp_path
):
    with small_files(bytes_at_most=500):
        ended = gradum_command("predict", linear_run[0], tables / "held.csv", "-o", tmp_path / name)
    said_in_one_line(ended, name, "File too large", "Choose another disk")
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_taken_is_a_users_mistake(gradum_command, linear_run, tables, tmp_path):
    (tmp_path / "p.csv").write_text("mine")
    arguments = [linear_run[0], tables / "held.csv", "-o", tmp_path / "p.csv"]
    assert gradum_command("predict", *arguments).code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["inspect", "label.csv"]])
def test_words_that_cannot_be_printed_end_in_one_line(arguments, tables, monkeypatch, capsys):
    monkeypatch.chdir(tables)
    monkeypatch.setattr(sys, "argv", ["gradum", *arguments])
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        patched.setattr(sys, "__stdout__", full)
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: The output cannot be written: no space is left. Free some space.\n"
    )
