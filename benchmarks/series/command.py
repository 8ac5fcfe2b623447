"""The command of the benchmark of series, which writes its table into docs/accuracy.md."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.environments import answer_of, python_with, version_in
from benchmarks.page import ACCURACY, publish, table
from benchmarks.series.ours import judged

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def main(folder: str, seeds: str = "3", sets: str = "") -> None:
    """Fit both sides to every set, and publish the table if it is whole."""
    python = python_with("aeon")
    with tempfile.TemporaryDirectory() as scratch:
        for file in sorted(Path(folder, "series").glob("*.npz")):
            shutil.copy(file, scratch)
        theirs = answer_of(
            python, "benchmarks.series.peers", scratch, seeds, environment=ONE_THREAD
        )
        rows, sums = [], np.zeros(4)
        for name, (accuracy, seconds) in theirs.items():
            if sets and name not in sets.split(","):
                continue
            data = dict(np.load(Path(scratch, f"{name}.npz")))
            judged(data, 0)
            began = time.process_time()
            own = float(np.mean([judged(data, seed) for seed in range(int(seeds))]))
            figures = own, accuracy, (time.process_time() - began) / int(seeds), seconds
            sums += figures
            shape = f"{len(data['y_train'])} / {len(data['y_test'])}"
            rows.append([name, shape, *_written(*figures)])
    rows.append(["mean, sum", "", *_written(*sums[:2] / len(rows), *sums[2:])])
    head = ["set", "rows", "gradum", "MiniRocket + ridge", "gradum, s", "MiniRocket + ridge, s"]
    text = table(head, rows) + f"\naeon {version_in(python, 'aeon')}, {seeds} seeds, one thread.\n"
    publish("series", text, ["gradum", "numpy"], complete=not sets, page=ACCURACY)


def _written(own: float, other: float, seconds: float, other_seconds: float) -> list[str]:
    return [f"{own:.4f}", f"{other:.4f}", f"{seconds:.2f}", f"{other_seconds:.2f}"]
