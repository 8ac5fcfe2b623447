"""The linear rung of blocks is the optimum that scikit-learn finds on all training rows."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from gradum.core import SquaredError
from gradum.run.dataset import labelled
from gradum.run.options.options import make_spec
from gradum.run.source.row_parts import HELD_CELL, Parting
from gradum.rungs.target_scale import TargetScale
from gradum.tables.split import Part
from gradum.tables.table import Table
from streamed_fits import ROWS, make_small, streamed
from synthetic import task


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    make_small(monkeypatch)


def training_rows(model, frame, target):
    """What the linear rung learned from: its columns, its target, and which rows they are."""
    spec, fitted = make_spec(target), model.run.fitted
    parting = Parting.of(spec, len(frame), HELD_CELL * frame.width, 2**34, None)
    rows = np.flatnonzero(parting.parts(np.arange(len(frame)), None, None) == Part.TRAIN)
    dataset = labelled(Table(frame[rows], "t"), fitted.schema)
    design = fitted.encoder.transform(dataset.frame)
    layer = fitted.rungs["linear"].input_layer
    inputs = layer(design.arrays, dtype=np.float64)
    columns = np.hstack([inputs["dense"], inputs["sparse"].toarray()])
    return columns, dataset.target, rows


@pytest.mark.slow
@pytest.mark.parametrize("target", ["label", "grade"])
@pytest.mark.parametrize("how", ["neither", "weights", "balanced", "both"])
def test_the_linear_rung_is_scikit_learns_on_all_training_rows(target, how):
    frame = task(target, ROWS)
    frame = frame.filter((pl.col("size") > 50) | (pl.int_range(ROWS) % 3 == 0))
    frame = frame.with_columns(own=np.random.default_rng(0).uniform(0.2, 4.0, len(frame)))
    weighted, balanced = how in ("weights", "both"), how in ("balanced", "both")
    options = {"weight": "own"} if weighted else {"drop": ["own"]}
    if balanced:
        options["class_weight"] = "balanced"
    ours = streamed(frame, target, model="linear", **options)
    rung = ours.run.fitted.rungs["linear"]
    columns, codes, rows = training_rows(ours, frame, target)
    weight = frame["own"].to_numpy()[rows] if weighted else np.ones(len(rows))
    if balanced:
        weight = weight / np.bincount(codes, weight)[codes]
    strength = 1.0 / (rung.settings["alpha"] * weight.sum())
    theirs = LogisticRegression(C=strength, tol=1e-10, max_iter=5_000).fit(columns, codes, weight)
    layer = rung_of(ours, "linear")
    logits = columns @ layer["weight"] + layer["bias"]
    logits = logits - logits.mean(axis=1, keepdims=True) * (logits.shape[1] > 1)
    expected = theirs.decision_function(columns).reshape(len(rows), -1)
    np.testing.assert_allclose(logits, expected, atol=2e-3)


def rung_of(model, name):
    return model.run.fitted.rungs[name].params["layers"][0]


def test_the_regression_is_that_of_all_training_rows():
    frame = task("amount", ROWS).with_columns(own=np.linspace(0.1, 3.0, ROWS))
    ours = streamed(frame, "amount", model="linear", weight="own")
    rung = ours.run.fitted.rungs["linear"]
    columns, target, rows = training_rows(ours, frame, "amount")
    weight = frame["own"].to_numpy()[rows]
    scale = TargetScale.fit(target, weight, log=False)
    assert rung.target_scale.centre == pytest.approx(scale.centre)
    assert rung.target_scale.scale == pytest.approx(scale.scale)
    factor = SquaredError().hessian(np.zeros((1, 1)), np.zeros(1)).item()
    ridge = Ridge(alpha=rung.settings["alpha"] * weight.sum() / factor)
    ridge.fit(columns, scale.forward(target), weight)
    fitted = columns @ rung_of(ours, "linear")["weight"][:, 0] + rung_of(ours, "linear")["bias"]
    np.testing.assert_allclose(fitted, ridge.predict(columns), atol=1e-5)
