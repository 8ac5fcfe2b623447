"""`Model.explain` against brute force through `predict`: up to 12 columns of real tables.

It reports the greatest difference of a value, as a share of the range of the answers for the
table's rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum
from benchmarks.explanations.brute_force import answers_of, by_brute_force
from benchmarks.page import table
from benchmarks.quality.sets import Suite

SETS = ("bike_sharing_hour", "mpls_stops", "covertype_20k")
RUNGS = ("linear", "mlp", "pack")
TABLE_ROWS, BACKGROUND_ROWS, EXPLAINED = 2_000, 10, 3


def agreement(tables: Path) -> str:
    """Fit every rung to each table, and compare."""
    suite = Suite.read(tables, list(SETS))
    lines = []
    for name, each in suite.tables.items():
        rows = pl.read_parquet(suite.folder / each.file).drop_nulls(each.target)
        rows = rows.drop(each.left_out, strict=False).sample(TABLE_ROWS, seed=0)
        model = gradum.fit(
            rows,
            each.target,
            task=each.task,
            categorical=[*each.categorical],
            effort="quick",
            learning_curve=False,
            seed=0,
        )
        columns = rows.drop(each.target)
        kinds = f"{columns.width - len(each.categorical)} + {len(each.categorical)}"
        differences = [f"{greatest_difference(model, columns, rung):.1g}" for rung in RUNGS]
        lines.append([name, kinds, each.task, *differences])
    lead = (
        f"Greatest difference between `Model.explain` and all coalitions through `predict`, over "
        f"the range of the answers; {EXPLAINED} rows, {BACKGROUND_ROWS} background rows:\n"
    )
    return f"{lead}\n{table(['', 'numbers + categories', 'task', *RUNGS], lines)}"


def greatest_difference(model: Any, columns: pl.DataFrame, rung: str) -> float:
    """Return max |φ − φ by brute force| over rows, columns and classes, relative to the range."""
    answer = answers_of(model, rung)
    span = np.ptp(answer(columns), axis=0)
    background = columns.tail(BACKGROUND_ROWS)
    explained = columns.head(EXPLAINED)
    values = model.explain(explained, background=background, rung=rung).frame["value"].to_numpy()
    values = values.reshape(EXPLAINED, columns.width, len(span))
    expected = [by_brute_force(answer, row, background) for row in explained.iter_slices(1)]
    return float(np.max(np.abs(values - np.array(expected)) / span))
