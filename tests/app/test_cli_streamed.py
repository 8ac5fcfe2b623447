"""Tables beyond --max-memory from the command line: fitted, interrupted, resumed, repeated."""

import gzip

import polars as pl
import pytest

from gradum.app.interrupt import Interrupt
from gradum.run.fingerprint import fingerprint
from gradum.rungs import spool
from gradum.ship.bundle import load
from gradum.ship.checkpoint_folder import TRAINING
from gradum.ship.layout import STATE
from gradum.ship.run_spec import read_spec
from gradum.solvers import pool
from gradum.tables.sources import stream
from synthetic import task

ROWS = 1_500
BOUND = ["--max-memory", "500MB", "--blocks", "--max-epochs", 3, "--no-learning-curve"]


@pytest.fixture(autouse=True, scope="module")
def small():
    """Several blocks, segments and chunks."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stream, "BLOCK_ROWS", 400)
        patched.setattr(spool, "SEGMENT_ROWS", 128)
        patched.setattr(pool, "MOST_STEPS", 4)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The same rows as CSV, packed CSV and Parquet in two files."""
    folder = tmp_path_factory.mktemp("streamed")
    frame = task("label", ROWS).with_columns(pl.col("size", "age").round(2))
    frame.write_csv(folder / "t.csv")
    (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "t.csv").read_bytes()))
    frame[:700].write_parquet(folder / "part-1.parquet")
    frame[700:].write_parquet(folder / "part-2.parquet")
    return folder


@pytest.fixture(scope="module")
def whole(place, gradum_command, tmp_path_factory):
    """A run of the CSV file, and what the command said."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, gradum_command("fit", place / "t.csv", "-t", "label", *BOUND, "-o", folder)


def print_of(folder):
    return fingerprint(load(folder / "model.gradum").rungs.values())


@pytest.mark.slow
def test_files_of_any_kind_give_one_model_that_can_be_used_and_repeated(
    whole, place, gradum_command, tmp_path
):
    prints, runs = set(), [whole]
    for name in ("t.csv.gz", "part-*.parquet"):
        out = tmp_path / name.strip("*")
        ended = gradum_command("fit", place / name, "-t", "label", *BOUND, "-o", out)
        runs.append((out, ended))
    for out, ended in runs:
        assert (ended.code, ended.err) == (0, "")
        assert "1,500 rows, read in blocks within 500 MB of memory" in " ".join(ended.out.split())
        prints.add(print_of(out))
        files = {path.name for path in out.iterdir()}
        assert {"report.html", "model.gradum", "predictions.parquet", "spec.toml"} <= files
        assert not any(each.startswith(".") for each in files)
    assert len(prints) == 1
    run = whole[0]
    assert read_spec(run / "spec.toml").spec.max_memory == 500_000_000
    again = gradum_command("rerun", run, "-o", tmp_path / "again")
    assert "bit-identical" in again.out
    predicted = gradum_command(
        "predict", run, place / "t.csv", "-o", tmp_path / "p.csv", "-q", "--max-memory", "0.01MB"
    )
    assert predicted.code == 0
    assert pl.read_csv(tmp_path / "p.csv").height == ROWS
    assert gradum_command("report", run).code == 0


@pytest.mark.slow
def test_a_run_that_is_interrupted_is_finished_by_resume(
    whole, place, gradum_command, tmp_path, monkeypatch
):
    arguments = ["fit", place / "t.csv", "-t", "label", *BOUND, "--checkpoint-every", "0.001"]
    stopped = tmp_path / "stopped"

    def in_training(_):
        return (stopped / STATE / f"{TRAINING}.checkpoint").exists()

    with monkeypatch.context() as patched:
        patched.setattr(Interrupt, "__call__", in_training)
        assert gradum_command(*arguments, "-o", stopped, "-q").code == 130
    assert load(stopped / "model.gradum").rungs["mlp"].status.value == "interrupted"
    left = stopped / STATE / ".gradum-0_killed"
    left.mkdir()
    (left / "0.parquet").write_bytes(b"PAR1")
    ended = gradum_command("resume", stopped)
    assert (ended.code, ended.err) == (0, "")
    assert "MLP: goes on after epoch" in ended.out
    assert print_of(stopped) == print_of(whole[0])
    names = {path.name for path in stopped.iterdir()}
    assert names == {path.name for path in whole[0].iterdir()}


def test_an_interrupt_while_rows_are_read_leaves_nothing(
    place, gradum_command, tmp_path, monkeypatch
):
    monkeypatch.setattr(Interrupt, "__call__", lambda self: True)
    ended = gradum_command("fit", place / "t.csv", "-t", "label", *BOUND, "-o", tmp_path / "run")
    assert ended.code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-memory", "5MB"], "5.0 MB of memory is too little"),
        (["--max-memory", "lots"], "The memory 'lots' cannot be read"),
        ([*BOUND, "--cv", 3], "--cv needs all rows at once"),
        ([*BOUND, "--refit"], "--refit needs all rows at once"),
    ],
)
def test_mistakes_end_in_one_line_and_leave_nothing(
    arguments, words, place, gradum_command, tmp_path
):
    ended = gradum_command(
        "fit", place / "t.csv", "-t", "label", *arguments, "-o", tmp_path / "run"
    )
    assert ended.code == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
