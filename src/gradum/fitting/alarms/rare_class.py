"""Rare classes: too few judged rows for a class's scores to mean anything."""

from __future__ import annotations

import numpy as np

from gradum.fitting.alarm import Alarm
from gradum.fitting.dataset import Dataset
from gradum.fitting.plan import Plan
from gradum.tables.split import Part

FEWEST_ROWS = 10
SHOWN = 8


def rare_classes(dataset: Dataset, plan: Plan) -> tuple[Alarm, ...]:
    """List the classes with fewer than 10 judged rows.

    Of n rows, the share that is predicted as their class has a 95% interval of up to
    ±1.96 √(¼ / n): 31 points for n = 10.
    """
    assert dataset.schema.target is not None
    judged = np.any([parts == Part.TEST for parts in plan.folds or [plan.kept]], axis=0)
    if not dataset.classes:
        return ()
    counts = np.bincount(dataset.target[judged], minlength=len(dataset.classes))
    rare = [int(code) for code in np.argsort(counts, kind="stable") if counts[code] < FEWEST_ROWS]
    if not rare:
        return ()
    name = dataset.schema.target.name
    listed = ", ".join(f"{dataset.classes[code]!r} ({counts[code]})" for code in rare[:SHOWN])
    others = f" and {len(rare) - SHOWN:,} more" if len(rare) > SHOWN else ""
    held_out = not plan.folds and dataset.own_rows == len(dataset)
    every = ", or let every row judge with --cv 5" if held_out else ""
    sentence = (
        f"Fewer than {FEWEST_ROWS} judged rows of {name!r} are {listed}{others}, so scores of such "
        "a class are uncertain by 30 points and more: give more rows of it, or merge it with "
        f"another{every}."
    )
    return (Alarm("rare class", sentence, (name,)),)
