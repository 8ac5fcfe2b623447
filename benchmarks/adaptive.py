"""The long-run coverage of adaptive intervals, beside that of a fixed threshold.

`python -m benchmarks adaptive FOLDER` fits the linear rung to the first half of three years of
half-hourly electricity demand (vic_elec), and answers the second half in the order of time.
Outcomes arrive after each half hour. "split" always uses the threshold of the same judged rows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from msgspec import structs

import gradum
from benchmarks.page import ACCURACY, publish, table
from gradum.questions.rows.judges import conformal_of
from gradum.tables.check.check import check
from gradum.tables.sources.read import read

FILE, TIME, TARGET = "vic_elec.parquet", "Time", "Demand"
COVERAGES = (0.9, 0.95)


def main(folder: str) -> None:
    """Print a line for each coverage and method, and publish it."""
    rows = pl.read_parquet(Path(folder) / FILE).sort(TIME)
    half = len(rows) // 2
    model = gradum.fit(rows[:half], TARGET, time=TIME, model="linear", learning_curve=False)
    later = rows[half:]
    target = later[TARGET].to_numpy()
    month = later[TIME].dt.truncate("1mo").rank("dense").to_numpy() - 1
    lines = []
    for coverage in COVERAGES:
        followed = model.predict_interval(later, coverage=coverage)
        for way, ends in (("adaptive", followed), ("split", _fixed(model, later, coverage))):
            low, high = ends.T
            covered = (low <= target) & (target <= high)
            by_month = np.bincount(month, covered) / np.bincount(month)
            beyond = np.maximum(low - target, 0) + np.maximum(target - high, 0)
            score = high - low + 2 / (1 - coverage) * beyond
            lines.append(
                [
                    f"{coverage:.0%}, {way}",
                    f"{covered.mean():.2%}",
                    f"{by_month.min():.1%} to {by_month.max():.1%}",
                    f"{np.mean(high - low):,.0f}",
                    f"{score.mean():,.0f}",
                ]
            )
    head = ["asked for", "covered", "by month", "mean width", "interval score"]
    text = (
        f"{len(later):,} half hours after {half:,}; widths and interval scores, of which the "
        f"smaller is the better, in MW:\n\n{table(head, lines)}"
    )
    publish("adaptive", text, ("gradum", "jax", "numpy"), page=ACCURACY)


def _fixed(model: gradum.Model, later: pl.DataFrame, coverage: float) -> np.ndarray:
    """Return the intervals (n, 2) of the fixed conformal quantile of all judged rows."""
    following = conformal_of(model, coverage)
    scores = replace(following.scores, moment=None)
    terms = structs.replace(following.terms, name="split")
    fixed = replace(following, terms=terms, scores=scores)
    checked = check(read(later), model.fitted.schema, encoder=model.fitted.encoder)
    return fixed.intervals(checked.frame)
