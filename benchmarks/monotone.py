"""The price of `--monotone`: the error of monotone models over that without the constraint.

Six tables have columns for which everybody would expect a direction. Only training rows are used,
as in `benchmarks.parts`: of the rows that `benchmarks.quality` trains on with seed 0, a fifth,
drawn by seed, judges models fitted to the others. There is one line per table and rung: the change
in error in percent, as the mean over the draws; and how many rows' answers go the wrong way
somewhere as such a column runs through its values, without and with the constraint. The last lines
hold the means over tables. Errors are those of `benchmarks.quality.measure`.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from scipy.stats import sem

import gradum
from benchmarks.page import circumstances
from benchmarks.parts import MOST_ROWS, inner
from benchmarks.quality.measure import measure
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split

DIRECTIONS: dict[str, dict[str, str]] = {
    "adult": {"educational-num": "+", "capital-gain": "+"},
    "german_credit": {"duration": "-"},
    "credit_scoring_es": {"Seniority": "+", "Income": "+"},
    "california_housing": {"median_income": "+"},
    "ames": {"area": "+", "Overall.Qual": "+"},
    "diamonds": {"carat": "+"},
}
"""The directions that common sense expects, decided before anything was measured."""
RUNGS = ("linear", "mlp", "pack")
DRAWS = 3
TARGET = "__target"
WALKED_ROWS, PLACES = 100, 25  # rows whose answers are followed, and through how many quantiles
ROUNDING = 1e-5  # of the range of answers; smaller moves do not count as wrong


def fitted(split: Split, directions: dict[str, str], effort: str, seed: int) -> Any:
    """Fit the ladder to the training rows."""
    train, test = _frames(split)
    options: dict[str, Any] = {"numeric": split.numeric, "categorical": split.categorical}
    return gradum.fit(
        train,
        TARGET,
        test=test,
        task=split.task,  # type: ignore[arg-type]
        effort=effort,  # type: ignore[arg-type]
        seed=seed,
        monotone=directions,
        **options,
    )


def error(model: Any, split: Split, rung: str) -> float:
    """Return the error of a rung on the test rows."""
    return measure(split, _said(model, _frames(split)[1], rung, split))["error"]


def wrong_way(model: Any, split: Split, rung: str, directions: dict[str, str]) -> float:
    """Return the share of rows whose answer moves against a direction somewhere."""
    rows = _frames(split)[1].head(WALKED_ROWS)
    spread = np.ptp(_answers(model, rows, rung, split)) or 1.0
    wrong = np.zeros(len(rows), bool)
    for column, sign in directions.items():
        values = np.nanquantile(split.train[column].to_numpy(float), np.linspace(0, 1, PLACES))
        walk = rows.drop(column).join(pl.DataFrame({column: values}), how="cross")
        answers = _answers(model, walk.select(rows.columns), rung, split)
        steps = np.diff(answers.reshape(len(rows), PLACES), axis=1)
        against = -steps if sign == "+" else steps
        wrong |= (against > ROUNDING * spread).any(axis=1)
    return float(wrong.mean())


def _frames(split: Split) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows to learn from and the judging rows, with their targets."""
    parts = ((split.train, split.train_target), (split.test, split.test_target))
    train, test = (
        pl.from_pandas(pd.concat([frame, target.rename(TARGET)], axis=1)) for frame, target in parts
    )
    return train, test


def _said(model: Any, rows: pl.DataFrame, rung: str, split: Split) -> np.ndarray:
    said = model.predict if split.regression else model.predict_proba
    return np.asarray(said(rows, rung=rung))


def _answers(model: Any, rows: pl.DataFrame, rung: str, split: Split) -> np.ndarray:
    """Return numbers, or the probability of the second class, (n,)."""
    said = _said(model, rows, rung, split)
    return said if split.regression else said[:, 1]


def main(folder: str, draws: str = str(DRAWS), effort: str = "quick", sets: str = "") -> None:
    """Print a line per table and rung, then the means over tables."""
    warnings.filterwarnings("ignore")
    names = sets.split(",") if sets else list(DIRECTIONS)
    suite = Suite.read(Path(folder), names)
    print(f"{draws} draws, effort {effort}\n{'table':20s} rung     price, %   wrong way, %")
    prices: dict[str, list[float]] = {rung: [] for rung in RUNGS}
    for name in names:
        directions = DIRECTIONS[name]
        ratios: dict[str, list[float]] = {rung: [] for rung in RUNGS}
        wrong: dict[str, list[tuple[float, float]]] = {rung: [] for rung in RUNGS}
        whole = Split.of(suite.folder, suite.tables[name], seed=0, rows=MOST_ROWS)
        for seed in range(int(draws)):
            split = inner(whole, seed)
            free, held = (fitted(split, asked, effort, seed) for asked in ({}, directions))
            for rung in RUNGS:
                ratios[rung].append(error(held, split, rung) / error(free, split, rung))
                ways = (wrong_way(model, split, rung, directions) for model in (free, held))
                wrong[rung].append(tuple(ways))  # type: ignore[arg-type]
        for rung in RUNGS:
            price = 100 * (np.mean(ratios[rung]) - 1)
            prices[rung].append(float(price))
            deviation = f"± {100 * sem(ratios[rung]):.2f}" if len(ratios[rung]) > 1 else ""
            before, after = 100 * np.mean(wrong[rung], axis=0)
            print(
                f"{name:20s} {rung:6s} {price:+6.2f} {deviation:7s} {before:5.1f} {after:5.1f}",
                flush=True,
            )
    for rung, of_tables in prices.items():
        print(f"{'mean':20s} {rung:6s} {np.mean(of_tables):+6.2f}")
    print(circumstances(("gradum", "numpy", "scipy", "jax")))
