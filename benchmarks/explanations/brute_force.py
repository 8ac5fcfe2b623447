"""Shapley values by `Model.predict` alone: the rows of all coalitions are written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

import gradum
from benchmarks.explanations.definition import shapley_values

Answer = Callable[[pl.DataFrame], np.ndarray]
"""Maps rows (n) to answers (n, k)."""


def answers_of(model: gradum.Model, rung: str) -> Answer:
    """Return a rung's answers for rows: the probability of each class, or one number."""
    if model.classes:
        return lambda rows: model.predict_proba(rows, rung=rung)
    return lambda rows: model.predict(rows, rung=rung)[:, None]


def by_brute_force(answer: Answer, row: pl.DataFrame, background: pl.DataFrame) -> np.ndarray:
    """Return the Shapley values (d, k) for a table of one row against B background rows."""
    answers = answer(coalition_rows(row, background))
    worths = answers.reshape(-1, len(background), answers.shape[1]).mean(axis=1)
    return shapley_values(worths)


def coalition_rows(row: pl.DataFrame, background: pl.DataFrame) -> pl.DataFrame:
    """Write out 2^d B rows: line S B + b is for coalition S and background row b.

    Column i has the row's value if bit i of S is set, else that of b.
    """
    count = len(background)
    stacked = pl.concat([background, row])
    coalition, behind = np.divmod(np.arange(2**row.width * count), count)
    return stacked.select(
        pl.col(column).gather(np.where(coalition >> place & 1, count, behind))
        for place, column in enumerate(row.columns)
    )
