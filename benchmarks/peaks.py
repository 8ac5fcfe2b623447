"""The peak resident memory of runs, compared with the forecast and with its bound.

Each run is a process of its own: ``gradum fit`` on a table that it holds as a whole, compared with
the estimate that decides whether a table is held; ``gradum fit``, ``predict`` and ``evaluate`` on a
table that they read in blocks, compared with the given bound plus 500 MB for libraries; and
``gradum fit`` both ways, with its CPU time. ``peaks 10`` takes a tenth of the rows and publishes
nothing. ``peaks 1 FOLDER`` keeps tables and peaks in a folder: a stopped benchmark goes on from
there, and if only the estimate has changed, nothing is measured again.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.page import publish, table
from gradum.files.atomic import replacing
from gradum.run.memory.memory import LIBRARIES, held_bytes
from gradum.run.options.options import make_spec
from gradum.tables.sources.extent import Extent, extent_of

COMMAND = (sys.executable, "-c", "from gradum.app.cli import main; main()")
PIECE = 250_000  # rows that are made at a time
GROUP_ROWS = 125_000
MODEL_ROWS = 20_000  # learned from by a model that predicts a larger table
TARGET = "y"
SHORT = ("--max-epochs", "1", "--time-limit", "12")  # seconds, for a pack
GRANTED = 500e6  # memory granted to libraries
PACKAGES = ("gradum", "jax", "numpy", "scipy", "polars")
MB = 1e6


@dataclass(frozen=True)
class Shape:
    """A table: rows, columns of a kind, classes (0 for a number), and how it is stored."""

    rows: int
    columns: int
    kind: str = "numbers"
    classes: int = 2
    form: str = "parquet"

    def __str__(self) -> str:
        target = f"{self.classes} classes" if self.classes else "a number"
        return f"{self.rows:,} × {self.columns} {self.kind}, {target}, {self.form}"

    def pieces(self, scale: int) -> Iterator[pl.DataFrame]:
        """Yield its rows, or one in ``scale`` of them."""
        rows = self.rows // scale
        for number, start in enumerate(range(0, rows, PIECE)):
            rng = np.random.default_rng([0, number])
            count = min(PIECE, rows - start)
            x = rng.standard_normal((self.columns, count), np.float32)
            score = np.linspace(-1.0, 1.0, self.columns, dtype=np.float32) @ x
            score += rng.logistic(size=count).astype(np.float32)
            columns = {f"x{j}": MAKE[self.kind](each) for j, each in enumerate(x)}
            yield pl.DataFrame({**columns, TARGET: self._target(score)})

    def _target(self, score: np.ndarray) -> Any:
        if not self.classes:
            return score
        place = np.searchsorted(np.linspace(-6, 6, self.classes + 1)[1:-1], score)
        return pl.Series(place).cast(pl.String)


def _levels(x: np.ndarray, steps: int) -> pl.Series:
    """Return levels, about 6 for each step: a standard normal number rarely exceeds 3."""
    return "level " + pl.Series(np.round(steps * x).astype(np.int32)).cast(pl.String)


def _texts(x: np.ndarray) -> pl.Series:
    codes = pl.Series(np.abs(np.round(1_000 * x)).astype(np.int64))
    words = [f"word{place}_" + (codes // (place + 1) % 97).cast(pl.String) for place in range(10)]
    return (
        pl.DataFrame({str(k): word for k, word in enumerate(words)})
        .select(pl.concat_str(pl.all(), separator=" "))
        .to_series()
    )


MAKE = {
    "numbers": lambda x: x,
    "doubles": lambda x: x.astype(float),
    "8 levels": lambda x: _levels(np.clip(x, -3, 3), 1),
    "1,000 levels": lambda x: _levels(x, 120),
    "texts": _texts,
}

TWENTY = Shape(1_000_000, 20)
HELD = (
    (Shape(20_000, 20), "linear"),
    (Shape(20_000, 20), "mlp"),
    (Shape(20_000, 20), "pack"),
    (Shape(100_000, 20), "pack"),
    (Shape(100_000, 100), "linear"),
    (Shape(400_000, 20), "linear"),
    (Shape(400_000, 20), "mlp"),
    (Shape(400_000, 20), "pack"),
    (Shape(400_000, 20, classes=0), "linear"),
    (TWENTY, "linear"),
    (TWENTY, "mlp"),
    (Shape(1_000_000, 20, classes=10), "linear"),
    (Shape(2_000_000, 20), "linear"),
    (Shape(400_000, 20, "doubles"), "linear"),
    (Shape(1_000_000, 8, "8 levels"), "mlp"),
    (Shape(1_000_000, 8, "1,000 levels"), "linear"),
    (Shape(400_000, 1, "texts"), "linear"),
    (Shape(400_000, 10, form="csv"), "linear"),
    (Shape(400_000, 10, form="csv.gz"), "linear"),
    (Shape(200_000, 10, form="jsonl"), "linear"),
)
LARGE, LARGE_NUMBER = Shape(5_000_000, 22), Shape(5_000_000, 22, classes=0)
BLOCKS = (
    ("fit", Shape(5_000_000, 20), "linear", ""),
    ("fit", Shape(5_000_000, 20), "linear", "600MB"),
    ("fit", Shape(10_000_000, 20), "linear", "600MB"),
    ("fit", LARGE, "linear", "600MB"),
    ("fit", LARGE, "linear", "1GB"),
    ("fit", LARGE, "linear", "2GB"),
    ("fit", LARGE, "mlp", "600MB"),
    ("fit", LARGE, "mlp", "2GB"),
    ("fit", LARGE_NUMBER, "linear", "600MB"),
    ("fit", LARGE_NUMBER, "mlp", "600MB"),
    ("fit", LARGE_NUMBER, "mlp", "1GB"),
    ("fit", Shape(150_000, 600), "mlp", "600MB"),
    ("fit", Shape(1_000_000, 1, "texts"), "mlp", "600MB"),
    ("predict", LARGE, "linear", "600MB"),
    ("evaluate", LARGE, "linear", "600MB"),
)
BOTH_WAYS = (Shape(100_000, 100), Shape(400_000, 20), TWENTY)
BYTES = {"MB": 1e6, "GB": 1e9}


def main(scale: str = "1", folder: str = "") -> None:
    """Measure all runs, in a folder or in a temporary one."""
    with nullcontext(folder) if folder else tempfile.TemporaryDirectory() as kept:
        runs = Runs(Path(kept), int(scale))
        text = "\n".join([_held(runs), _blocks(runs), _both_ways(runs)])
    publish("peaks", text, PACKAGES, complete=scale == "1")


def _held(runs: Runs) -> str:
    rows = []
    for shape, model in HELD:
        foretold = LIBRARIES + held_bytes(make_spec(TARGET, model=model), runs.extent(shape))
        taken = runs.fit(shape, model, "--no-blocks").peak
        rows.append([shape, model, *_in_mb(foretold, taken), f"{foretold / taken:.2f}"])
    return table(["held as a whole", "model", "foretold, MB", "peak, MB", "ratio"], rows)


def _blocks(runs: Runs) -> str:
    rows = []
    for command, shape, model, bound in BLOCKS:
        options = ("--max-memory", bound) if bound else ()
        if command == "fit":
            taken = runs.fit(shape, model, *options).peak
        else:
            taken = runs.used(command, shape, model, *options).peak
        allowed = _in_mb(float(bound[:-2]) * BYTES[bound[-2:]] + GRANTED) if bound else ["–"]
        rows.append([f"{command} {shape}", model, bound or "none", *allowed, *_in_mb(taken)])
    return table(["read in blocks", "model", "bound", "with libraries, MB", "peak, MB"], rows)


def _both_ways(runs: Runs) -> str:
    rows = []
    for shape in BOTH_WAYS:
        ways = [runs.fit(shape, "linear", way) for way in ("--no-blocks", "--blocks")]
        rows.append([shape, *(f"{getattr(way, what):.1f}" for what in TIMES for way in ways)])
    head = ["", *(f"{what}, {way}" for what in TIMES.values() for way in ("whole", "blocks"))]
    return table(head, rows)


TIMES = {"seconds": "seconds", "busy": "of a processor"}


def _in_mb(*counts: float) -> list[str]:
    return [f"{count / MB:,.0f}" for count in counts]


@dataclass(frozen=True)
class Taken:
    """What a process took: peak resident bytes, seconds, and CPU seconds."""

    peak: float
    seconds: float
    busy: float


class Runs:
    """Runs at one scale, whose tables and figures lie in a folder."""

    def __init__(self, folder: Path, scale: int) -> None:
        self.folder, self.scale = folder, scale
        self.log = folder / f"taken-{scale}.jsonl"
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.known = {found.pop("run"): Taken(**found) for found in map(json.loads, lines)}

    def fit(self, shape: Shape, model: str, *options: str) -> Taken:
        """Return what a fit took."""
        return self._taken("fit", shape, "--target", TARGET, "--model", model, *SHORT, *options)

    def used(self, command: str, shape: Shape, model: str, *options: str) -> Taken:
        """Return what a command that uses a model took."""
        small = replace(shape, rows=self.scale * MODEL_ROWS)
        kept = self.folder / f"{self.scale}-{_name(shape)}-{model}"
        if not kept.exists():
            words = ["fit", self.path(small), "--target", TARGET, "--model", model, *SHORT]
            measured(*words, "--out", kept)
        return self._taken(command, shape, *options, model=kept)

    def extent(self, shape: Shape) -> Extent:
        """Return the extent of a table."""
        return extent_of(self.path(shape))

    def path(self, shape: Shape) -> Path:
        """Write a table, unless it exists."""
        path = self.folder / f"{self.scale}-{_name(shape)}.{shape.form}"
        if not path.exists():
            with replacing(path) as temporary:
                write(shape.pieces(self.scale), shape.form, temporary)
        return path

    def _taken(self, command: str, shape: Shape, *options: str, model: Path | None = None) -> Taken:
        said = " ".join([command, str(shape), model.name if model else "", *options])
        if said not in self.known:
            given = [self.path(shape)] if model is None else [model, self.path(shape)]
            with tempfile.TemporaryDirectory(dir=self.folder) as out:
                place = {"fit": "run", "predict": "predictions.parquet"}.get(command)
                kept = ("--out", Path(out) / place) if place else ()
                self.known[said] = measured(command, *given, *options, *kept)
            line = json.dumps({"run": said, **asdict(self.known[said])})
            with self.log.open("a") as file:
                file.write(f"{line}\n")
            print(line, flush=True)
        return self.known[said]


def _name(shape: Shape) -> str:
    return f"{zlib.crc32(str(shape).encode()):08x}"


def write(pieces: Iterator[pl.DataFrame], form: str, path: Path) -> None:
    """Write a table piece by piece."""
    from pyarrow import parquet

    if form == "parquet":
        first = next(pieces).to_arrow()
        with parquet.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first, row_group_size=GROUP_ROWS)
            for piece in pieces:
                writer.write_table(piece.to_arrow(), row_group_size=GROUP_ROWS)
        return
    with gzip.open(path, "wb", 1) if form.endswith(".gz") else path.open("wb") as file:
        for number, piece in enumerate(pieces):
            if form == "jsonl":
                file.write(piece.write_ndjson().encode())
            else:
                file.write(piece.write_csv(include_header=number == 0).encode())


def measured(*words: Any, ends: Collection[int] = (0,)) -> Taken:
    """Run ``gradum`` with these arguments; return what it took.

    Any of the exit codes ``ends`` is accepted.

    A process's peak includes that of the process that started it, so a small process starts it.
    """
    begun = time.perf_counter()
    command = [sys.executable, "-S", "-c", STARTER, *COMMAND, *map(str, words)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    status, peak, busy = said.stdout.split()
    code = os.waitstatus_to_exitcode(int(status))
    if code not in ends:
        raise subprocess.CalledProcessError(code, words)
    unit = 1 if sys.platform == "darwin" else 1024
    return Taken(int(peak) * unit, time.perf_counter() - begun, float(busy))


STARTER = """
import os, sys
nothing = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nothing)
_, status, usage = os.wait4(process, 0)
print(status, usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
"""
