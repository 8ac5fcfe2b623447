"""A network that gradum has fitted, as a model file and as NumPy, with rows and exact values.

Files of a problem's folder: ``model.gradum``, ``rows.parquet``, ``background.parquet``, and
``problem.npz`` with the same rows as the network takes them. Scaling is by column, so it does not
change how answers are divided.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

import gradum
from benchmarks.environments import cache
from benchmarks.explanations.network import Network, Problem
from benchmarks.sides import processes

TRAINING_ROWS, BACKGROUND_ROWS = 4_000, 100
HIDDEN = (64, 64)
TARGET = "y"
AGREEMENT = 1e-5  # relative to the range of answers: both forms of a network compute in float32


def draw(rows: int, columns: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw normal columns, and a number from each column bent and from neighbours combined."""
    x = rng.normal(size=(rows, columns))
    place = np.arange(columns)
    bent = np.sin(x + place) / np.sqrt(1 + place % 5)
    products = 0.5 * x[:, :-1:2] * x[:, 1::2]
    y = bent.sum(axis=1) + products.sum(axis=1) + 0.3 * rng.normal(size=rows)
    return pl.DataFrame({**{f"x{j}": x[:, j] for j in place}, TARGET: y})


def make(columns: int, rows: int, folder: Path) -> Problem:
    """Fit a network to drawn rows and write the problem's files."""
    rng = np.random.default_rng(columns)
    train = draw(TRAINING_ROWS, columns, rng)
    explained = draw(rows, columns, rng).drop(TARGET)
    background = train.head(BACKGROUND_ROWS).drop(TARGET)
    model = gradum.fit(train, TARGET, model="mlp", hidden=HIDDEN, learning_curve=False, seed=0)
    network = network_of(model)
    problem = _with_exact_values(
        network, as_network_takes(model, explained), as_network_takes(model, background)
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.gradum")
    explained.write_parquet(folder / "rows.parquet")
    background.write_parquet(folder / "background.parquet")
    problem.write(folder / "problem.npz")
    _check(model, network, train.drop(TARGET))
    return problem


def network_of(model: gradum.Model) -> Network:
    """Return the weights of a model's network, and the conversion to the target's unit."""
    rung = model.fitted.rung("mlp")
    scale = rung.target_scale
    assert scale is not None
    layers = rung.params["layers"]
    return Network(
        [np.asarray(layer["weight"]) for layer in layers],
        [np.asarray(layer["bias"]) for layer in layers],
        scale.centre,
        scale.scale,
        scale.low,
        scale.high,
    )


def as_network_takes(model: gradum.Model, rows: pl.DataFrame) -> np.ndarray:
    """Return rows of numbers as the first layer of a model's network receives them."""
    rung = model.fitted.rung("mlp")
    assert rung.input_layer is not None
    inputs = rung.input_layer(model.fitted.encoder.transform(rows).arrays)
    return np.asarray(inputs["dense"], np.float64)


def _check(model: gradum.Model, network: Network, rows: pl.DataFrame) -> None:
    """Check the network in NumPy against the model's predictions."""
    predicted = model.predict(rows, rung="mlp")
    distance = np.abs(network(as_network_takes(model, rows)) - predicted).max()
    if distance > AGREEMENT * np.ptp(predicted):
        raise RuntimeError(f"The network differs from what the model predicts by {distance}.")


def _with_exact_values(network: Network, rows: np.ndarray, background: np.ndarray) -> Problem:
    """Compute the Shapley values (minutes of CPU time), or read them from the cache."""
    parts = (*network.weights, *network.biases, rows, background)
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
    kept = cache() / f"exact-{digest.hexdigest()[:16]}.npy"
    if not kept.exists():
        with processes() as pool:
            exact = list(pool.map(partial(network.exact, background=background), rows))
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, np.array(exact))
    return Problem(network, rows, background, np.load(kept))
