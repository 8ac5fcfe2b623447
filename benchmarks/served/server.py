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
    """A server that answers."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process, self.port = process, port

    @property
    def seconds(self) -> float:
        """The CPU time that it and all processes below it have taken."""
        ticks = sum(used for _, used in self._tree().values())
        return ticks / os.sysconf("SC_CLK_TCK")

    def _tree(self) -> dict[int, tuple[int, int]]:
        """Return the parent and the CPU ticks of it and of all processes below it."""
        everything = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parts = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            everything[int(folder.name)] = int(parts[1]), int(parts[11]) + int(parts[12])
        tree, before = {self._process.pid}, 0
        while len(tree) > before:
            before = len(tree)
            tree |= {process for process, (parent, _) in everything.items() if parent in tree}
        return {process: everything[process] for process in tree if process in everything}

    def end(self) -> None:
        """End it and all processes below it, some of which have sessions of their own."""
        for process in self._tree():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()

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
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    served = Served(process, port)
    try:
        served.wait()
        yield served
    finally:
        served.end()
