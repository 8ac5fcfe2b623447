"""Rows drawn by chance, and the background rows: they fill in the columns outside a coalition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradum.randomness import stream
from gradum.tables.split import Part

if TYPE_CHECKING:
    from gradum.fitting.run import Run

BACKGROUND_ROWS = 200


def given_background(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return up to `BACKGROUND_ROWS` of the rows that somebody gives as a background."""
    return drawn_rows(rows, BACKGROUND_ROWS, stream(seed, "study", "background"))


def background_rows(run: Run) -> pl.DataFrame:
    """Return up to `BACKGROUND_ROWS` of the rows that a run learned from, without the target."""
    learned = (run.parts != Part.TEST) | run.fitted.spec.refit
    return background_among(run, learned, BACKGROUND_ROWS)


def background_among(run: Run, learned: np.ndarray, most: int) -> pl.DataFrame:
    """Return up to ``most`` of a run's rows where a mask (n,) holds, without the target.

    They are drawn by weight and count equally from then on.
    """
    dataset, spec = run.dataset, run.fitted.spec
    places = np.flatnonzero(learned)
    rng = stream(spec.seed, "study", "background")
    places = places[drawn_by_weight(dataset.weight[places], min(most, len(places)), rng)]
    columns = [column.name for column in run.fitted.schema.features]
    return dataset.frame[places].select(columns)


def drawn_by_weight(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw places of rows, rising: each count w / Σ w times on average, to less than one.

    Of equal weights none comes twice; a row that weighs more than Σ w / count does. Systematic
    sampling of shuffled rows: W. G. Madow, On the theory of systematic sampling, II (1949).
    """
    order = rng.permutation(len(weight))
    reached = np.cumsum(weight[order])
    points = (rng.random() + np.arange(count)) / count * reached[-1]
    return np.sort(order[np.searchsorted(reached, points, side="right")])


def drawn_rows(rows: pl.DataFrame, most: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return up to ``most`` of some rows, drawn without replacement, in their order."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]
