"""Ctrl-C: the first ends a run tidily, the second at once."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
import weakref

import pytest

import gradum
from command_line import in_step
from gradum.app.interrupt import Interrupt
from synthetic import task


@pytest.mark.slow
@pytest.mark.usefixtures("whole_reports")
def test_the_first_ctrl_c_writes_everything_marked_interrupted(tmp_path):
    task("label", 600).write_csv(tmp_path / "t.csv")
    arguments = [
        "fit",
        "t.csv",
        "-t",
        "label",
        "--model",
        "mlp",
        "--no-learning-curve",
        "-o",
        "run",
    ]
    with in_step(tmp_path, *arguments) as process:
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "epoch_done" and events[-1]["epoch"] == 2:
                process.send_signal(signal.SIGINT)
            print(file=process.stdin, flush=True)
        err = process.stderr.read()
        code = process.wait(60)
    assert code == 130
    assert "Stopping at the next chunk" in err
    assert "Traceback" not in err
    assert events[-1]["event"] == "written"
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_bytes())
    assert metrics["interrupted"] is True
    assert metrics["rungs"]["mlp"]["status"] == "interrupted"
    epochs = [event for event in events if event["event"] == "epoch_done"]
    assert 2 <= len(epochs) < 20
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"model.gradum", "report.html", "predictions.parquet"} <= names
    model = gradum.load(tmp_path / "run" / "model.gradum")
    assert model.fitted.judgement.interrupted
    model.report(tmp_path / "whole.html")
    assert "The run was interrupted" in (tmp_path / "whole.html").read_text()
    assert model.predict(task("label", 5)).shape == (5,)


def interrupt_now(*_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.001)


class Finalised:
    def __del__(self):
        interrupt_now()


class Let:
    """Something that is let go of."""


def collect():
    gc.callbacks.append(interrupt_now)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(interrupt_now)


def let_go_of_what_is_referred_to_weakly():
    weakref.finalize(Let(), interrupt_now)


def waited(interrupted):
    interrupted()
    time.sleep(2)


@pytest.mark.slow
@pytest.mark.parametrize("interrupted", [collect, Finalised, let_go_of_what_is_referred_to_weakly])
def test_it_is_not_lost_where_an_object_is_let_go_of(interrupted):
    """What is raised there, Python only prints; JAX has the collector call it back."""
    before = signal.signal(signal.SIGINT, Interrupt().handle)
    try:
        with pytest.raises(KeyboardInterrupt):
            waited(interrupted)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_second_is_not_waited_for(capsys):
    before = signal.getsignal(signal.SIGINT)
    interrupt = Interrupt()
    with interrupt.listening():
        assert not interrupt()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt()
        assert "press Ctrl-C again" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert capsys.readouterr().err == "Aborted.\n"
    assert signal.getsignal(signal.SIGINT) is before


PRESSED = """
import atexit, os, signal, sys


def press():
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGINT)


class Importing:
    def find_spec(self, name, path=None, target=None):
        if name == when:
            press()


when = sys.argv.pop(1)
if when == "exit":
    atexit.register(press)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Importing())
from gradum.app.start import main
main()
"""


def test_a_run_is_set_down_before_anything_slow_is_imported():
    begun = "import sys, gradum.app.cli.carry_out, gradum.run.machine, gradum.ship.unfinished"
    slow = "print(sorted({'jax', 'sklearn'} & sys.modules.keys()))"
    ended = subprocess.run(
        [sys.executable, "-c", f"{begun}; {slow}"], capture_output=True, text=True
    )
    assert ended.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "said"),
    [("typer", ""), ("jax._src.api", "\nStopping at the next chunk"), ("exit", "")],
)
def test_ctrl_c_thrice_at_once_before_anything_is_done_is_tidy(when, said, tables, tmp_path):
    words = ["fit", tables / "label.csv", "-t", "label", "-o", tmp_path / "made" / "run"]
    if when == "exit":
        words = ["--version"]
    ended = subprocess.run(
        [sys.executable, "-c", PRESSED, when, *words], capture_output=True, text=True
    )
    assert ended.returncode == (0 if when == "exit" else 130)
    assert "Traceback" not in ended.stderr
    assert "ignored" not in ended.stderr
    assert ended.stderr.startswith(said)
    assert list(tmp_path.iterdir()) == []


def test_little_is_imported_before_ctrl_c_is_heard():
    code = (
        "import sys; before = set(sys.modules); import gradum.app.start; "
        "print(*set(sys.modules) - before)"
    )
    new = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    ).stdout.split()
    assert "gradum.app.start" in new
    assert not {"typing", "re", "threading", "typer", "gradum.app.cli"} & set(new)


def test_what_is_pressed_while_a_run_is_taken_back_changes_nothing():
    tidied = []

    def pressed_thrice():
        with Interrupt().listening():
            os.kill(os.getpid(), signal.SIGINT)
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                tidied.append(True)

    with pytest.raises(KeyboardInterrupt):
        pressed_thrice()
    assert tidied


def test_an_abort_leaves_nothing(gradum_command, tables, tmp_path, monkeypatch):
    def aborted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradum.api.finish_run", aborted)
    folder = tmp_path / "made" / "run"
    ended = gradum_command("fit", tables / "label.csv", "-t", "label", "-o", folder)
    assert ended.code == 130
    assert list(tmp_path.iterdir()) == []
