"""gradum's rungs next to scikit-learn's models, on the same rows of real tables.

A folder holds ``index.json`` (sets: file, target, task, categorical columns; suite: names) and the
Parquet files it names. Each table is split 80/20 by seed, stratified by class, its training rows
capped at 4,000. The peers are RidgeCV or LogisticRegressionCV, and an MLP with early stopping, on
one-hot and standardised columns. The error is the RMSE or the log loss on the held-out rows; z is
the difference, gradum's less the peer's, in standard errors of the peer's mean loss per row.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import gradum

MOST_TRAINING_ROWS, MOST_TEST_ROWS = 4_000, 20_000
TARGET = "__target"


@dataclass(frozen=True)
class Split:
    """One table, divided."""

    train: pd.DataFrame
    test: pd.DataFrame
    categorical: list[str]
    numeric: list[str]
    task: str

    @classmethod
    def of(cls, folder: Path, said: dict[str, Any], seed: int) -> Split:
        """Read a table and divide it by seed."""
        frame = pd.read_parquet(folder / said["file"]).rename(columns={said["target"]: TARGET})
        frame = frame[frame[TARGET].notna()]
        categorical = [name for name in said["categorical"] if name in frame]
        numeric = [name for name in frame if name not in (*categorical, TARGET)]
        frame = frame.astype(dict.fromkeys(numeric, "float64"))
        if said["task"] == "regression":
            frame[TARGET] = frame[TARGET].astype("float64")
            strata = None
        else:
            frame[TARGET] = frame[TARGET].astype(str)
            counts = frame[TARGET].value_counts()
            frame = frame[frame[TARGET].isin(counts[counts >= 5].index)]
            strata = frame[TARGET]
        train, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=strata)
        if len(train) > MOST_TRAINING_ROWS:
            strata = None if strata is None else train[TARGET]
            train, _ = train_test_split(
                train, train_size=MOST_TRAINING_ROWS, random_state=seed, stratify=strata
            )
        return cls(train, test[:MOST_TEST_ROWS], categorical, numeric, said["task"])

    def losses(self, said: Any, classes: np.ndarray) -> np.ndarray:
        """Return the squared error, or the log loss, of each test row."""
        truth = self.test[TARGET].to_numpy()
        if self.task == "regression":
            return (np.asarray(said, float) - truth) ** 2
        shares = np.clip(said, 1e-15, 1)[np.arange(len(truth)), np.searchsorted(classes, truth)]
        return -np.log(shares)


def peer(split: Split, rung: str, seed: int) -> np.ndarray:
    """Fit scikit-learn's model; return its loss on each test row."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    levels = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="(missing)"),
        OneHotEncoder(handle_unknown="ignore", min_frequency=2),
    )
    columns = ColumnTransformer(
        [("numbers", numbers, split.numeric), ("levels", levels, split.categorical)]
    )
    regression = split.task == "regression"
    if rung == "linear":
        model: Any = RidgeCV(np.logspace(-3, 4, 15))
        if not regression:
            model = LogisticRegressionCV(Cs=8, cv=4, max_iter=500, scoring="neg_log_loss")
    else:
        kind = MLPRegressor if regression else MLPClassifier
        model = kind(random_state=seed, early_stopping=True, max_iter=500)
    model = make_pipeline(columns, model)
    if regression:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    plain = dict.fromkeys(split.categorical, object)
    train, test = (
        part.astype(plain).where(part.notna(), np.nan) for part in (split.train, split.test)
    )
    model.fit(train, train[TARGET])
    said = model.predict(test) if regression else model.predict_proba(test)
    return split.losses(said, np.unique(split.train[TARGET]))


def ours(split: Split, seed: int) -> dict[str, np.ndarray]:
    """Fit the ladder; return each rung's loss on each test row."""
    train, test = pl.from_pandas(split.train), pl.from_pandas(split.test)
    model = gradum.fit(
        train,
        TARGET,
        test=test,
        task=split.task,
        seed=seed,
        numeric=split.numeric,
        categorical=split.categorical,
    )
    predict = model.predict if split.task == "regression" else model.predict_proba
    classes = np.array([str(label) for label in model.classes])
    return {rung: split.losses(predict(test, rung=rung), classes) for rung in ("linear", "mlp")}


def main(folder: str, seeds: str = "0,1,2") -> None:
    """Print a line a table: the ratio of errors and z by seed, for both rungs."""
    warnings.filterwarnings("ignore")
    index = json.loads((Path(folder) / "index.json").read_text())
    print(f"{'table':20s} {'rung':7s} {'error/peer':>10s}   z by seed")
    ratios: dict[str, list[float]] = {"linear": [], "mlp": []}
    for name in index["suite"]:
        found: dict[str, list[tuple[float, float]]] = {"linear": [], "mlp": []}
        for seed in map(int, seeds.split(",")):
            split = Split.of(Path(folder), index["sets"][name], seed)
            losses = ours(split, seed)
            for rung, own in losses.items():
                other = peer(split, rung, seed)
                error = other.std(ddof=1) / np.sqrt(len(other))
                root = 0.5 if split.task == "regression" else 1.0
                ratio = (own.mean() / other.mean()) ** root
                found[rung].append((ratio, (own.mean() - other.mean()) / error))
        for rung, pairs in found.items():
            ratio = float(np.exp(np.mean(np.log([ratio for ratio, _ in pairs]))))
            ratios[rung].append(ratio)
            said = " ".join(f"{z:+.2f}" for _, z in pairs)
            print(f"{name:20s} {rung:7s} {ratio:10.3f}   {said}", flush=True)
    for rung, each in ratios.items():
        print(f"{'geometric mean':20s} {rung:7s} {np.exp(np.mean(np.log(each))):10.3f}")
