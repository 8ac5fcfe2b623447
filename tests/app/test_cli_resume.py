"""Runs that were killed, interrupted or refused, and `gradum resume`."""

import json
import os
import shutil
import signal
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from msgspec import structs

import gradum
from command_line import in_step
from gradum.app.cli.progress import JsonLines, as_json
from gradum.errors import OutputError
from gradum.run.fingerprint import fingerprint
from gradum.run.options import options
from gradum.rungs.pack.spec import EFFORTS
from gradum.ship import unfinished
from gradum.ship.bundle import load
from gradum.ship.layout import STATE
from gradum.ship.run_spec import read_spec
from ladder import PLAIN_LADDER
from synthetic import FEW, ONCE, task

MLP = ["fit", "t.csv", "-t", "label", "--model", "mlp", "--hidden", "8", "--no-learning-curve"]
SHORTLY = ["--hidden", "8", "--max-epochs", "4", "--effort", "quick"]
LADDER = ["fit", "few.csv", "-t", "label", "--cv", "2", *SHORTLY]


@pytest.fixture(scope="module")
def place(gradum_command, tmp_path_factory):
    """A folder with tables and the undisturbed runs ``mlp`` and ``ladder``; packs are small."""
    folder, before = tmp_path_factory.mktemp("resume"), Path.cwd()
    task("label", 600).write_csv(folder / "t.csv")
    task("label", 120).write_csv(folder / "few.csv")
    os.chdir(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(EFFORTS, "quick", FEW)
        make_spec = partial(options.make_spec, split=ONCE["split"])
        patched.setattr(options, "make_spec", make_spec)
        assert gradum_command(*MLP, "-o", "mlp", "-q").code == 0
        assert gradum_command(*LADDER, "-o", "ladder", "-q").code == 0
        yield folder
    os.chdir(before)


def cut_short(place, *arguments, at):
    """Start a command with JSON lines, and kill it at the first event that fits."""
    with in_step(place, *arguments) as process:
        for line in process.stdout:
            if at(json.loads(line)):
                process.kill()
                break
            print(file=process.stdin, flush=True)
    return process.returncode


class Killed(BaseException):
    """Nothing is cleaned up after a SIGKILL."""


def killed(*_, **__):
    raise Killed


def interrupted():
    os.kill(os.getpid(), signal.SIGINT)


def struck(gradum_command, *arguments, at, by=killed):
    """Run a command in this process, and do something to it at the first event that fits."""
    struck, tell = [], JsonLines.__call__

    def told(lines, event):
        tell(lines, event)
        if not struck and at(as_json(event)):
            struck.append(event)
            by()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(JsonLines, "__call__", told)
        return gradum_command(*arguments, "--json")


def epoch(number):
    return lambda event: event["event"] == "epoch_done" and event["epoch"] >= number


def assert_as_undisturbed(run, whole):
    """The same weights, spec, predictions and figures, and no file more or less."""
    assert sorted(path.name for path in run.iterdir()) == sorted(
        path.name for path in whole.iterdir()
    )
    for name in ("spec.toml", "schema.json", "predictions.parquet"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    ours, theirs = (load(folder / "model.gradum") for folder in (run, whole))
    hashes = [fingerprint(each.rungs.values()) for each in (ours, theirs)]
    assert hashes[0] == hashes[1] == read_spec(run / "spec.toml").fingerprint
    assert ours.judgement == theirs.judgement
    histories = []
    for folder in (run, whole):
        text = (folder / "history.jsonl").read_text()
        entries = [json.loads(line) for line in text.splitlines()]
        clocks = {}  # each rung has its own
        for entry in entries:
            if "seconds" in entry:
                clocks.setdefault(entry["rung"], []).append(entry.pop("seconds"))
        assert all(seconds == sorted(seconds) for seconds in clocks.values())
        histories.append([list(entry.items()) for entry in entries])
    assert histories[0] == histories[1]


@pytest.mark.slow
def test_a_run_killed_twice_goes_on_where_it_was(place, gradum_command):
    often, at = ["--checkpoint-every", "0.001"], epoch(8)
    code = cut_short(place, *MLP, *often, "-o", "twice", at=epoch(3))
    assert code == -signal.SIGKILL
    seen = []
    with pytest.raises(Killed):
        struck(gradum_command, "resume", "twice", at=lambda event: seen.append(event) or at(event))
    (first,) = [event for event in seen if event["event"] == "resumed"]
    assert first["epoch"] >= 1
    epochs = [event["epoch"] for event in seen if event["event"] == "epoch_done"]
    assert epochs[0] == first["epoch"] + 1
    ended = gradum_command("resume", "twice")
    assert (ended.code, ended.err) == (0, "")
    assert "MLP: goes on after epoch " in ended.out
    assert "of at most 64" in ended.out
    assert "Written to twice: report.html and 8 more files." in ended.out
    assert_as_undisturbed(place / "twice", place / "mlp")


def test_a_run_killed_while_it_reports_is_not_trained_again(place, gradum_command):
    with pytest.raises(Killed):
        struck(gradum_command, *MLP, "-o", "judged", at=lambda event: event["event"] == "judged")
    (place / "judged" / ".gradum-0123abcd-model.gradum").write_text("half a file")
    ended = gradum_command("resume", "judged", "--json")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert events[-1]["event"] == "written"
    assert not any(event["event"] in ("epoch_done", "resumed") for event in events)
    assert_as_undisturbed(place / "judged", place / "mlp")


@pytest.mark.slow
def test_a_cross_validated_ladder_killed_in_a_fold(place, gradum_command):
    def in_a_fold(event):
        return event["event"] == "rung_started" and (event["rung"], event["fold"]) == ("mlp", 2)

    with pytest.raises(Killed):
        struck(gradum_command, *LADDER, "-o", "fold", at=in_a_fold)
    kept = {path.stem for path in (place / "fold" / STATE).glob("*.checkpoint")}
    done = {f"{fit}-{rung}" for fit in ("fit", "fold-1") for rung in PLAIN_LADDER[1:]}
    assert done | {"fold-2-linear"} <= kept
    assert gradum_command("resume", "fold", "-q").code == 0
    assert_as_undisturbed(place / "fold", place / "ladder")


@pytest.mark.slow
def test_a_run_killed_before_it_read_anything(place, gradum_command, monkeypatch):
    monkeypatch.setattr("gradum.api.finish_run", killed)
    with pytest.raises(Killed):
        gradum_command(*LADDER, "-o", "early")
    monkeypatch.undo()
    assert {path.name for path in (place / "early").iterdir()} == {STATE}
    assert gradum_command("resume", "early", "-q").code == 0
    assert_as_undisturbed(place / "early", place / "ladder")


@pytest.mark.slow
def test_an_interrupted_run_is_whole_and_can_be_finished(place, gradum_command):
    ended = struck(gradum_command, *MLP, "-o", "stopped", at=epoch(4), by=interrupted)
    assert ended.code == 130
    assert gradum_command("predict", "stopped", "t.csv", "-o", "p.csv", "-q").code == 0
    assert gradum_command("report", "stopped").code == 0
    epochs = len((place / "stopped" / "history.jsonl").read_text().splitlines())
    ended = gradum_command("resume", "stopped")
    assert (ended.code, ended.err) == (0, "")
    assert f"MLP: goes on after epoch {epochs} of" in ended.out
    assert_as_undisturbed(place / "stopped", place / "mlp")


def test_a_finished_run_is_left_as_it_is(place, gradum_command):
    before = {path: path.stat().st_mtime_ns for path in (place / "mlp").iterdir()}
    ended = gradum_command("resume", "mlp")
    assert (ended.code, ended.out, ended.err) == (0, "The run in mlp is finished.\n", "")
    ended = gradum_command("resume", "mlp", "--json")
    assert json.loads(ended.out) == {"event": "finished", "folder": "mlp"}
    assert {path: path.stat().st_mtime_ns for path in (place / "mlp").iterdir()} == before
    assert gradum.resume("mlp").used == "mlp"


def test_what_a_kill_left_before_the_beginning_or_after_the_end_is_removed(
    place, gradum_command, tmp_path
):
    for folder in (tmp_path / "run", place / "ladder"):
        (folder / STATE).mkdir(parents=True)
        (folder / STATE / "lock").write_text("gradum 4711\n")
    assert gradum_command("resume", "ladder", "-q").code == 0
    assert not (place / "ladder" / STATE).exists()
    assert gradum_command(*LADDER, "-o", tmp_path / "run", "-q").code == 0
    assert_as_undisturbed(tmp_path / "run", place / "ladder")


def test_no_run_at_all_is_one_line(place, gradum_command):
    (place / "empty").mkdir()
    for folder, cause in (
        ("empty", "empty holds no spec.toml"),
        ("nowhere", "There is no folder nowhere"),
    ):
        ended = gradum_command("resume", folder)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert cause in ended.err


@pytest.fixture(scope="module")
def killed_once(place, gradum_command, tmp_path_factory):
    """A folder with a table and a run of it, of which the kept fit's linear rung is done."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "few.csv").write_bytes((place / "few.csv").read_bytes())
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr("gradum.rungs.mlp.kind.fit_mlp", killed)
        with pytest.raises(Killed):
            gradum_command(*LADDER, "-o", "run")
    return folder


@pytest.fixture
def begun(killed_once, tmp_path, monkeypatch):
    """The same run in a folder of its own, on the same table."""
    shutil.copytree(killed_once, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def refused(ended, *words):
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    for word in words:
        assert word in ended.err


def test_other_commands_say_what_finishes_it(begun, place, gradum_command):
    for command in (
        ["predict", begun, "few.csv", "-o", "p.csv"],
        ["evaluate", begun, "few.csv"],
        ["report", begun],
        ["compare", begun, place / "ladder"],
        ["compare", place / "ladder", begun],
    ):
        refused(gradum_command(*command), "is not finished", f"gradum resume {begun}")
    refused(gradum_command(*LADDER, "-o", begun), "not finished", "gradum resume", "--force")
    with pytest.raises(gradum.GradumError, match="not finished"):
        gradum.api.load_run(begun)


@pytest.mark.slow
def test_files_of_an_older_run_are_not_taken_for_those_of_the_new_one(
    place, gradum_command, tmp_path, monkeypatch
):
    (tmp_path / "run").mkdir()
    for path in (place / "ladder").iterdir():
        (tmp_path / "run" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("gradum.rungs.mlp.kind.fit_mlp", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gradum_command(*LADDER, "-o", tmp_path / "run", "--force", "--seed", 5)
    refused(gradum_command("evaluate", tmp_path / "run", "few.csv"), "is not finished")
    monkeypatch.undo()
    os.chdir(place)
    assert gradum_command("resume", tmp_path / "run", "-q").code == 0
    assert read_spec(tmp_path / "run" / "spec.toml").spec.seed == 5


@pytest.mark.slow
def test_a_rerun_of_it_is_another_run(begun, place, gradum_command, tmp_path):
    ended = gradum_command("rerun", begun, "-o", tmp_path / "again", "--no-learning-curve")
    assert ended.code == 2  # a rerun takes no such option
    ended = gradum_command("rerun", begun, "-o", tmp_path / "again")
    assert ended.code == 0
    assert f"{begun} is not finished: there are no weights to compare with." in " ".join(
        ended.out.split()
    )
    assert unfinished.is_unfinished(begun)
    specs = [read_spec(folder / "spec.toml") for folder in (tmp_path / "again", place / "ladder")]
    assert specs[0].fingerprint == specs[1].fingerprint


def test_a_changed_table_is_named(begun, killed_once, gradum_command):
    table = killed_once / "few.csv"
    kept = table.read_bytes()
    pl.read_csv(table).with_columns(pl.col("size") * 2).write_csv(table)
    try:
        ended = gradum_command("resume", begun)
    finally:
        table.write_bytes(kept)
    refused(ended, "few.csv has changed", f"gradum rerun {begun}")
    assert unfinished.is_unfinished(begun)


def test_other_software_is_named(begun, gradum_command):
    said = unfinished.read(begun)
    older = structs.replace(said.machine, versions={**said.machine.versions, "jax": "0.1.2"})
    unfinished.write(begun, structs.replace(said, machine=older))
    refused(gradum_command("resume", begun), "jax 0.1.2, not", f"gradum rerun {begun}")
    more = structs.replace(said.machine, threads=said.machine.threads + 1)
    unfinished.write(begun, structs.replace(said, machine=more))
    refused(gradum_command("resume", begun), f"{more.threads} threads, not")


@pytest.mark.slow
def test_a_damaged_checkpoint_is_named_and_can_be_deleted(begun, place, gradum_command):
    path = begun / STATE / "fit-linear.checkpoint"
    path.write_bytes(path.read_bytes()[:-40])
    refused(gradum_command("resume", begun), "fit-linear.checkpoint", "Delete it and resume")
    path.unlink()
    assert gradum_command("resume", begun, "-q").code == 0
    hashes = [read_spec(each / "spec.toml").fingerprint for each in (begun, place / "ladder")]
    assert hashes[0] == hashes[1]


def test_a_checkpoint_of_another_spec_is_not_believed(begun, gradum_command):
    text = (begun / STATE / "run.toml").read_text()
    (begun / STATE / "run.toml").write_text(text.replace("seed = 0", "seed = 1"))
    refused(gradum_command("resume", begun), "fit-linear.checkpoint", "of another run")


@pytest.mark.parametrize(
    ("old", "new"), [("seed = 0", "seed = -1"), ("seed", "sead"), ("[machine]", "[machine")]
)
def test_a_damaged_run_toml_is_one_line(old, new, begun, gradum_command):
    text = (begun / STATE / "run.toml").read_text()
    (begun / STATE / "run.toml").write_text(text.replace(old, new))
    for command in (["resume", begun], ["evaluate", begun, "few.csv"], ["rerun", begun]):
        refused(gradum_command(*command), "run.toml cannot be read", "Fit again")


def test_a_piped_table_cannot_be_resumed(begun, gradum_command):
    said = unfinished.read(begun)
    piped = structs.replace(said.run, data="-", sha256={})
    unfinished.write(begun, structs.replace(said, run=piped))
    refused(gradum_command("resume", begun), "standard input", "Save the table to a file")


@pytest.mark.slow
def test_two_processes_do_not_work_on_one_run(begun, place, gradum_command):
    pytest.importorskip("fcntl")
    with unfinished.taken_up(begun):
        refused(gradum_command("resume", begun), f"Another process, {os.getpid()}, is at work")
        refused(gradum_command(*LADDER, "-o", begun, "--force"), "is at work")
        with pytest.raises(OutputError):
            gradum.resume(begun)
    assert unfinished.has_checkpoints(begun)
    model = gradum.resume(begun)
    assert not unfinished.is_unfinished(begun)
    assert fingerprint(model.fitted.rungs.values()) == fingerprint(
        load(place / "ladder" / "model.gradum").rungs.values()
    )


@pytest.mark.parametrize(
    "wrong", [["nowhere.csv", "-t", "label"], ["few.csv", "-t", "lable"], ["few.csv", "-t", "age"]]
)
def test_a_mistake_leaves_nothing_and_takes_nothing(wrong, place, gradum_command, tmp_path):
    broken = [*wrong, "--metric", "auc"]
    refused(gradum_command("fit", *broken, "-o", tmp_path / "made" / "run"))
    assert list(tmp_path.iterdir()) == []
    before = {path: path.read_bytes() for path in (place / "ladder").iterdir()}
    refused(gradum_command("fit", *broken, "-o", place / "ladder", "--force"))
    assert {path: path.read_bytes() for path in (place / "ladder").iterdir()} == before


@pytest.mark.slow
def test_an_abort_after_something_was_kept_can_be_resumed(
    place, gradum_command, tmp_path, monkeypatch
):
    def aborted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("gradum.rungs.mlp.kind.fit_mlp", aborted)
        ended = gradum_command(*LADDER, "-o", tmp_path / "run")
    assert ended.code == 130
    assert f"To go on: gradum resume {tmp_path / 'run'}" in ended.err
    assert gradum_command("resume", tmp_path / "run", "-q").code == 0


def test_seconds_that_make_no_sense_are_refused(gradum_command, place, tmp_path):
    for seconds in ("-1", "nan", "inf"):
        ended = gradum_command(*LADDER, "-o", tmp_path / "run", "--checkpoint-every", seconds)
        refused(ended, "Checkpoints every", "or 0 for none")
    assert list(tmp_path.iterdir()) == []
