"""How often a watch alarms without need, what it finds, and what it takes.

`python -m benchmarks watch [PAIRS] [ROWS]`: fits of 2,000 rows of 20 columns of every kind, each
watched on 2,000 rows of the same population, and on such rows of which one column is moved by 0.2
standard deviations; and a million rows watched by the command, with its seconds and its peak of
resident memory. With 500 pairs and a million rows the figures take their place in docs/accuracy.md.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

import gradum
from benchmarks.page import DOCS, circumstances, replace_section, table
from benchmarks.peaks import Taken, measured
from benchmarks.sides import CORES
from gradum.app.cli.watch import ALARM

PAIRS, MOVED_PAIRS, ROWS = 500, 100, 1_000_000
LEARNED, NEW = 2_000, 2_000
SHIFT = 0.2  # standard deviations
MOVED = "normal 0"
LEVELS = 1_000  # of a column of levels as common as Zipf has them


class Seen(NamedTuple):
    """Of one pair: any drift, and an alarm, in like rows; the moved column found in the others.

    The last is None of pairs after the first `MOVED_PAIRS`.
    """

    drift: bool
    alarm: bool
    found: bool | None


def draw(rows: int, rng: np.random.Generator, shift: float = 0.0) -> pl.DataFrame:
    """Draw 20 columns and a target: numbers with and without ties, levels, dates, missing values.

    Columns hang together, as those of a table do: each number has half of its variance from a
    common one.
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


def pair(seed: int) -> Seen:
    """Fit rows, and watch others that are like them, and others that are not."""
    rng = np.random.default_rng(seed)
    model = gradum.fit(draw(LEARNED, rng), "target", model="linear")
    like = model.watch(draw(NEW, rng)).found
    tests = [*like.columns, like.answers, like.joint]
    found = None
    if seed < MOVED_PAIRS:
        moved = model.watch(draw(NEW, rng, SHIFT)).found
        found = any(column.column == MOVED and column.drifted for column in moved.columns)
    drift = any(test is not None and test.drifted for test in tests)
    return Seen(drift, bool(like.alarms), found)


def main(pairs: str = str(PAIRS), rows: str = str(ROWS)) -> None:
    """Measure, and print or publish what was found."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context) as pool:
        seen = list(pool.map(pair, range(int(pairs))))
    counted = [
        [each[place] for each in seen if each[place] is not None]
        for place in range(len(Seen._fields))
    ]
    names = (
        "any drift, in rows of the same population",
        "an alarm, in rows of the same population",
        f"the moved column, in rows of which one is moved by {SHIFT} standard deviations",
    )
    taken = used(int(rows))
    text = "\n".join(
        [
            f"{int(pairs):,} pairs of {LEARNED:,} rows to learn from and {NEW:,} new ones, of 20 "
            f"columns; {len(counted[-1]):,} in which one column is moved. Share in which a watch "
            "finds it, in percent ± one standard error:\n",
            table(
                ["found", "%"],
                [[name, _share(found)] for name, found in zip(names, counted, strict=True)],
            ),
            f"`gradum watch` of {int(rows):,} rows of these columns (Parquet), with its start: "
            f"{taken.seconds:.1f} s, {taken.busy:.1f} s of a processor, "
            f"{taken.peak / 1e6:,.0f} MB at the peak.\n",
            circumstances(("gradum", "numpy", "scipy", "scikit-learn")) + "\n",
        ]
    )
    print(text)
    if int(pairs) >= PAIRS and int(rows) >= ROWS:
        replace_section(DOCS / "accuracy.md", "watch", text)


def used(rows: int) -> Taken:
    """Watch so many rows by the command; return what it took."""
    with tempfile.TemporaryDirectory() as folder:
        learned, new, run = (Path(folder, name) for name in ("a.parquet", "b.parquet", "run"))
        rng = np.random.default_rng(0)
        draw(20_000, rng).write_parquet(learned)
        draw(rows, rng).write_parquet(new)
        measured("fit", learned, "--target", "target", "--model", "linear", "--out", run)
        return measured("watch", run, new, ends=(0, ALARM))


def _share(found: Sequence[bool]) -> str:
    share = float(np.mean(found))
    return f"{100 * share:.1f} ± {100 * sqrt(share * (1 - share) / len(found)):.1f}"
