"""``python -m benchmarks groups [DRAWS]``: how often equal groups are said to differ.

Rows are drawn whose errors are independent of their group, in 4 to 30 groups of 20 to several
hundred rows; `gradum evaluate --by` may report in at most 5% of draws that any group differs by any
measure. A planted group with larger errors shows what it finds.

``groups learned [MODELS]``: linear models of two classes are fitted to 2,000 rows with a group that
does not matter, and the trust report's lines on groups are checked on the judged rows and on 2,000
new ones: at most 3% of models may fail any. In further ones, the rows learned from have another
base rate in a group of 30%, so that the model is wrong there; how often new rows show it is the
power.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

import gradum
from benchmarks.sides import processes
from benchmarks.trust import Rows
from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.groups import PART
from gradum.api.trust.thresholds import Thresholds
from gradum.run.judging.judge_rungs import Truth
from gradum.rungs.rung import Prediction
from gradum.study.evidence import Evidence
from gradum.study.groups.groups import Groups
from gradum.study.groups.scoring import scores_by_group
from gradum.study.trust import settled
from gradum.tables.columns import Column, Target
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.read import read
from gradum.tables.table import Table

COUNTS = (4, 12, 30)
SMALLEST, LARGEST = 20, 400
LARGER = 1.5
"""How many times larger a planted group's errors are; for classes, its log-odds are off by half."""


QUICK: dict[str, Any] = {"learning_curve": False, "explain": False}
FEW = 25
LEARNED, OFF = 2_000, (0.0, 0.05, 0.1, 0.15)


def main(draws: str = "300", models: str = "300") -> None:
    """Print false flags of each measure, and how often a planted difference is found."""
    if draws == "learned":
        _learned(int(models))
        return
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


def _learned(models: int) -> None:
    """Print in how many models a line on groups fails, without and with a wrong base rate."""
    with processes() as pool:
        running = {
            off: [pool.submit(failed_lines, off, place, FEW) for place in range(0, of, FEW)]
            for off in OFF
            for of in [models if off == 0 else models // 3]
        }
        for off, parts in running.items():
            found = [each for part in parts for each in part.result()]
            for place, rows in enumerate(("judged rows", "new rows")):
                failed = [each[place] for each in found]
                share = np.mean([bool(names) for names in failed])
                which = dict(Counter(name for names in failed for name in names))
                print(
                    f"base rate off by {off:g} in a group of 30%, {rows}: a line fails in "
                    f"{share:.1%} ± {np.sqrt(share * (1 - share) / len(found)):.1%} of "
                    f"{len(found)} models {which}",
                    flush=True,
                )


def failed_lines(off: float, first: int, models: int) -> list[tuple[list[str], list[str]]]:
    """Return the lines that fail on the judged rows, and on new rows, model by model."""
    found = []
    for seed in range(first, first + models):
        rng = np.random.default_rng([seed, int(1000 * off)])
        learned, new = (Rows.draw("classes", LEARNED, rng) for _ in range(2))
        share = np.minimum(learned.mean + off * (learned.site == "b"), 1.0)
        labels = np.where(rng.random(LEARNED) < share, "yes", "no")
        table = learned._replace(target=labels).table()
        model = gradum.fit(table, "y", model="linear", seed=seed, slices=["site"], **QUICK)
        found.append((_failing(model, None), _failing(model, read(new.table()))))
    return found


def _failing(model: gradum.Model, table: Table | None) -> list[str]:
    examined = ExaminedModel(model, table, ("site",))
    lines = PART.of_model(examined, PART.thresholds()).checks
    return [each.name for each in settled(lines, Thresholds().error)[0] if each.fails]
