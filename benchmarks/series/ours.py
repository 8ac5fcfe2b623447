"""The linear model of series, read, encoded and fitted as in a run that learns from these rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradum.rungs.context import Context
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.rows import Rows
from gradum.tables.check import check
from gradum.tables.encode import Encoder
from gradum.tables.schema import infer
from gradum.tables.sources.read import read


def judged(data: Mapping[str, np.ndarray], seed: int) -> float:
    """Return the share of test rows that the model gets right."""
    labels, logits = answers(data["x_train"], data["y_train"].astype(str), data["x_test"], seed)
    return float(np.mean(labels[logits.argmax(axis=1)] == data["y_test"].astype(str)))


def answers(
    x: np.ndarray, y: np.ndarray, asked: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels (k,) and the logits of other rows (m, k)."""
    tables = read({"x": list(x), "y": y}), read({"x": list(asked), "y": np.resize(y, len(asked))})
    schema = infer(tables[0], target="y", task="multiclass")
    assert schema.target is not None
    frames = [check(each, schema).frame for each in tables]
    encoder = Encoder.fit(frames[0], schema)
    design, others = (encoder.transform(frame) for frame in frames)
    labels = np.array([str(label) for label in schema.target.classes])
    rows = Rows(design, np.searchsorted(labels, y), np.ones(len(y)), len(labels))
    held_out = np.zeros(len(y), bool)
    rung = fit_linear(rows, held_out, LinearSpec(), Context(seed=seed), log_target=False)
    logits = rung.logits(others)
    return labels, logits if logits.shape[1] > 1 else np.hstack([np.zeros_like(logits), logits])
