"""The share of 95% intervals stated with sampled values that contain the exact values.

There are five models of 13 columns, one too many for exact values by default. Each row has
background rows of its own, so that the errors of different rows are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

import gradum
from benchmarks.explanations import problems
from benchmarks.explanations.brute_force import answers_of, by_brute_force
from benchmarks.explanations.problems import TARGET
from benchmarks.page import table

COLUMNS, LEVELS = 13, {"c0": 2, "c1": 3, "c2": 6, "c3": 12}
TRAINING_ROWS, EXPLAINED, BACKGROUND_ROWS = 2_000, 40, 20
TOLERANCES = (0.001, 0.01)  # the default, and a rougher one
NORMAL_95 = 1.96
ROUNDING = 1e-6  # of the range of answers: a column without an effect has no error to cover


@dataclass(frozen=True)
class Kind:
    """A model to explain: its rung and what it learns."""

    title: str
    rung: Literal["mlp", "pack"]
    draw: Callable[[int, np.random.Generator], pl.DataFrame]


def coverage(tables: Path) -> str:
    """Fit the models, explain rows of each, and count."""
    lines, whole = [], []
    for seed, kind in enumerate(KINDS):
        shares = np.array(list(_shares(kind, seed)))
        whole.append(shares)
        lines.append([kind.title, len(shares), *_percent(shares)])
    every = np.concatenate(whole)
    lines.append(["all", len(every), *_percent(every)])
    lead = (
        f"Share of values within their stated 95% errors, {COLUMNS} columns, {BACKGROUND_ROWS} "
        "background rows, in percent ± one standard error over rows:\n"
    )
    head = ["", "rows", *(f"tolerance {tolerance}" for tolerance in TOLERANCES)]
    return f"{lead}\n{table(head, lines)}"


def _percent(shares: np.ndarray) -> list[str]:
    """Write the mean over rows (n, tolerances), with its standard error."""
    error = shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
    return [
        f"{100 * mean:.1f} ± {100 * each:.1f}"
        for mean, each in zip(shares.mean(axis=0), error, strict=True)
    ]


def _shares(kind: Kind, seed: int) -> Iterator[list[float]]:
    """Yield for each explained row the share of its values that their errors cover."""
    rng = np.random.default_rng(seed)
    train = kind.draw(TRAINING_ROWS, rng)
    rows = kind.draw(EXPLAINED, rng).drop(TARGET)
    model = gradum.fit(
        train, TARGET, model=kind.rung, effort="quick", learning_curve=False, seed=seed
    )
    columns, answer = train.drop(TARGET), answers_of(model, kind.rung)
    span = float(np.ptp(answer(columns)[:, -1]))
    for row in rows.iter_slices(1):
        background = columns[rng.choice(TRAINING_ROWS, BACKGROUND_ROWS, replace=False)]
        exact = by_brute_force(answer, row, background)[:, -1]
        shares = []
        for tolerance in TOLERANCES:
            found = model.explain(row, background=background, rung=kind.rung, tolerance=tolerance)
            shares.append(_covered(found.frame, exact, span))
        yield shares


def _covered(frame: pl.DataFrame, exact: np.ndarray, span: float) -> float:
    """Return the share of a row's values (of the last class) whose intervals hold the exact one."""
    value, error = (
        frame[name].to_numpy().reshape(len(exact), -1)[:, -1]
        for name in ("value", "sampling_error")
    )
    moving = error > ROUNDING * span
    return float(np.mean(np.abs(value - exact)[moving] <= NORMAL_95 * error[moving]))


def numbers(rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw columns of numbers only, and a target number."""
    return problems.draw(rows, COLUMNS, rng)


def mixed(rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw numbers and levels, and a target number that both decide together."""
    frame = problems.draw(rows, COLUMNS - len(LEVELS), rng)
    codes = {name: rng.integers(count, size=rows) for name, count in LEVELS.items()}
    moved = codes["c0"] * frame["x0"].to_numpy() + np.sin(codes["c2"]) + 0.1 * codes["c3"]
    levels = {name: pl.Series([f"level {code}" for code in each]) for name, each in codes.items()}
    return frame.with_columns(**levels, **{TARGET: pl.col(TARGET) + pl.Series(moved)})


def two_classes(rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw numbers and levels, and which of two classes they make likelier."""
    frame = mixed(rows, rng)
    likelier = pl.col(TARGET) + pl.Series(rng.logistic(size=rows)) > 0.5
    return frame.with_columns(
        pl.when(likelier).then(pl.lit("yes")).otherwise(pl.lit("no")).alias(TARGET)
    )


KINDS = (
    Kind("network, a number of numbers", "mlp", numbers),
    Kind("network, a number of mixed columns", "mlp", mixed),
    Kind("network, two classes", "mlp", two_classes),
    Kind("quick pack, a number", "pack", mixed),
    Kind("quick pack, two classes", "pack", two_classes),
)
