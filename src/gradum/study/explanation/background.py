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

    They are drawn by chance, the likelier the more they weigh, and count equally from then on.
    """
    dataset, spec = run.dataset, run.fitted.spec
    learned = np.flatnonzero((run.parts != Part.TEST) | spec.refit)
    count = min(BACKGROUND_ROWS, len(learned))
    weight = dataset.weight[learned]
    rng = stream(spec.seed, "study", "background")
    drawn = rng.choice(learned, count, replace=False, p=weight / weight.sum())
    columns = [column.name for column in run.fitted.schema.features]
    return dataset.frame[np.sort(drawn)].select(columns)
