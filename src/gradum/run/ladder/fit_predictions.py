"""Predictions of the training, validation and test rows by the fits of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter

import numpy as np

from gradum.core_count import cores
from gradum.run.dataset import Dataset
from gradum.run.judge import Judge
from gradum.run.judging.judge_rungs import Seen
from gradum.rungs.context import Context
from gradum.rungs.rung import Rung
from gradum.solvers.threads import in_order, is_large, one_thread
from gradum.tables.split import Part

TRAINING_ROWS = 10_000
"""How many training rows are scored if the time limit leaves no time for all."""


def seen_by(judges: Sequence[Judge], dataset: Dataset, context: Context) -> dict[str, Seen]:
    """Return what the fits say, part by part; fits of small tables are asked side by side."""
    rungs = [rung for judge in judges for rung in judge.rungs.values()]
    widest = max((max(rung.network.widths) for rung in rungs), default=0)
    if len(judges) < 2 or is_large(len(dataset), widest):
        seen = [_see(judge, dataset, context) for judge in judges]
    else:
        with one_thread():
            each = in_order(lambda judge: _see(judge, dataset, context), judges, most=cores())
            seen = list(each)
    if len(seen) < 2:
        return seen[0] if seen else {}
    return {part: Seen.pool([one[part] for one in seen]) for part in seen[0]}


def _see(judge: Judge, dataset: Dataset, context: Context) -> dict[str, Seen]:
    """Predict every part; the validation rows only by rungs that have not learned from them.

    Scores of training rows only show what was learned by heart. If the remaining time is too short
    for all of them, at the pace of the test rows, only `TRAINING_ROWS` of them are predicted.
    """
    learned, stopping, judging = (
        np.flatnonzero(judge.parts == part) for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)
    )
    stopped = {name: rung for name, rung in judge.rungs.items() if rung.stopped_early}
    began = perf_counter()
    test = _predicted(judge.rungs, judge, dataset, judging)
    ended = perf_counter()
    expected = (ended - began) * len(learned) / max(len(judging), 1)
    if len(learned) > TRAINING_ROWS and ended + expected > context.end:
        rng = context.random("judgement", "training rows")
        learned = np.sort(rng.choice(learned, TRAINING_ROWS, replace=False))
    parts = {
        "train": _predicted(judge.rungs, judge, dataset, learned),
        "validation": _predicted(stopped, judge, dataset, stopping),
        "test": test,
    }
    return {part: seen for part, seen in parts.items() if len(seen.rows) and seen.predictions}


def _predicted(rungs: Mapping[str, Rung], judge: Judge, dataset: Dataset, rows: np.ndarray) -> Seen:
    if not len(rows) or not rungs:
        return Seen(rows, {})
    design = dataset.rows(judge.encoder).design.take(rows)
    return Seen(rows, {name: rung.predict(design) for name, rung in rungs.items()})
