"""Rare classes: too few judged rows for a class's scores to mean anything."""

from __future__ import annotations

import numpy as np

from gradum.messages import listed, say
from gradum.run.alarm import Alarm
from gradum.run.dataset import Dataset
from gradum.run.plan import Plan
from gradum.tables.split import Part

FEWEST_ROWS = 10
SHOWN = 8


def rare_classes(dataset: Dataset, plan: Plan) -> tuple[Alarm, ...]:
    """Return an alarm that lists the classes with fewer than 10 judged rows.

    With n rows, the share predicted as their own class has a 95% interval of up to ±1.96 √(¼ / n):
    31 points for n = 10.
    """
    judged = np.any([parts == Part.TEST for parts in plan.folds or [plan.kept]], axis=0)
    if not dataset.classes:
        return ()
    counts = np.bincount(dataset.target[judged], minlength=len(dataset.classes))
    rare = [int(code) for code in np.argsort(counts, kind="stable") if counts[code] < FEWEST_ROWS]
    if not rare:
        return ()
    name = dataset.schema.learned_target.name
    classes = listed([f"{dataset.classes[code]!r} ({counts[code]})" for code in rare[:SHOWN]])
    if len(rare) > SHOWN:
        classes = say("{shown} and {more:,} more", shown=classes, more=len(rare) - SHOWN)
    values = {"fewest": FEWEST_ROWS, "target": name, "classes": classes}
    if not plan.folds and dataset.own_rows == len(dataset):
        sentence = say(
            "Fewer than {fewest} judged rows each are of these classes of {target!r}: {classes}. "
            "Their scores are uncertain by 30 points and more: give more rows of them, merge "
            "them with other classes, or let every row judge with --cv 5.",
            **values,
        )
        option = "--cv 5"
    else:
        sentence = say(
            "Fewer than {fewest} judged rows each are of these classes of {target!r}: {classes}. "
            "Their scores are uncertain by 30 points and more: give more rows of them, or merge "
            "them with other classes.",
            **values,
        )
        option = ""
    brief = say("Too few judged rows to score the classes {classes}", classes=classes)
    return (Alarm("rare class", sentence, (name,), brief, option),)
