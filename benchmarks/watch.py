"""A watch: its false alarms, what it finds, and what it costs.

`python -m benchmarks watch [FITS] [ROWS]`: fits to 2,000 rows of 20 columns of every kind, each
watched on five tables of 2,000 rows from the same population, and on one table with one column
moved by 0.2 standard deviations; and a million rows watched by the command, with its seconds and
its peak resident memory. With 100 fits and a million rows, the figures replace those in
docs/accuracy.md.
"""

from __future__ import annotations

import tempfile
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

import gradum
from benchmarks.page import ACCURACY, publish, table
from benchmarks.peaks import Taken, measured
from benchmarks.sides import processes
from gradum.questions.watch.answer import ALARM
from gradum.study.watch.watched import Watched

FITS, TABLES, ROWS = 100, 5, 1_000_000
LEARNED, NEW = 2_000, 2_000
SHIFT = 0.2  # standard deviations
MOVED = "normal 0"
LEVELS = 1_000  # of a column whose levels follow Zipf's law


class Seen(NamedTuple):
    """For one fit: the shares of like tables with any drift and with an alarm; the moved column."""

    drift: float
    alarm: float
    found: float


def draw(rows: int, rng: np.random.Generator, shift: float = 0.0) -> pl.DataFrame:
    """Draw 20 columns and a target: numbers with and without ties, levels, dates, missing values.

    Columns are correlated, as in real tables: each number has half of its variance from a common
    number.
    """
    common = rng.normal(size=rows)
    columns: dict[str, np.ndarray | pl.Series] = {}
    for place in range(6):
        columns[f"normal {place}"] = (common + rng.normal(size=rows)) / sqrt(2)
    columns[MOVED] = columns[MOVED] + shift
    for place in range(2):
        columns[f"lognormal {place}"] = np.exp(common / 2 + rng.normal(size=rows))
    columns["whole"] = rng.poisson(np.exp(common / 4))
    columns["rarely above 0"] = np.where(rng.random(rows) < 0.03, rng.exponential(size=rows), 0.0)
    for place, share in enumerate((0.02, 0.3)):
        values = pl.Series(rng.normal(size=rows))
        columns[f"missing {place}"] = values.set(pl.Series(rng.random(rows) < share), None)
    columns["yes or no"] = rng.random(rows) < 0.2
    for count in (3, 12, 60):
        columns[f"{count} levels"] = _names(rng.integers(count, size=rows))
    zipf = 1 / np.arange(1, LEVELS + 1)
    columns["many levels"] = _names(rng.choice(LEVELS, rows, p=zipf / zipf.sum()))
    seconds = rng.integers(86_400 * 365, size=rows)
    columns["date"] = (np.datetime64("2025-01-01") + seconds.astype("m8[s]")).astype("M8[us]")
    for place in range(2):
        columns[f"uniform {place}"] = rng.random(rows)
    columns["target"] = common + rng.normal(size=rows)
    return pl.DataFrame(columns)


def _names(codes: np.ndarray) -> pl.Series:
    return pl.Series([f"level {code:03d}" for code in range(codes.max() + 1)])[codes]


def seen(seed: int) -> Seen:
    """Fit to rows, and watch others that are like them, and others that are not."""
    rng = np.random.default_rng(seed)
    model = gradum.fit(draw(LEARNED, rng), "target", model="linear")
    like = [model.watch(draw(NEW, rng)).found for _ in range(TABLES)]
    moved = model.watch(draw(NEW, rng, SHIFT)).found
    return Seen(
        float(np.mean([_any_drift(found) for found in like])),
        float(np.mean([bool(found.alarms) for found in like])),
        float(any(column.column == MOVED and column.drifted for column in moved.columns)),
    )


def _any_drift(found: Watched) -> bool:
    tests = [*found.columns, found.answers, found.joint]
    return any(test is not None and test.drifted for test in tests)


def main(fits: str = str(FITS), rows: str = str(ROWS)) -> None:
    """Measure, and print or publish the results."""
    with processes() as pool:
        counted = np.array(list(pool.map(seen, range(int(fits)))))
    text = report(counted, used(int(rows)), int(rows))
    packages = ("gradum", "numpy", "scipy", "scikit-learn")
    complete = int(fits) >= FITS and int(rows) >= ROWS
    publish("watch", text, packages, complete=complete, page=ACCURACY)


def report(counted: np.ndarray, taken: Taken, rows: int) -> str:
    """Write what was `seen` for each fit, and what the command took for the rows."""
    names = (
        "any drift, in rows of the same population",
        "an alarm, in rows of the same population",
        f"the moved column, where one is moved by {SHIFT} standard deviations",
    )
    return "\n".join(
        [
            f"{len(counted):,} fits of {LEARNED:,} rows of 20 columns, each watched on {TABLES} "
            f"tables of {NEW:,} rows of the same population, and on one of which a column is "
            "moved. Share of the tables in which a watch finds it, in percent ± one standard "
            "error:\n",
            table(
                ["found", "%"],
                [[name, _share(found)] for name, found in zip(names, counted.T, strict=True)],
            ),
            f"`gradum watch` of {rows:,} rows of these columns (Parquet), with its start: "
            f"{taken.seconds:.1f} s, {taken.busy:.1f} s of a processor, "
            f"{taken.peak / 1e6:,.0f} MB at the peak.\n",
        ]
    )


def used(rows: int) -> Taken:
    """Watch the given number of rows by the command; return what it took."""
    with tempfile.TemporaryDirectory() as folder:
        learned, new, run = (Path(folder, name) for name in ("a.parquet", "b.parquet", "run"))
        rng = np.random.default_rng(0)
        draw(20_000, rng).write_parquet(learned)
        draw(rows, rng).write_parquet(new)
        measured("fit", learned, "--target", "target", "--model", "linear", "--out", run)
        return measured("watch", run, new, ends=(0, ALARM))


def _share(found: np.ndarray) -> str:
    """Write a mean over fits with its standard error."""
    error = found.std() / sqrt(len(found))
    return f"{100 * found.mean():.1f} ± {100 * error:.1f}"
