"""gradum on engines beside XGBoost on Dask, dask-ml's and Spark's logistic regression.

``python -m benchmarks engines peers [ROWS] [SIDES]``. All sides read the same files and have two
workers of one thread each. Each works in a network of its own, whose loopback counts the bytes
that its processes send to each other, whatever the protocol; so the command needs root on Linux.
After a first fit that warms up, a second is measured, and a third loses a worker half-way.
"""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.engines.side import COLUMNS, FILES, HELD, NAMES, log_loss, logistic
from benchmarks.environments import REPOSITORY, python_with
from benchmarks.page import table
from benchmarks.sides import Absent

PARTITIONS, HELD_ROWS = 16, 200_000
STARTING_SECONDS = 120
MOST_SECONDS = 150  # of a fit, after which it counts as one that hangs
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Peer:
    """A side: what it needs, its program, and what the command lines of its workers contain."""

    packages: tuple[str, ...]
    program: tuple[str, ...]
    worker: str


ON_DASK, OURS = "multiprocessing.spawn", str(REPOSITORY)
PEERS = {
    "gradum passes on Dask": Peer(("distributed", OURS), ("of_gradum", "dask", "passes"), ON_DASK),
    "gradum passes on Ray": Peer(("ray", OURS), ("of_gradum", "ray", "passes"), "ray::"),
    "gradum passes on local:2": Peer(
        ("distributed", OURS), ("of_gradum", "local:2", "passes"), "gradum.engines.worker"
    ),
    "gradum.fit on Dask": Peer(("distributed", OURS), ("of_gradum", "dask", "whole"), ON_DASK),
    "XGBoost on Dask": Peer(
        ("xgboost-cpu", "dask[dataframe]", "distributed", "polars"), ("of_xgboost",), ON_DASK
    ),
    "dask-ml by admm": Peer(
        ("dask-ml", "dask[dataframe]", "distributed", "polars"), ("of_dask_ml", "admm"), ON_DASK
    ),
    "dask-ml by lbfgs": Peer(
        ("dask-ml", "dask[dataframe]", "distributed", "polars"), ("of_dask_ml", "lbfgs"), ON_DASK
    ),
    "Spark": Peer(("pyspark", "polars"), ("of_spark",), "CoarseGrainedExecutorBackend"),
}


def main(rows: str = "2000000", sides: str = "") -> None:
    """Print the table of all sides, or of those whose names contain one of some words."""
    words = sides.split(",")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), int(rows))
        for name, peer in PEERS.items():
            if any(word in name for word in words):
                lines.append([name, *_measured(name, peer, folder)])
    print(table(["side", "s (first)", "CPU s", "MB sent", "log loss", "a worker killed"], lines))


def _write(folder: Path, rows: int) -> None:
    """Write the rows to learn from, and those held out; print what the law itself scores."""
    sizes = [rows // PARTITIONS] * PARTITIONS + [HELD_ROWS]
    for part, size in enumerate(sizes):
        rng = np.random.default_rng(part)
        x = rng.normal(size=(size, COLUMNS)).astype(np.float32)
        score = x[:, :5] @ [0.8, -1.0, 0.4, 0.2, 0.1]
        y = (score + rng.logistic(size=size) > 0).astype(np.int64)
        name = HELD if part == PARTITIONS else FILES.replace("*", f"{part:02}")
        pl.DataFrame(dict(zip(NAMES, x.T, strict=True)) | {"y": y}).write_parquet(folder / name)
    print(f"the law that the rows are drawn by: log loss {log_loss(y, logistic(score)):.5f}")


def _measured(name: str, peer: Peer, folder: str) -> list[str]:
    """Return the cells of a side, and print each fit at once."""
    try:
        python = python_with(*peer.packages)
    except Absent as reason:
        return [str(reason), *[""] * 4]
    program, *arguments = peer.program
    with _running([python, "-m", f"benchmarks.engines.{program}", *arguments, folder]) as side:
        first, calm = (_shown(name, side.fit()) for _ in range(2))
        cells = [
            f"{calm['seconds']:.1f} ({first['seconds']:.1f})",
            f"{calm['processor']:.1f}",
            f"{calm['bytes'] / 1e6:.1f}",
            f"{calm['log_loss']:.5f}" if "log_loss" in calm else calm["error"],
        ]
        if "error" in calm:
            return [*cells, ""]
        hit = _shown(name, side.fit(kill=(peer.worker, calm["seconds"] / 2)))
        return [*cells, _told(calm, hit)]


def _shown(name: str, fit: dict[str, Any]) -> dict[str, Any]:
    print(f"{name}: {fit}", flush=True)
    return fit


def _told(calm: dict[str, Any], hit: dict[str, Any]) -> str:
    """Say what a killed worker did to a fit."""
    if not hit["killed"]:
        return "no worker was found to kill"
    if "error" in hit:
        return f"ends after {hit['seconds']:.1f} s: {hit['error']}"
    alike = (
        "the same bits"
        if hit["model"] == calm["model"]
        else (f"another model, log loss {hit['log_loss'] - calm['log_loss']:+.1e}")
    )
    return f"goes on: {hit['seconds']:.1f} s, {alike}"


@contextmanager
def _running(command: Sequence[str]) -> Iterator[_Side]:
    """Start a side in a network of its own, and end all of it when the block ends."""
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    process = subprocess.Popen(
        alone,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | dict.fromkeys(ONE_THREAD, "1") | {"SPARK_LOCAL_IP": "127.0.0.1"},
    )
    side = _Side(process)
    try:
        yield side
    finally:
        side.end()


class _Side:
    """A running side, and all processes of its network."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._answer(STARTING_SECONDS)
        self._network = Path(f"/proc/{process.pid}/ns/net").readlink()

    def fit(self, kill: tuple[str, float] | None = None) -> dict[str, Any]:
        """Let it fit; kill a worker after so many seconds, if one is to be killed."""
        sent, processor, killed = self._sent(), self._processor(), []
        worker, moment = kill or ("", MOST_SECONDS)
        timer = threading.Timer(moment, lambda: killed.append(self._kill(worker)))
        assert self._process.stdin is not None
        self._process.stdin.write("fit\n")
        self._process.stdin.flush()
        if kill:
            timer.start()
        try:
            found = self._answer(MOST_SECONDS)
            found |= {
                "processor": self._processor() - processor,
                "bytes": self._sent() - sent,
                "killed": any(killed),
            }
            return found | self._answer(MOST_SECONDS)
        except queue.Empty:
            hangs = {"seconds": MOST_SECONDS, "error": "it hangs"}
            return hangs | {"processor": np.nan, "bytes": np.nan, "killed": any(killed)}
        finally:
            timer.cancel()

    def end(self) -> None:
        """Let it end its cluster; end what is left."""
        with suppress(subprocess.TimeoutExpired, OSError):
            self._process.communicate(timeout=20)
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(json.dumps({"seconds": np.nan, "error": "its driver ended"}))

    def _answer(self, seconds: float) -> Any:
        """Return the next line of JSON; other lines are a library's."""
        end = time.monotonic() + seconds
        while True:
            line = self._lines.get(timeout=max(0, end - time.monotonic()))
            with suppress(json.JSONDecodeError):
                return json.loads(line)

    def _sent(self) -> int:
        """Return the bytes that crossed the loopback of the side's network."""
        lines = Path(f"/proc/{self._process.pid}/net/dev").read_text().splitlines()
        return sum(int(line.split()[9]) for line in lines if line.strip().startswith("lo:"))

    def _processor(self) -> float:
        """Return the processor seconds of all processes, and of those that they waited for."""
        ticks = 0
        for pid in self._pids():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
        return ticks / TICKS

    def _kill(self, worker: str) -> bool:
        """Kill one of the processes whose command line contains a text."""
        found = [pid for pid in self._pids() if worker in Path(f"/proc/{pid}/cmdline").read_text()]
        if found:
            os.kill(random.choice(found), signal.SIGKILL)
        return bool(found)

    def _pids(self) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdecimal() and (folder / "ns/net").readlink() == self._network:
                    found.append(int(folder.name))
        return found
