"""Models of series, read, encoded and fitted as in a run that learns from these rows.

    python -m benchmarks.series.ours FOLDER SEEDS

``FOLDER`` has the sets as ``NAME.npz``. The result is that of `benchmarks.series.peers`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from benchmarks.series.measured import tell
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.registry import KINDS
from gradum.rungs.rows import Rows
from gradum.rungs.rung_spec import RungSpec
from gradum.rungs.settings import SETTINGS
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from gradum.tables.split import Part


def judged(data: Mapping[str, np.ndarray], seed: int, rung: str = "linear") -> float:
    """Return the share of test rows that the model gets right."""
    known = data["x_train"], data["y_train"].astype(str)
    labels, logits = answers(*known, data["x_test"], seed, rung)
    return float(np.mean(labels[logits.argmax(axis=1)] == data["y_test"].astype(str)))


def answers(
    x: np.ndarray, y: np.ndarray, asked: np.ndarray, seed: int = 0, rung: str = "linear"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels (k,) and the logits of other rows (m, k)."""
    tables = read({"x": list(x), "y": y}), read({"x": list(asked), "y": np.resize(y, len(asked))})
    schema = infer(tables[0], target="y", task="multiclass")
    assert schema.target is not None
    frames = [check(each, schema).frame for each in tables]
    encoder, kind = Encoder.fit(frames[0], schema), KINDS[rung]
    encoder = encoder.with_grids(frames[0]) if kind.has_filters else encoder
    design, others = (encoder.transform(frame) for frame in frames)
    labels = np.array([str(label) for label in schema.target.classes])
    rows = Rows(design, np.searchsorted(labels, y), np.ones(len(y)), len(labels))
    learned = InMemory(rows, np.full(len(y), Part.TRAIN))
    fitted = kind.fit(learned, RungSpec(SETTINGS[rung].of_effort("standard")), Context(seed=seed))
    logits = fitted.logits(others)
    return labels, logits if logits.shape[1] > 1 else np.hstack([np.zeros_like(logits), logits])


if __name__ == "__main__":
    tell(*sys.argv[1:], judged)
