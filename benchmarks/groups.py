"""``python -m benchmarks groups [DRAWS]``: how often equal groups are said to differ.

Rows are drawn whose errors are independent of their group, in 4 to 30 groups of 20 to several
hundred rows; `gradum evaluate --by` may report in at most 5% of draws that any group differs by any
measure. A planted group with larger errors shows what it finds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from gradum.run.judging.judge_rungs import Truth
from gradum.rungs.rung import Prediction
from gradum.study.evidence import Evidence
from gradum.study.groups.groups import Groups
from gradum.study.groups.scoring import scores_by_group
from gradum.tables.columns import Column, Target
from gradum.tables.schema import Schema

COUNTS = (4, 12, 30)
SMALLEST, LARGEST = 20, 400
LARGER = 1.5
"""How many times larger a planted group's errors are; for classes, its log-odds are off by half."""


def main(draws: str = "300") -> None:
    """Print false flags of each measure, and how often a planted difference is found."""
    count = int(draws)
    for name, draw in POPULATIONS.items():
        for groups in COUNTS:
            sizes = np.geomspace(SMALLEST, LARGEST, groups).astype(int)
            alike = [
                draw(sizes, np.random.default_rng([seed, groups]), 1.0) for seed in range(count)
            ]
            planted = [
                draw(sizes, np.random.default_rng([seed, groups, 1]), LARGER)
                for seed in range(count // 5)
            ]
            flagged = np.mean([bool(found.flagged) for found in alike])
            seen = np.mean([found.groups[0].values in _weaker(found) for found in planted])
            print(
                f"{name}, {groups} groups: any said to differ in {flagged:.1%} of {count} draws; "
                f"the largest group, planted, found in {seen:.0%}",
                flush=True,
            )


def numbers(sizes: np.ndarray, rng: np.random.Generator, larger: float) -> Groups:
    """Score numbers with long-tailed errors (Student's t of four degrees) by RMSE."""
    scale = np.repeat([*np.ones(len(sizes) - 1), larger], sizes)
    errors = scale * rng.standard_t(4, len(scale))
    truth = Truth("regression", errors, np.ones(len(errors)), ())
    return _scored(truth, Prediction(np.zeros(len(errors)), None), sizes, "rmse")


def labels(sizes: np.ndarray, rng: np.random.Generator, larger: float) -> Groups:
    """Score well-calibrated probabilities of two classes by log loss and by rates."""
    share = rng.beta(1, 3, sizes.sum())
    logit = np.log(share / (1 - share))
    bias = np.repeat([*np.zeros(len(sizes) - 1), larger - 1.0], sizes)
    chance = 1 / (1 + np.exp(-logit - bias))
    target = (rng.random(len(share)) < chance).astype(np.int64)
    truth = Truth("binary", target, np.ones(len(share)), ("no", "yes"))
    prediction = Prediction.of_classes(np.column_stack([1 - share, share]))
    return _scored(truth, prediction, sizes, "log_loss")


POPULATIONS: dict[str, Callable[[np.ndarray, np.random.Generator, float], Groups]] = {
    "numbers": numbers,
    "two classes": labels,
}


def _scored(truth: Truth, prediction: Prediction, sizes: np.ndarray, metric: str) -> Groups:
    names = np.repeat([f"group {place}" for place in range(len(sizes))], sizes)
    columns = (Column("group", "categorical", "feature"), Column("target", "numeric", "target"))
    rows = np.arange(len(names))
    evidence = Evidence(
        rung="linear",
        truth=truth,
        rows=rows,
        numbers=rows + 1,
        prediction=prediction,
        frame=pl.DataFrame({"group": names, "target": truth.target}),
        schema=Schema("table", len(rows), columns, Target("target", truth.task, truth.classes)),
        seed=int(truth.target.sum() * 1000) % 2**31,
        judged=len(rows),
    )
    return scores_by_group(evidence, ["group"], metric)


def _weaker(found: Groups) -> list[str]:
    metric = found.measures[0]
    return [group.values for group, name in found.flagged if name == metric]
