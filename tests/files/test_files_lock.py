"""A file that one process holds, until its death."""

import os
import signal
import subprocess
import sys

import pytest

from gradum.errors import OutputError
from gradum.files import lock

pytest.importorskip("fcntl")
HOLD = """
import sys, time
from pathlib import Path
from gradum.files import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_holds_a_file_and_its_death_lets_go(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        said = f"process, {process.pid}, is at work on {tmp_path}"
        with pytest.raises(OutputError, match=said), lock.held(path):
            raise AssertionError
        process.send_signal(signal.SIGKILL)
    with lock.held(path):
        assert path.read_text().split() == ["gradum", str(os.getpid())]


def test_a_file_can_be_held_again(tmp_path):
    for _ in range(2):
        with lock.held(tmp_path / "lock"):
            pass
    with pytest.raises(ZeroDivisionError), lock.held(tmp_path / "lock"):
        _ = 1 / 0
    with lock.held(tmp_path / "lock"):
        pass


def test_where_nothing_can_be_held_nothing_is(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "fcntl", None)
    with lock.held(tmp_path / "lock"), lock.held(tmp_path / "lock"):
        assert lock.is_lock(tmp_path / "lock")
