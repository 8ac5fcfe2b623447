"""The command of the benchmark of series, which writes its table into docs/accuracy.md."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.environments import answer_of, python_with, version_in
from benchmarks.page import ACCURACY, publish, table
from benchmarks.series.measured import ONE_THREAD


def main(folder: str, seeds: str = "3") -> None:
    """Fit both sides to every set, and publish the table."""
    python = python_with("aeon")
    with tempfile.TemporaryDirectory() as scratch:
        for file in sorted(Path(folder, "series").glob("*.npz")):
            shutil.copy(file, scratch)
        theirs, ours = (
            answer_of(side, f"benchmarks.series.{name}", scratch, seeds, environment=ONE_THREAD)
            for side, name in ((python, "peers"), (sys.executable, "ours"))
        )
        rows, sums = [], np.zeros(4)
        for name, (accuracy, seconds) in theirs.items():
            data, (own, own_seconds) = np.load(Path(scratch, f"{name}.npz")), ours[name]
            figures = own, accuracy, own_seconds, seconds
            sums += figures
            shape = f"{len(data['y_train'])} / {len(data['y_test'])}"
            rows.append([name, shape, *_written(*figures)])
    rows.append(["mean, sum", "", *_written(*sums[:2] / len(rows), *sums[2:])])
    head = ["set", "rows", "gradum", "MiniRocket + ridge", "gradum, s", "MiniRocket + ridge, s"]
    text = table(head, rows) + f"\naeon {version_in(python, 'aeon')}, {seeds} seeds, one thread.\n"
    publish("series", text, ["gradum", "numpy"], page=ACCURACY)


def _written(own: float, other: float, seconds: float, other_seconds: float) -> list[str]:
    return [f"{own:.4f}", f"{other:.4f}", f"{seconds:.2f}", f"{other_seconds:.2f}"]
