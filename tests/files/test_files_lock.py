"""A file that one process holds, until its death."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gradum.errors import OutputError
from gradum.files import lock
from gradum.ship import unfinished
from gradum.ship.layout import STATE

fcntl = pytest.importorskip("fcntl")
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


@pytest.fixture
def windows(monkeypatch):
    """Locks of single bytes, and no removal of a file that is open; the bytes that were locked."""
    locked = []

    def locking(descriptor, mode, count):
        assert (mode, count) == ("at once", 1)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None
        locked.append((os.fstat(descriptor), os.lseek(descriptor, 0, os.SEEK_CUR), descriptor))

    def is_open(path):
        try:
            return any(os.path.samestat(os.fstat(at), path.stat()) for *_, at in locked)
        except OSError:
            return False

    def unlink(path, missing_ok=False, really=Path.unlink):
        if is_open(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        really(path, missing_ok)

    monkeypatch.setattr(lock, "fcntl", None)
    monkeypatch.setattr(lock, "REMOVABLE", False)
    monkeypatch.setattr(Path, "unlink", unlink)
    msvcrt = SimpleNamespace(LK_NBLCK="at once", locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    return locked


def test_windows_locks_a_byte_that_nobody_reads(windows, tmp_path):
    path = tmp_path / "lock"
    with lock.held(path):
        assert lock.is_lock(path)
        said = f"process, {os.getpid()}, is at work on"
        with pytest.raises(OutputError, match=said), lock.held(path):
            raise AssertionError
        assert path.stat().st_size < 40 < windows[0][1]
    with lock.held(path):
        pass


def test_windows_removes_the_state_of_a_finished_run_once_it_is_closed(windows, tmp_path):
    state = tmp_path / STATE
    for kept in (True, False):
        with unfinished._held(tmp_path):
            (state / unfinished.RUN).touch()
            with pytest.raises(OutputError, match="is at work"), unfinished._held(tmp_path):
                raise AssertionError
            if not kept:
                unfinished.end(tmp_path)
        assert state.exists() == kept
    assert len(windows) == 2


def test_where_nothing_can_be_held_nothing_is(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "fcntl", None)
    with lock.held(tmp_path / "lock"), lock.held(tmp_path / "lock"):
        assert lock.is_lock(tmp_path / "lock")
