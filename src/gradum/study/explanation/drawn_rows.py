"""Some of many rows, drawn by chance."""

from __future__ import annotations

import numpy as np
import polars as pl


def drawn_rows(rows: pl.DataFrame, most: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return up to ``most`` of some rows, drawn without replacement, in their order."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]
