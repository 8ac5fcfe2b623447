"""What Ray adds to a pass of Newton's method over 64 blocks.

``python -m benchmarks engines overhead [ROUNDS] [ROWS]``, where Ray is installed. A cluster of two
workers of this machine and the engine ``local:2`` learn the same linear model, from blocks of ROWS
rows. Compared are seconds of a pass, and processor seconds of all processes, Ray's own
included; a pass of empty tasks tells what Ray takes where nothing is computed.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engines.table import PATTERN, spec_of, write_table
from gradum.engines import engine_of
from gradum.engines.in_order import in_order
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.rungs.context import ALONE
from gradum.rungs.registry import KINDS
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.stream import BLOCK_ROWS, PARTITIONS

TICKS = os.sysconf("SC_CLK_TCK")


class Nothing:
    """The work that takes a block's number and returns it."""

    def named(self, item: int) -> str:
        """Name a block."""
        return f"block {item}"

    def __call__(self, item: int) -> int:
        """Return the number."""
        return item


def main(rounds: str = "3", rows: str = str(BLOCK_ROWS)) -> None:
    """Print medians of seconds and processor seconds of a pass, and what Ray adds."""
    import ray

    with tempfile.TemporaryDirectory() as name:
        folder = write_table(Path(name), PARTITIONS * int(rows))
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        with engine_of("local:2") as local, engine_of("ray") as on_ray:
            _compare(folder, int(rows), {"local": local, "Ray": on_ray}, int(rounds))
        ray.shutdown()


def _compare(folder: Path, rows: int, engines: dict[str, Any], rounds: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for name, engine in engines.items():  # each encodes its own rows, as a run does
        for number in range(rounds + 1):
            passes = _learned(folder, rows, engine)
            if number:  # the first round warms up
                found[name] += passes
    for name, each in found.items():
        wall, processor = (median(figures) for figures in zip(*each, strict=True))
        empty = _empty(engines[name])
        print(
            f"{name}: {len(each)} passes over {PARTITIONS} blocks of {rows:,} rows, "
            f"{wall:.3f} s and {processor:.3f} processor seconds each; empty tasks "
            f"{empty[0]:.3f} s and {empty[1]:.3f}",
            flush=True,
        )


def _learned(folder: Path, rows: int, engine: Any) -> list[tuple[float, float]]:
    """Learn a linear model; return seconds and processor seconds of each pass."""
    spec, context = spec_of(), replace(ALONE, engine=engine)
    with opened(str(folder / PATTERN)) as stream:
        blocks = RowsInBlocks(replace(stream, rows_in_block=rows))
        with blocks.describe(Asked(spec), context).divide(context) as table:
            _, learning = table.learning(table.plan.kept)
            passes = _Passes()
            learning.fit(KINDS["linear"], spec.of_rung("linear"), replace(context, tell=passes))
    return passes.found


def _empty(engine: Any) -> tuple[float, float]:
    """Return seconds and processor seconds of a pass of tasks that compute nothing."""
    found, work = [], Nothing()
    for _ in range(6):
        began = time.perf_counter(), _processor()
        list(in_order(engine, work, range(PARTITIONS)))
        found.append((time.perf_counter() - began[0], _processor() - began[1]))
    wall, processor = zip(*found[1:], strict=True)
    return median(wall), sum(processor) / len(processor)


class _Passes:
    """Notes how long passes take, and how many processor seconds of all processes."""

    def __init__(self) -> None:
        self.found: list[tuple[float, float]] = []
        self._before = _processor()

    def __call__(self, event: Any) -> None:
        if getattr(event, "stage", "") != "sums":
            return
        if event.done == 1:
            self._began = event.seconds
        if event.done == event.partitions:
            now = _processor()
            self.found.append((event.seconds, now - self._before))
            self._before = now


def _processor() -> float:
    """Return the processor seconds of this process and of all that descend from it."""
    parents, ticks = {}, {}
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdecimal():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
                ticks[int(folder.name)] = sum(map(int, fields[11:15]))
    below, found = {os.getpid()}, 0
    while below:
        found += sum(ticks[pid] for pid in below)
        below = {pid for pid, parent in parents.items() if parent in below}
    return found / TICKS
