"""``python -m benchmarks chance FOLDER [SETS] [ROWS] [TIMES] [RUNGS]``: the attack beside chance.

On tables and splits of `benchmarks.quality`, the attack on held-out rows is compared with a random
search that may ask for `TIMES` as many answers. The search draws corners and inner points of ever
smaller boxes and, once a change is known, half of its points near that change. The output says on
how many rows each finds the nearer change, and by what share of it at most.
"""

from __future__ import annotations

from pathlib import Path
from time import process_time

import numpy as np
import polars as pl

import gradum
from benchmarks.certified import fitted
from benchmarks.proofs import stressed_rows
from benchmarks.quality.sets import Suite
from gradum.questions.stress.aims import ClassAims, NumberAims, far_of
from gradum.questions.stress.attack import attack
from gradum.questions.stress.stressed_rows import StressedRows
from gradum.randomness import stream

BATCH = 5_000
FINEST = 10  # decimals: how near to the nearest known change points are drawn at most
EQUAL = (0.0, 1e-9, 1e-6, 1e-3)
"""Shares by which a change must be nearer to count as nearer."""


def main(
    folder: str,
    sets: str = "german_credit,eucalyptus,california_housing,magic_telescope",
    rows: str = "25",
    times: str = "100",
    rungs: str = "mlp",
) -> None:
    """Print a line per table and rung."""
    suite = Suite.read(Path(folder))
    for name in sets.split(","):
        model, held_out = fitted(suite.folder, suite.tables[name])
        for rung in rungs.split(","):
            print(f"{name}, {rung}: {beside(model, held_out, rung, int(rows), int(times))}")


def beside(model: gradum.Model, frame: pl.DataFrame, rung: str, count: int, times: int) -> str:
    """Say on how many of the first rows that the attack changes each search is ahead."""
    stressed = stressed_rows(model, frame[:count], rung)
    rows, numbers = stressed.rows, stressed.numbers
    began = process_time()
    found = attack(stressed)
    took = (process_time() - began) / len(rows)
    radii = np.array([np.inf if row.radius is None else row.radius for row in found.rows])
    draws = times * found.evaluations // len(rows)
    drawn = np.array([by_chance(stressed.take(numbers[[row]]), draws) for row in range(count)])
    reached = np.isfinite(radii) | np.isfinite(drawn)
    with np.errstate(invalid="ignore"):
        ahead = np.where(reached, (radii - drawn) / np.minimum(radii, drawn), 0.0)
    ahead[np.isinf(radii) & np.isfinite(drawn)] = np.inf
    nearer = [f"{np.sum(ahead > share)} by more than {share:g}" for share in EQUAL]
    return (
        f"{reached.sum()} of {len(rows)} answers changed, the attack's nearer on "
        f"{np.sum(ahead < 0)}, those of {draws:,} random points a row on {', '.join(nearer)}, "
        f"at most by {max(ahead.max(), 0.0):.2g}; the attack takes {took:.3f} s a row"
    )


def by_chance(stressed: StressedRows, draws: int) -> float:
    """Return the least size of a change of one row that random points find."""
    moves, threat, present = stressed.moves, stressed.threat, stressed.answers(stressed.rows)
    if stressed.fitted.classes:
        aims = ClassAims.of(present)
    else:
        aims = NumberAims.of(present, far_of(stressed.rung, threat.share))
    rng, copies = stream(1, "study", "stress"), np.zeros(BATCH, np.intp)
    least, best = np.inf, np.zeros(moves.count)
    for _ in range(-(-draws // BATCH)):
        directions = rng.uniform(-1, 1, (BATCH, moves.count))
        directions[: BATCH // 2] = np.sign(directions[: BATCH // 2])
        shifts = directions * rng.uniform(0, min(least, threat.budget.full), (BATCH, 1))
        if np.isfinite(least):
            near = 10.0 ** -rng.uniform(0, FINEST, (BATCH // 2, 1))
            moved = rng.random((BATCH // 2, moves.count)) < rng.random((BATCH // 2, 1))
            around = best + near * least * moved * rng.uniform(-2, 2, moved.shape)
            ends = least * (1 - near * rng.random((BATCH // 2, 1)))
            shifts[::2] = np.clip(around, -ends, ends)
        places = moves.places(copies, shifts)
        prediction = stressed.answers(moves.frame(copies, places))
        changed = aims.progress(prediction, copies).changed
        sizes = np.where(changed, moves.distances(copies, places), np.inf)
        if sizes.min() < least:
            least, best = float(sizes.min()), shifts[sizes.argmin()]
    return least
