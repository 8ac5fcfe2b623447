"""The estimate of a run's time and memory, announced before it trains if either is large.

The formulas count floating-point operations. The time of an operation was measured on 20 tables of
1,000 to 330,000 rows, on one core that multiplies small float32 matrices at 95 GFLOP/s. The machine
at hand is timed for some milliseconds and compared with that core. An estimate is right within a
factor of two or three. A time limit is not scaled: its seconds are those of the machine at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from gradum.core_count import cores
from gradum.messages import say
from gradum.run.events.events import Expected
from gradum.run.memory.memory import Width, training_bytes
from gradum.run.plan import Plan
from gradum.run.spec.spec import Spec
from gradum.rungs.allowance import Allowance
from gradum.rungs.cost import Fit, encoded_bytes
from gradum.rungs.kind import RungKind
from gradum.rungs.registry import kinds_for
from gradum.tables.formats.size_limits import available_memory
from gradum.tables.kinds.design import Layout
from gradum.tables.wording import size

WORTH_TELLING = 60.0  # seconds
REFERENCE = 9.5e10  # floating-point operations per second of the machine that was measured

# seconds, whatever the rungs
VALUE = 2.5e-7  # per value that is encoded, taken and predicted in one fit
GRID_BYTE = 4.3e-7  # per byte of a picture or sound, which a fit reads and encodes six times
JUDGED = 1e-4  # per test row, whose numbers are predicted and resampled
JUDGED_CLASS, JUDGED_CLASSES = 2.5e-5, 2e-4  # more: for each class, and if there are classes


def expect(spec: Spec, plan: Plan, layout: Layout, classes: int) -> Expected:
    """Return what a run will take; it is much if it is long or needs more memory than is left.

    Parameters
    ----------
    plan : Plan
        The fits of the run, and their rows.
    layout : Layout
        The columns of the Design.
    classes : int
        0 for regression.
    """
    slower = REFERENCE / _speed()
    seconds = reference_seconds(spec, plan, layout, classes) * slower
    if spec.time_limit is not None:
        seconds = min(seconds, spec.time_limit)
    width = Width.of(layout, classes)
    needed = int(training_bytes(len(plan.kept), width, spec))
    left = available_memory()
    short = left is not None and needed > left
    sentence = say(
        "Training and judging will take about {duration} and {needed} of memory.",
        duration=_duration(seconds),
        needed=size(needed),
    )
    if short:
        sentence = say(
            "This will take about {needed} of memory, but only {left} are left: "
            "give fewer rows, or leave out columns with --drop.",
            needed=size(needed),
            left=size(left or 0),
        )
    return Expected(seconds, needed, sentence, much=seconds > WORTH_TELLING or short)


def expect_in_blocks(
    spec: Spec, rows: int, layout: Layout, classes: int, *, reading: float, workers: int
) -> Expected:
    """Return what a run on a table in blocks will take, besides the memory that bounds it.

    Parameters
    ----------
    layout : Layout
        The columns of the Design, as far as a sample of the rows tells.
    classes : int
        0 for regression.
    reading : float
        The seconds that a row of the sample took to be read, checked and measured.
    workers : int
        How many tasks are done at a time.
    """
    fit = Fit(rows, 0, layout, classes)
    slower, seconds = REFERENCE / _speed(), 2 * reading * rows * cores() / workers
    for kind in kinds_for(spec.rungs, grids=bool(layout.grids)):
        if kind.in_blocks:
            seconds += slower * kind.seconds_in_blocks(spec.of_rung(kind.name), fit, workers)
    if spec.time_limit is not None:
        seconds = min(seconds, spec.time_limit)
    disk = rows * encoded_bytes(layout)
    sentence = say(
        "The table is read twice; {disk} of encoded rows are written to disk and learned from in "
        "passes. This will take about {duration}.",
        disk=size(disk),
        duration=_duration(seconds),
    )
    return Expected(seconds, disk, sentence, much=seconds > WORTH_TELLING)


def share_out(
    spec: Spec,
    plan: Plan,
    layout: Layout,
    classes: int,
    *,
    kinds: Sequence[RungKind[Any]],
    end: float,
) -> Allowance:
    """Return how fits of some kinds share the time until ``end`` of the performance counter."""
    slower = REFERENCE / _speed()
    fits = [slower * seconds for seconds in fits_in_order(spec, plan, layout, classes, kinds)]
    if spec.refit:  # the verdict chooses the rung that is refitted
        fits[-len(kinds) :] = [max(fits[-len(kinds) :])]
    return Allowance(end, fits, slower * around(spec, plan, layout, classes))


def reference_seconds(spec: Spec, plan: Plan, layout: Layout, classes: int) -> float:
    """Return the seconds of a run on the machine that was measured.

    This is the time to encode, predict and judge the rows of all fits, and to fit all rungs.
    """
    kinds = kinds_for(spec.rungs, grids=bool(layout.grids))
    fitting = sum(fits_in_order(spec, plan, layout, classes, kinds))
    return around(spec, plan, layout, classes) + fitting


def around(spec: Spec, plan: Plan, layout: Layout, classes: int) -> float:
    """Return the seconds of everything but the fits."""
    width = Width.of(layout, classes)
    values = width.numbers + 2 * width.codes + width.entries
    encoded = VALUE * values + GRID_BYTE * sum(prod(grid.shape) for grid in layout.grids)
    judged = JUDGED + (JUDGED_CLASSES + JUDGED_CLASS * classes if classes else 0.0)
    return sum(encoded * sum(rows) + judged * rows[-1] for rows in _rows(spec, plan))


def fits_in_order(
    spec: Spec, plan: Plan, layout: Layout, classes: int, kinds: Sequence[RungKind[Any]]
) -> list[float]:
    """Return the seconds of each rung of each fit, in order; the first fits also compile."""
    seconds = []
    for place, (train, validation, _) in enumerate(_rows(spec, plan)):
        fit = Fit(train, validation, layout, classes)
        for kind in kinds:
            compiling = kind.compiling if place == 0 else 0.0
            seconds.append(compiling + kind.seconds(spec.of_rung(kind.name), fit))
    return seconds


def _rows(spec: Spec, plan: Plan) -> list[tuple[int, int, int]]:
    """Return how many rows each fit is trained on, stopped by and judged by."""
    fits = [plan.kept, *plan.folds, *([plan.kept] if spec.refit else [])]
    counts = [np.bincount(parts[parts >= 0], minlength=4).tolist() for parts in fits]
    return [(train, validation, test) for train, validation, _, test in counts]


def _speed() -> float:
    """Return the operations per second of a matrix product that is too small for several cores."""
    matrix, times = np.ones((64, 64), np.float32), 10

    def seconds() -> float:
        began = perf_counter()
        for _ in range(times):
            np.matmul(matrix, matrix)
        return perf_counter() - began

    return times * 2 * 64**3 / min(seconds() for _ in range(30))


def _duration(seconds: float) -> str:
    if seconds < 100:
        return say("{seconds:.0f} seconds", seconds=max(round(seconds, -1), 10))
    minutes = seconds / 60
    if minutes < 100:
        return say("{minutes:.0f} minutes", minutes=minutes)
    return say("{hours:.0f} hours", hours=minutes / 60)
