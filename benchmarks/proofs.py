"""``python -m benchmarks proofs FOLDER [SETS] [ROWS] [SECONDS] [RUNGS]``: what decides answers.

On tables and splits of `benchmarks.quality`, held-out rows are attacked while every column of
numbers may move by 1% of its interquartile range, all at once; and proofs that answers stay the
same are attempted. It prints the share of rows that each way decides, and what is left open. Then
proofs that do not use the attack are tried at sizes up to a whole interquartile range, and at the
very size of each change that the attack found: none may succeed there. Limits are seconds of wall
time, and the output is in CPU seconds, both per row; they need one thread.
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
from gradum.errors import GradumError
from gradum.questions.stress.attack import CURVE, attack
from gradum.questions.stress.budget import Budget
from gradum.questions.stress.proof import Claims, Proof, by_intervals, by_lines, claims_of
from gradum.questions.stress.reach import Reach
from gradum.questions.stress.stressed_rows import StressedRows, Threat
from gradum.study.certified.table_graph import TableGraph
from gradum.tables.check.check import check, widened
from gradum.tables.sources.read import read

SIZE = 0.01
"""The size of a move in interquartile ranges."""
CURVE_SHARE = 0.1
"""The share of the seconds for proofs at all sizes."""


def main(
    folder: str,
    sets: str = "",
    rows: str = "100",
    seconds: str = "1",
    rungs: str = "pack,mlp",
) -> None:
    """Print the figures of each table and rung; all tables of the suite if none is named."""
    suite = Suite.read(Path(folder))
    for name in sets.split(",") if sets else suite.tables:
        model, held_out = fitted(suite.folder, suite.tables[name])
        for rung in rungs.split(","):
            try:
                found = decided(model, held_out[: int(rows)], rung, float(seconds))
            except GradumError as error:
                found = error.message
            print(f"{name}, {rung}: {found}", flush=True)


def stressed_rows(model: gradum.Model, frame: pl.DataFrame, rung: str) -> StressedRows:
    """Return rows in which every column of numbers may move, by interquartile ranges."""
    fitted, threat = model.fitted, Threat(Budget.of("iqr", model.fitted))
    assert fitted.reference is not None
    table = check(read(frame), fitted.schema, encoder=fitted.encoder).frame
    rows, numbers = widened(table.select(model.features)), np.arange(len(table))
    return StressedRows(fitted, fitted.rung(rung), fitted.reference, rows, numbers, threat)


def decided(model: gradum.Model, frame: pl.DataFrame, rung: str, seconds: float) -> str:
    """Say what share of rows each way decides, what it costs, and what contradicts the attack."""
    stressed = stressed_rows(model, frame, rung)
    rows = stressed.rows
    began = process_time()
    attacked = attack(stressed)
    took = process_time() - began
    radii = np.array([np.inf if row.radius is None else row.radius for row in attacked.rows])
    table_graph = TableGraph(stressed.fitted, stressed.rung)
    reach = Reach.of(stressed)
    claims = claims_of(table_graph, [row.answer for row in attacked.rows], attacked)
    changed = radii <= SIZE
    refuted = np.where(changed, 0.0, np.inf)
    proof = Proof(table_graph, reach, claims, refuted, np.array([SIZE]))
    began = process_time()
    proof.run(seconds * len(rows))
    proving = process_time() - began
    counted = Counter(stage or "nothing" for stage in np.array(proof.stages)[~changed])
    parts = [f"attack {changed.mean():.0%} ({took / len(rows):.3f} s)"]
    parts += [f"{stage} {count / len(rows):.0%}" for stage, count in counted.items()]
    parts.append(f"proofs take {proving / len(rows):.3f} s")
    seconds *= CURVE_SHARE
    return f"{', '.join(parts)}; {beside(table_graph, reach, claims, radii, seconds)}"


def beside(
    table_graph: TableGraph, reach: Reach, claims: Claims, radii: np.ndarray, seconds: float
) -> str:
    """Say how many proofs succeed for rows whose answers the attack changed at some radii (n,)."""
    nothing = np.full(len(radii), np.inf)
    proof = Proof(table_graph, reach, claims, nothing, np.array([0.0, *CURVE]))
    proof.run(seconds * len(radii))
    attacked = np.flatnonzero(np.isfinite(radii))
    there = proof.bounded("crown", [by_intervals, by_lines], attacked, radii[attacked])
    beyond = np.count_nonzero(proof.proved >= radii)
    at_radius = sum(stage is not None for stage in there)
    return (
        f"{beyond} of {len(radii)} rows proved at a size at which the attack changes them, "
        f"{at_radius} of {len(attacked)} at the very size"
    )
