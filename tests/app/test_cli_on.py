"""``--on``: partitions are predicted, written once, judged, watched and explained by tasks."""

import json
import os
import signal

import polars as pl
import pytest
from msgspec import structs
from polars.testing import assert_frame_equal

import gradum
from gradum.engines import ENGINES
from gradum.engines.local import Local
from gradum.errors import EngineError
from gradum.ship import predicted_parts
from gradum.study.evaluation import evaluate
from gradum.study.evaluation.in_partitions import evaluate_in_partitions
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import opened
from synthetic import task


@pytest.fixture(scope="module")
def two():
    """Two processes that start once for all tests."""
    engine = Local(2)
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _small(monkeypatch, two):
    monkeypatch.setattr(stream, "BLOCK_ROWS", 100)
    monkeypatch.setitem(ENGINES, "local", lambda _: two)
    monkeypatch.setattr(two, "close", lambda: None)


@pytest.fixture
def rows(tmp_path):
    """Two files of 530 rows in all: six partitions."""
    folder = tmp_path / "rows"
    folder.mkdir()
    frame = task("label", 530, 1)
    frame[:250].write_parquet(folder / "a.parquet")
    frame[250:].write_parquet(folder / "b.parquet")
    return folder / "*.parquet"


@pytest.mark.slow
def test_a_folder_of_partitions_has_the_predictions_of_one_process(
    gradum_command, linear_run, rows, tmp_path
):
    asked = ["predict", linear_run[0], rows, "--keep", "city", "--interval", 0.9]
    assert gradum_command(*asked, "-o", tmp_path / "one.parquet", "-q").code == 0
    one = pl.read_parquet(tmp_path / "one.parquet")
    ended = gradum_command(*asked, "--into", f"{tmp_path / 'out'}/", "--on", "local:2", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["rows"] == 530
    files = sorted((tmp_path / "out").iterdir())
    assert [len(pl.read_parquet(file)) for file in files] == [100] * 5 + [30]
    assert_frame_equal(pl.read_parquet(files), one, rel_tol=1e-12)
    assert {path.name for path in tmp_path.iterdir()} == {"one.parquet", "out", "rows"}


def test_what_was_done_is_found_again(gradum_command, linear_run, rows, tmp_path, monkeypatch):
    asked = ["predict", linear_run[0], rows, "--into", f"{tmp_path / 'out'}/", "--on", "local:1"]
    done = []

    def fails_in_the_midst(engine, work, items):
        for number in range(3):
            done.append(work(number))
        raise EngineError("The task of partition 4 failed 3 times.")

    with monkeypatch.context() as patched:
        patched.setattr(predicted_parts, "in_order", fails_in_the_midst)
        ended = gradum_command(*asked)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert not (tmp_path / "out").exists()
    (kept,) = tmp_path.glob(".gradum-*-parts")
    before = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert sorted(before) == ["0.parquet", "1.parquet", "2.parquet"]
    written = []
    in_order = predicted_parts.in_order

    def noting(engine, work, items):
        yield from in_order(engine, work, items)
        written.extend((path.name, path.stat().st_mtime_ns) for path in kept.iterdir())

    with monkeypatch.context() as patched:
        patched.setattr(predicted_parts, "in_order", noting)
        assert gradum_command(*asked, "-q").code == 0
    assert before.items() <= dict(written).items()
    assert len(pl.read_parquet(tmp_path / "out")) == 530
    assert not kept.exists()


@pytest.mark.slow
def test_a_killed_worker_costs_nothing(
    gradum_command, linear_run, rows, tmp_path, two, monkeypatch
):
    submit, killed = two.submit, []

    def kill_first(work, items):
        task = submit(work, items)
        if 3 in items and not killed:
            two.result(task, 60)
            killed.append(two.processes[0])
            os.kill(killed[0], signal.SIGKILL)
        return task

    monkeypatch.setattr(two, "submit", kill_first)
    asked = [
        "predict",
        linear_run[0],
        rows,
        "--into",
        f"{tmp_path / 'out'}/",
        "--on",
        "local:1",
        "-q",
    ]
    assert gradum_command(*asked).code == 0
    assert killed
    assert len(pl.read_parquet(tmp_path / "out")) == 530


def test_what_cannot_be_done_is_said(gradum_command, linear_run, rows, tmp_path):
    asked = ["predict", linear_run[0], rows, "--on", "local:1"]
    ended = gradum_command(*asked, "-o", tmp_path / "p.parquet")
    assert ended.code == 2
    assert "Give --into FOLDER/" in ended.err
    (rows.parent / "c.parquet").write_bytes(b"PAR1")
    ended = gradum_command(*asked, "--into", f"{tmp_path / 'out'}/")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    (rows.parent / "c.parquet").unlink()
    pl.DataFrame({"size": [1.0]}).write_parquet(rows.parent / "a.parquet")
    (rows.parent / "b.parquet").unlink()
    ended = gradum_command(*asked, "--into", f"{tmp_path / 'out'}/")
    assert ended.code == 2
    assert "lacks the" in ended.err
    assert not list(tmp_path.glob(".gradum-*"))


def without_and_with(gradum_command, *words):
    """What a command prints as JSON without an engine, and on two processes."""
    said = []
    for on in ([], ["--on", "local:2"]):
        ended = gradum_command(*words, *on, "--json")
        assert ended.err == ""
        said.append([json.loads(line) for line in ended.out.splitlines()])
    return said


@pytest.mark.slow
def test_an_evaluation_of_partitions_is_that_of_the_whole_table(gradum_command, linear_run, rows):
    (one,), (two,) = without_and_with(gradum_command, "evaluate", linear_run[0], rows, "--by=city")
    assert (one["trained_on"], one["coverage"]["rows"]) == (0, 530)
    assert [len(each.pop("differences")) for each in (one, two)] == [2, 2]  # in other words
    assert one == two


def test_as_many_rows_are_drawn_as_there_is_room_for(linear_run, rows, two, monkeypatch):
    monkeypatch.setattr(evaluate, "FEWEST_HELD", 100)
    fitted = gradum.load(linear_run[0]).fitted
    with opened(str(rows)) as table:
        one = evaluate.evaluate_in_blocks(fitted, table, 0)
        some = evaluate_in_partitions(fitted, table, two, 0)
    assert some.judgement.rows == {"test": 100}
    assert structs.replace(some, differences=()) == structs.replace(one, differences=())


@pytest.mark.slow
def test_a_watch_of_partitions_finds_what_one_of_blocks_finds(
    gradum_command, linear_run, rows, tmp_path
):
    for path in rows.parent.iterdir():
        pl.read_parquet(path).rename({"label": "truth"}).write_parquet(path)
    asked = ["watch", linear_run[0], rows, "--stream", "--by=city", "--labels=truth"]
    (one,), (two,) = without_and_with(gradum_command, *asked)
    assert (one["rows"], one["stream"]["count"]["rows"]) == (530, 530)
    assert one == two
    ended = gradum_command(*asked, "--state", tmp_path / "count.json", "--on", "local:2", "-q")
    assert ended.err == ""
    ended = gradum_command(*asked, "--state", tmp_path / "count.json", "--on", "local:2", "-q")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "counted before" in ended.err


def test_explanations_are_the_same(gradum_command, linear_run, tables):
    one, two = without_and_with(gradum_command, "explain", linear_run[0], tables / "held.csv")
    assert len(one) >= 80
    assert one == two


@pytest.mark.parametrize("command", ["evaluate", "watch"])
def test_what_cannot_be_read_by_partitions_is_said(
    gradum_command, linear_run, rows, command, tmp_path
):
    def refused(*words):
        ended = gradum_command(command, linear_run[0], *words)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        return ended.err

    assert "There is no engine 'spark'" in refused(rows, "--on", "spark")
    pl.read_parquet(rows).clear().write_parquet(tmp_path / "none.parquet")
    assert "none.parquet has no rows" in refused(tmp_path / "none.parquet", "--on", "local:2")
    other = pl.read_parquet(rows).drop("size")
    other.write_parquet(rows.parent / "c.parquet")
    assert "'size'" in refused(rows, "--on", "local:2")
    other.write_parquet(tmp_path / "less.parquet")
    assert "lacks the column 'size'" in refused(tmp_path / "less.parquet", "--on", "local:2")


def test_an_engine_without_a_table_is_refused(gradum_command, linear_run):
    ended = gradum_command("evaluate", linear_run[0], "--by", "city", "--on", "local:2")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "An engine reads a table" in ended.err
