"""``python -m benchmarks proofs FOLDER [SETS] [ROWS] [SECONDS]``: what decides that answers stay.

On tables and splits of `benchmarks.quality`, held-out rows are attacked while every column of
numbers may move by 1% of its interquartile range, all at once; and it is tried to prove that
answers stay. Printed is the share of rows that each way decides, and what is left open. Seconds are
CPU seconds a row; they need one thread.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl

import gradum
from benchmarks.certified import fitted
from benchmarks.quality.sets import Suite
from gradum.api.stress import threat_of
from gradum.study.certified.table_graph import TableGraph
from gradum.study.stress.attack import attack
from gradum.study.stress.certified import claims_of
from gradum.study.stress.proof import Proof
from gradum.study.stress.reach import Reach
from gradum.study.stress.stressed_rows import StressedRows
from gradum.tables.check import check, widened
from gradum.tables.read import read

SIZE = 0.01
"""Interquartile ranges."""


def main(
    folder: str,
    sets: str = "german_credit,magic_telescope,california_housing",
    rows: str = "100",
    seconds: str = "1",
) -> None:
    """Print the figures of each table."""
    suite = Suite.read(Path(folder))
    for name in sets.split(","):
        model, held_out = fitted(suite.folder, suite.tables[name])
        print(f"{name}: {decided(model, held_out[: int(rows)], float(seconds))}", flush=True)


def decided(model: gradum.Model, frame: pl.DataFrame, seconds: float) -> str:
    """Say what share of rows each way decides, and what it takes."""
    known, threat = model.fitted, threat_of(model.fitted, budget="iqr", levels=0, share=0.1)
    assert known.reference is not None
    table = check(read(frame), known.schema, encoder=known.encoder).frame
    rows, rung = widened(table.select(model.features)), known.rung(None)
    stressed = StressedRows(known, rung, known.reference, rows, np.arange(len(rows)), threat)
    began = process_time()
    attacked = attack(stressed)
    took = process_time() - began
    table_graph = TableGraph(known, rung)
    changed = np.array([row.radius is not None and row.radius <= SIZE for row in attacked.rows])
    claims = claims_of(table_graph, [row.answer for row in attacked.rows], attacked)
    refuted = np.where(changed, 0.0, np.inf)
    proof = Proof(table_graph, Reach.of(stressed), claims, refuted, np.array([SIZE]))
    began = process_time()
    proof.run(seconds * len(rows))
    counted = Counter(stage or "nothing" for stage in np.array(proof.stages)[~changed])
    parts = [f"attack {changed.mean():.0%} ({took / len(rows):.3f} s)"]
    parts += [f"{stage} {count / len(rows):.0%}" for stage, count in counted.items()]
    return f"{', '.join(parts)}; proofs take {(process_time() - began) / len(rows):.3f} s"
