"""Peak memory from a file of a million rows to its Design, in units of the table's own size.

The table has 15 columns of float64 numbers, one of them the target, and 5 of levels; its own size
is that of float32 numbers and int32 codes. Each file is read in a fresh process that has first
taken the same steps with a thousand rows, so that code, threads and caches do not count. A step's
figure is the peak resident memory up to its end. If models are named, whole fits are measured as
well, which takes minutes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from gradum.tables.split import Part, hold_out

ROWS, FEW_ROWS = 1_000_000, 1_000
NUMERIC_COLUMNS = 15
LEVELS = (5, 5, 30, 300, 1_000)
TARGET = "x0"


def table(rows: int) -> pl.DataFrame:
    """Draw the table: normal numbers and uniform levels."""
    rng = np.random.default_rng(0)
    numeric = {f"x{j}": rng.normal(size=rows) for j in range(NUMERIC_COLUMNS)}
    categorical = {
        f"c{j}": pl.Series([f"level {k:04d}" for k in range(levels)])[
            rng.integers(levels, size=rows)
        ]
        for j, levels in enumerate(LEVELS)
    }
    return pl.DataFrame(numeric | categorical)


def steps(path: Path) -> Iterator[str]:
    """Take the steps from a file to a Design, and name each when it is done."""
    read_table = read(path)
    yield "read"
    schema = infer(read_table, target=TARGET)
    yield "infer"
    frame = check(read_table, schema).frame
    yield "check"
    rng = np.random.default_rng(0)
    parts = hold_out(len(frame), test=0.2, validation=0.15, rng=rng)
    yield "split"
    encoder = Encoder.fit(frame, schema, np.flatnonzero(parts == Part.TRAIN))
    yield "fit the encoder"
    design = encoder.transform(frame)
    yield "encode"
    assert len(design) == len(frame)


def fit(path: Path, model: Any) -> Iterator[str]:
    """Fit and judge a model."""
    from gradum.run.run import run
    from gradum.run.source.rows_in_memory import RowsInMemory
    from gradum.run.spec.spec import Spec

    run(Spec(TARGET, model=model), RowsInMemory(partial(read, path)))
    yield f"fit {model}"


def peak() -> int:
    """Return the peak resident memory of this process, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def measure(path: Path, few: Path, model: str) -> None:
    """Print the peak after each step, minus that of the same steps with few rows."""
    own = 4 * ROWS * (NUMERIC_COLUMNS + len(LEVELS))
    for _ in fit(few, model) if model else steps(few):
        pass
    before = peak()
    for step in fit(path, model) if model else steps(path):
        above = peak() - before
        print(f"{path.suffix[1:]:8s} {step:16s} {above / 2**20:8.0f} MiB {above / own:6.2f}")


def write(folder: Path) -> None:
    """Write the files to measure, and the same with few rows."""
    for stem, rows in (("many", ROWS), ("few", FEW_ROWS)):
        frame = table(rows)
        frame.write_parquet(folder / f"{stem}.parquet")
        frame.write_csv(folder / f"{stem}.csv")


def main(models: str = "") -> None:
    """Write the files and measure each, in processes of their own.

    A new process's peak begins at the size of the process that started it, which must stay small.
    """
    command = [sys.executable, "-m", "benchmarks.footprint"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, folder], check=True)
        for kind in ("parquet", "csv"):
            for model in ["", *filter(None, models.split(","))]:
                files = [str(Path(folder) / f"{stem}.{kind}") for stem in ("many", "few")]
                subprocess.run([*command, *files, model], check=True)


if __name__ == "__main__":
    first, *others = sys.argv[1:]
    if others:
        measure(Path(first), Path(others[0]), others[1])
    else:
        write(Path(first))
