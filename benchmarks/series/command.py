"""The command of the benchmark of series, which writes its table into docs/accuracy.md."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.environments import answer_of, python_with, version_in
from benchmarks.page import ACCURACY, publish, table
from gradum.rungs.context import Context
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.rows import Rows
from gradum.tables.check import check
from gradum.tables.encode import Encoder
from gradum.tables.schema import infer
from gradum.tables.sources.read import read

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def judged(data: Mapping[str, np.ndarray], seed: int) -> float:
    """Return the share of test rows that gradum's linear model gets right.

    It is read, encoded and fitted as in a run that learns from exactly these rows.
    """
    learned, asked = (
        read({"x": list(data[f"x_{part}"]), "y": data[f"y_{part}"].astype(str)})
        for part in ("train", "test")
    )
    schema = infer(learned, target="y", task="multiclass")
    assert schema.target is not None
    frames = [check(each, schema).frame for each in (learned, asked)]
    encoder = Encoder.fit(frames[0], schema)
    design, test = (encoder.transform(frame) for frame in frames)
    labels = np.array([str(label) for label in schema.target.classes])
    target = np.searchsorted(labels, data["y_train"].astype(str))
    rows = Rows(design, target, np.ones(len(target)), len(labels))
    held_out = np.zeros(len(target), bool)
    rung = fit_linear(rows, held_out, LinearSpec(), Context(seed=seed), log_target=False)
    logits = rung.logits(test)
    answers = logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(int)
    return float(np.mean(labels[answers] == data["y_test"].astype(str)))


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
