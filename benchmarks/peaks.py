"""What a run takes: its peak of resident memory against what was foretold, and against its bound.

Each run is a process of its own: ``gradum fit`` on a table that it holds as a whole, beside the
estimate by which it is decided whether a table is held; and on a table that it reads in blocks,
beside the bound that was given and 500 MB for libraries. ``peaks 10`` takes a tenth of the rows,
``peaks 10 held`` or ``peaks 1 blocks`` one of the tables, and then nothing is published.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.page import publish, table
from gradum.fitting.memory import LIBRARIES, held_bytes
from gradum.fitting.options import make_spec
from gradum.tables.extent import extent_of

COMMAND = (sys.executable, "-c", "from gradum.app.cli import main; main()")
PIECE = 250_000  # rows that are made at a time
GROUP_ROWS = 125_000
TARGET = "y"
SHORT = ("--max-epochs", "1", "--time-limit", "5", "--quiet")
GRANTED = 500e6  # to libraries
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


def _levels(x: np.ndarray) -> pl.Series:
    return "level " + pl.Series(np.round(10 * x).astype(np.int32)).cast(pl.String)


def _texts(x: np.ndarray) -> pl.Series:
    codes = pl.Series(np.abs(np.round(1_000 * x)).astype(np.int64))
    words = [f"word{place}_" + (codes // (place + 1) % 97).cast(pl.String) for place in range(10)]
    return (
        pl.DataFrame({str(k): word for k, word in enumerate(words)})
        .select(pl.concat_str(pl.all(), separator=" "))
        .to_series()
    )


MAKE = {"numbers": lambda x: x, "levels": _levels, "texts": _texts}

TWENTY = Shape(1_000_000, 20)
HELD = (
    (TWENTY, "linear"),
    (TWENTY, "mlp"),
    (TWENTY, "ladder"),
    (Shape(200_000, 20), "linear"),
    (Shape(200_000, 20), "ladder"),
    (Shape(3_000_000, 20), "linear"),
    (Shape(3_000_000, 20), "mlp"),
    (Shape(1_000_000, 20, classes=0), "linear"),
    (Shape(1_000_000, 20, classes=0), "mlp"),
    (Shape(1_000_000, 20, classes=10), "linear"),
    (Shape(1_000_000, 20, classes=10), "mlp"),
    (Shape(1_000_000, 8, "levels"), "linear"),
    (Shape(1_000_000, 8, "levels"), "mlp"),
    (Shape(400_000, 1, "texts"), "linear"),
    (Shape(400_000, 1, "texts"), "mlp"),
    (Shape(1_000_000, 10, form="csv"), "linear"),
    (Shape(1_000_000, 10, form="csv.gz"), "linear"),
    (Shape(400_000, 10, form="jsonl"), "linear"),
    (Shape(100_000, 300), "linear"),
    (Shape(100_000, 300), "mlp"),
)
BLOCKS = (
    *(
        (Shape(5_000_000, 20, classes=classes), model, bound)
        for bound in ("600MB", "1GB", "2GB")
        for model in ("linear", "mlp")
        for classes in (2, 0)
    ),
    (Shape(3_000_000, 10, form="csv"), "linear", "600MB"),
    (Shape(2_000_000, 8, "levels"), "linear", "600MB"),
    (Shape(1_000_000, 1, "texts"), "mlp", "600MB"),
    (Shape(2_000_000, 12, classes=50), "mlp", "600MB"),
    (Shape(150_000, 600), "linear", "600MB"),
    (Shape(150_000, 600), "mlp", "600MB"),
)


def main(scale: str = "1", part: str = "") -> None:
    """Measure the runs of both tables, or of one."""
    with tempfile.TemporaryDirectory() as folder:
        parts = {"held": _held, "blocks": _blocks}
        made = {
            name: measure(Path(folder), int(scale))
            for name, measure in parts.items()
            if part in ("", name)
        }
    text = "\n".join(made.values())
    publish("peaks", text, PACKAGES, complete=scale == "1" and not part)


def _held(folder: Path, scale: int) -> str:
    rows = []
    for shape, model in HELD:
        path = write(shape, folder, scale)
        foretold = LIBRARIES + held_bytes(make_spec(TARGET, model=model), extent_of(path))
        taken = peak(path, folder, "--model", model, "--no-blocks")
        rows.append([shape, model, *_in_mb(foretold, taken), f"{foretold / taken:.2f}"])
        print(rows[-1], flush=True)
    return table(["held as a whole", "model", "foretold, MB", "peak, MB", "ratio"], rows)


def _blocks(folder: Path, scale: int) -> str:
    rows = []
    for shape, model, bound in BLOCKS:
        path = write(shape, folder, scale)
        taken = peak(path, folder, "--model", model, "--blocks", "--max-memory", bound)
        allowed = float(bound[:-2]) * {"MB": 1e6, "GB": 1e9}[bound[-2:]] + GRANTED
        rows.append([shape, model, bound, *_in_mb(allowed, taken)])
        print(rows[-1], flush=True)
    return table(["read in blocks", "model", "bound", "with libraries, MB", "peak, MB"], rows)


def _in_mb(*counts: float) -> list[str]:
    return [f"{count / MB:,.0f}" for count in counts]


def write(shape: Shape, folder: Path, scale: int) -> Path:
    """Write a table into a folder in place of the last one, unless that is the same."""
    from pyarrow import parquet

    path = folder / f"{zlib.crc32(str(shape).encode())}.{shape.form}"
    if path.exists():
        return path
    for other in folder.glob("*.*"):
        other.unlink()
    pieces = shape.pieces(scale)
    if shape.form == "parquet":
        first = next(pieces).to_arrow()
        with parquet.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first, row_group_size=GROUP_ROWS)
            for piece in pieces:
                writer.write_table(piece.to_arrow(), row_group_size=GROUP_ROWS)
        return path
    with _opened(path) as file:
        for number, piece in enumerate(pieces):
            rows = piece.write_csv(include_header=number == 0)
            file.write((piece.write_ndjson() if shape.form == "jsonl" else rows).encode())
    return path


def _opened(path: Path) -> Any:
    return gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb")


def peak(path: Path, folder: Path, *options: str) -> float:
    """Return the most bytes that were resident in ``gradum fit``."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        words = ["fit", str(path), "--target", TARGET, *options, *SHORT, "--out", f"{out}/run"]
        process = subprocess.Popen([*COMMAND, *words])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
