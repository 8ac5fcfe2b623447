"""A server in a process of its own: when it answers, and what it takes. For Linux."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.sides import Absent

PATIENCE = 240.0
GRADUM = (sys.executable, "-c", "from gradum.app.start import main; main()")


class Served:
    """A server that answers, in a session of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process, self.port = process, port

    @property
    def seconds(self) -> float:
        """The CPU time that all processes of its session have taken."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parts = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(parts[3]) == self._process.pid:  # the session
                ticks += int(parts[11]) + int(parts[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> int:
        """The bytes of its first process that are in memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    def wait(self) -> None:
        """Wait until it answers.

        Raises
        ------
        Absent
            It ended, or took too long.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise Absent(f"it ended with {self._process.returncode}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/predict", timeout=5)
            except urllib.error.HTTPError:  # it answers, if only that this is no way to ask
                return
            except OSError:
                time.sleep(0.5)
        raise Absent(f"no answer in {PATIENCE:.0f} s")


@contextmanager
def server(command: list[str]) -> Iterator[Served]:
    """Start a server, whose command ends with the port; it is gone when the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        served = Served(process, port)
        served.wait()
        yield served
    finally:
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
