"""The time to explain a row with a standard pack of 12 columns, on two cores."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.page import table
from benchmarks.quality.sets import Suite
from benchmarks.sides import Figures, Round, Side, in_turns, spread

SET = "bike_sharing_hour"
TABLE_ROWS, EXPLAINED, ROUNDS = 4_000, 5, 3
TOLERANCES = (0.001, 0.01)  # the default, and a rougher one
SECONDS, CPU_SECONDS, HALF_WIDTH = "seconds a row", "CPU s a row", "half-width"
NORMAL_95 = 1.96


def pack(tables: Path) -> str:
    """Time the explanation of some rows, and report the half-width that their values reached."""
    side = Side("pack", explaining, {"tables": str(tables)}, {"OMP_NUM_THREADS": None})
    (measured,) = in_turns([side], ROUNDS)
    lines = [
        [
            f"tolerance {tolerance}",
            *(spread(measured.all(f"{figure} {tolerance}")) for figure in (SECONDS, CPU_SECONDS)),
            f"{100 * measured.median(f'{HALF_WIDTH} {tolerance}'):.2g}%",
        ]
        for tolerance in TOLERANCES
    ]
    lead = (
        f"A standard pack of the 12 columns of {SET}, {TABLE_ROWS:,} rows; the half-width of the "
        "widest 95% interval is over the range of the answers:\n"
    )
    return f"{lead}\n{table(['', SECONDS, CPU_SECONDS, HALF_WIDTH], lines)}"


def explaining(tables: str) -> Round:
    """Fit the pack, and return the round that explains rows of it against its own background."""
    import gradum

    suite = Suite.read(Path(tables), [SET])
    each = suite.tables[SET]
    rows = pl.read_parquet(suite.folder / each.file).sample(TABLE_ROWS, seed=0)
    options = {"categorical": [*each.categorical], "learning_curve": False}
    model = gradum.fit(rows, each.target, model="pack", seed=0, **options)
    span = float(np.ptp(model.predict(rows, rung="pack")))
    explained = rows.drop(each.target).head(EXPLAINED)

    def one_round() -> Figures:
        figures = {}
        for tolerance in TOLERANCES:
            began, used = time.perf_counter(), time.process_time()
            explanation = model.explain(explained, rung="pack", tolerance=tolerance)
            seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
            widest = NORMAL_95 * explanation.frame["sampling_error"].to_numpy().max()
            figures |= {
                f"{SECONDS} {tolerance}": seconds / EXPLAINED,
                f"{CPU_SECONDS} {tolerance}": cpu_seconds / EXPLAINED,
                f"{HALF_WIDTH} {tolerance}": widest / span,
            }
        return figures

    return one_round
