"""Counterfactuals compared with DiCE's: ladders fitted to two tables, run in DiCE's environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl

from benchmarks.environments import python_with, version_in
from benchmarks.page import DOCS
from benchmarks.quality.sets import Suite, Table
from benchmarks.sides import Absent

SETS = ("german_credit", "adult")
TABLE_ROWS, EXPLAINED = 4_000, 20
BUILD = Path("build/explanations")
REPOSITORY = DOCS.parent
GRADUM = Path(sys.executable).with_name("gradum")


def counterfactuals(tables: Path) -> str:
    """Fit a ladder to each table, and compare the changes that flip its decisions."""
    try:
        python = python_with("dice-ml", str(REPOSITORY))
    except Absent as reason:
        return f"DiCE is absent ({reason}).\n"
    suite = Suite.read(tables, list(SETS))
    parts = [
        f"{EXPLAINED} rows of {name}, dice-ml {version_in(python, 'dice-ml')}:\n\n"
        f"{_compared(suite.folder, name, each, python)}"
        for name, each in suite.tables.items()
    ]
    return "\n".join(parts)


def _compared(folder: Path, name: str, each: Table, python: str) -> str:
    """Return the table for one set, printed by `benchmarks.explanations.counterfactuals`."""
    run, rows = BUILD / f"{name}-run", BUILD / f"{name}.parquet"
    BUILD.mkdir(parents=True, exist_ok=True)
    frame = pl.read_parquet(folder / each.file)
    frame.sample(min(TABLE_ROWS, len(frame)), seed=0, shuffle=True).write_parquet(rows)
    fit = [str(GRADUM), "fit", str(rows), "--target", each.target]
    subprocess.run([*fit, "-o", str(run), "--force"], check=True, stdout=subprocess.DEVNULL)
    compare = [python, "-m", "benchmarks.explanations.counterfactuals"]
    # The environment has gradum's dependencies; gradum itself comes from this repository.
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    ended = subprocess.run(
        [*compare, str(run), str(rows), str(EXPLAINED)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    return ended.stdout
