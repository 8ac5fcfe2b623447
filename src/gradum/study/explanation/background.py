"""Background rows: what the columns are like that a coalition does not bring."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.fitting.run import Run
from gradum.randomness import stream
from gradum.tables.split import Part

BACKGROUND_ROWS = 200


def thinned(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return up to `BACKGROUND_ROWS` of some rows, drawn by chance, in their order."""
    if len(rows) <= BACKGROUND_ROWS:
        return rows
    rng = stream(seed, "study", "background")
    return rows[np.sort(rng.choice(len(rows), BACKGROUND_ROWS, replace=False))]


def background_rows(run: Run) -> pl.DataFrame:
    """Return up to `BACKGROUND_ROWS` of the rows that a run learned from, without the target.

    They are drawn by weight and count equally from then on.
    """
    dataset, spec = run.dataset, run.fitted.spec
    learned = np.flatnonzero((run.parts != Part.TEST) | spec.refit)
    count = min(BACKGROUND_ROWS, len(learned))
    rng = stream(spec.seed, "study", "background")
    places = learned[drawn_by_weight(dataset.weight[learned], count, rng)]
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
