"""gradum's rungs compared with scikit-learn's models, on the same rows of real tables.

Tables and splits are those of `benchmarks.quality`, at most 4,000 rows for training. The peers are
RidgeCV or LogisticRegressionCV, and an MLP with early stopping, on one-hot and standardised
columns. The error is the RMSE or the log loss on the held-out rows; z is the difference, gradum's
minus the peer's, in standard errors of the peer's mean loss per row.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

import gradum
from benchmarks.quality.peers import linear, sklearn_mlp
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split

MOST_TRAINING_ROWS = 4_000
TARGET = "__target"
PEERS = {"linear": linear, "mlp": sklearn_mlp}


def losses(split: Split, said: Any, classes: np.ndarray) -> np.ndarray:
    """Return the squared error, or the log loss, of each test row."""
    truth = split.test_target.to_numpy()
    if split.regression:
        return (np.asarray(said, float) - truth) ** 2
    shares = np.clip(said, 1e-15, 1)[np.arange(len(truth)), np.searchsorted(classes, truth)]
    return -np.log(shares)


def peer(split: Split, rung: str, seed: int) -> np.ndarray:
    """Fit scikit-learn's model; return its loss on each test row."""
    ready = PEERS[rung](split, seed)
    model = ready.model.fit(ready.train, ready.target)
    said = (model.predict if split.regression else model.predict_proba)(ready.test)
    return losses(split, said, split.classes)


def ours(split: Split, seed: int) -> dict[str, np.ndarray]:
    """Fit the ladder; return each rung's loss on each test row."""
    train, test = (
        pl.from_pandas(pd.concat([frame, target.rename(TARGET)], axis=1))
        for frame, target in ((split.train, split.train_target), (split.test, split.test_target))
    )
    model = gradum.fit(
        train,
        TARGET,
        test=test,
        task=split.task,
        seed=seed,
        numeric=split.numeric,
        categorical=split.categorical,
    )
    predict = model.predict if split.regression else model.predict_proba
    classes = np.array([str(label) for label in model.classes])
    return {rung: losses(split, predict(test, rung=rung), classes) for rung in PEERS}


def main(folder: str, seeds: str = "0,1,2") -> None:
    """Print a line per table: the ratio of errors and z by seed, for both rungs."""
    warnings.filterwarnings("ignore")
    suite = Suite.read(Path(folder))
    print(f"{'table':20s} {'rung':7s} {'error/peer':>10s}   z by seed")
    ratios: dict[str, list[float]] = {rung: [] for rung in PEERS}
    for name, table in suite.tables.items():
        found: dict[str, list[tuple[float, float]]] = {rung: [] for rung in PEERS}
        for seed in map(int, seeds.split(",")):
            split = Split.of(suite.folder, table, seed=seed, rows=MOST_TRAINING_ROWS)
            for rung, own in ours(split, seed).items():
                other = peer(split, rung, seed)
                error = other.std(ddof=1) / np.sqrt(len(other))
                root = 0.5 if split.regression else 1.0
                ratio = (own.mean() / other.mean()) ** root
                found[rung].append((ratio, (own.mean() - other.mean()) / error))
        for rung, pairs in found.items():
            ratio = float(np.exp(np.mean(np.log([ratio for ratio, _ in pairs]))))
            ratios[rung].append(ratio)
            said = " ".join(f"{z:+.2f}" for _, z in pairs)
            print(f"{name:20s} {rung:7s} {ratio:10.3f}   {said}", flush=True)
    for rung, each in ratios.items():
        print(f"{'geometric mean':20s} {rung:7s} {np.exp(np.mean(np.log(each))):10.3f}")
