"""The judges of a run that looked at each row once."""

from __future__ import annotations

import numpy as np

from gradum.fitting.run import Judge, Run
from gradum.tables.split import Part


def first_repeat(run: Run) -> tuple[Judge, ...]:
    """Return the judges up to the first that judges a row again.

    Of a hold-out that is the only one; of a repeated cross-validation, the folds of the first
    repeat.
    """
    chosen: list[Judge] = []
    judged = np.zeros(len(run.dataset), bool)
    for judge in run.judges:
        tested = judge.parts == Part.TEST
        if (judged & tested).any():
            break
        judged |= tested
        chosen.append(judge)
    return tuple(chosen)
