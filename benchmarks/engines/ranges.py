"""A table in a store of objects on this machine: gradum's run beside polars' scan of it.

``python -m benchmarks engines store [ROWS] [FOLDER]`` prints the seconds in which polars reads
every column of the store and drops it, those of a linear model in blocks on two processes from disk
and from the store, and the peak memory of each process. The bar is 1.3 times polars' scan and the
run from disk together. A table that lies in FOLDER already is not written again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.engines.table import MEMORY, PATTERN, Learned, learned, write_table
from gradum.engines import engine_of
from gradum.tables.sources.store_access import options

BAR = 1.3
FEW = 200_000


def main(rows: str = "20000000", folder: str = "") -> None:
    """Print seconds, the ratio and the bar, and the memory that processes took."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(folder or scratch)
        if not list(place.glob(PATTERN)):
            write_table(place, int(rows))
        size = sum(file.stat().st_size for file in place.glob(PATTERN))
        print(f"{int(rows):,} rows, {size / 2**20:,.0f} MiB")
        few = write_table(Path(scratch, "few"), FEW)
        with _serving(place), engine_of("local:2") as engine:
            learned(few, engine)  # processes import what they need
            _compare(place, f"s3://bucket/{PATTERN}", engine)


def _compare(folder: Path, address: str, engine: Any) -> None:
    scan = min(_scanned(address) for _ in range(2))
    print(f"polars reads all columns from the store: {scan:.1f} s", flush=True)
    from_disk, whole = _timed(folder, engine)
    from_store, other = _timed(address, engine)
    assert from_store.weights == from_disk.weights
    ratio = other / (scan + whole)
    print(f"from disk {whole:.1f} s, from the store {other:.1f} s: {ratio:.2f} times (bar {BAR})")


def _timed(data: Path | str, engine: Any) -> tuple[Learned, float]:
    """Learn from a table; print its parts, and the peak memory of each process."""
    for process in ("self", *engine.processes):
        Path(f"/proc/{process}/clear_refs").write_text("5")  # the peak begins anew
    began, processor = time.perf_counter(), time.process_time()
    found = learned(data, engine)
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    peaks = ", ".join(f"{_peak(process):,.0f}" for process in engine.processes)
    print(
        f"  opened in {seconds - found.seconds:.1f} s, survey {found.survey:.1f}, encoding "
        f"{found.encoding:.1f}, path and passes {found.passes:.1f}; {processor:.1f} processor "
        f"seconds of the driver; peaks: driver {_peak('self'):,.0f} MiB, workers {peaks} MiB "
        f"(bound {MEMORY / 2**20:,.0f})",
        flush=True,
    )
    return found, seconds


def _peak(process: int | str) -> float:
    """Return the most memory that a process had, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 2**10


def _scanned(address: str) -> float:
    began = time.perf_counter()
    scan = pl.scan_parquet(address, storage_options=options(address))
    for _ in scan.collect_batches(maintain_order=False):
        pass
    return time.perf_counter() - began


@contextmanager
def _serving(folder: Path) -> Iterator[None]:
    """Serve a folder as a store that polars and gradum find by the environment."""
    command = [sys.executable, "-m", "benchmarks.engines.store", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        yield
        assert server.stdin is not None
        server.stdin.close()
