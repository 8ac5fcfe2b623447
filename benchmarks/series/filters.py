"""Series: the convolutional network beside the linear model, on the test rows of sets.

    python -m benchmarks.series.filters FOLDER

FOLDER holds the sets as files ``NAME.npz``, to which `benchmarks.series.peers` adds those that aeon
ships. Beside them stand drawn ones: in each series lies one of three bumps, somewhere in a walk
with noise. Seconds are of the processor, with what is compiled.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.page import ACCURACY, publish, table
from benchmarks.series.ours import judged

RUNGS = "linear", "convolution"
DRAWN = 100, 300, 1_000  # rows to learn from
ASKED, READINGS, BUMP = 1_000, 128, 20


def drawn(rows: int) -> dict[str, np.ndarray]:
    """Return a set with so many rows to learn from."""
    rng = np.random.default_rng(0)
    shape = rows + ASKED, 1, READINGS
    x = 0.3 * rng.normal(size=shape).cumsum(axis=2) + rng.normal(size=shape)
    at = np.arange(BUMP)
    wave = 2 * np.sin(at / BUMP * 2 * np.pi)
    bumps = wave, -wave, np.where(at < BUMP / 2, 2.0, -2.0) * np.cos(at / 3)
    y = rng.integers(0, len(bumps), len(x))
    for series, which in zip(x, y, strict=True):
        begin = rng.integers(0, READINGS - BUMP)
        series[0, begin : begin + BUMP] += bumps[which] * rng.uniform(0.7, 1.5)
    parts = {"train": slice(rows), "test": slice(rows, None)}
    return {f"{n}_{part}": a[at] for n, a in (("x", x), ("y", y)) for part, at in parts.items()}


def _sets(folder: str) -> Iterator[tuple[str, Mapping[str, np.ndarray]]]:
    for file in sorted(Path(folder).glob("*.npz")):
        yield file.stem, dict(np.load(file))
    for rows in DRAWN:
        yield f"bumps in walks, {rows:,} rows", drawn(rows)


def main(folder: str) -> None:
    """Fit both to every set, and publish the table."""
    rows = []
    for name, data in _sets(folder):
        figures: list[str] = []
        for rung in RUNGS:
            began = time.process_time()
            figures.append(f"{judged(data, 0, rung):.4f}")
            figures.append(f"{time.process_time() - began:.1f}")
        sizes = f"{len(data['y_train']):,} / {len(data['y_test']):,}"
        rows.append([name, sizes, *figures])
        print(rows[-1], flush=True)
    head = ["set", "rows", "linear", "linear, s", "convolutional network", "network, s"]
    publish("filters", table(head, rows), ["gradum", "jax", "numpy"], page=ACCURACY)


if __name__ == "__main__":
    main(*sys.argv[1:])
