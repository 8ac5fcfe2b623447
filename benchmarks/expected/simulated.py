"""The coverage of an expected score's interval when rows shift but their law does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from scipy.special import expit

from benchmarks.page import DOCS, circumstances, replace_section, table
from gradum.questions.watch.boosted_trees import boosted_trees
from gradum.randomness import stream
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples, intervals
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome, Task
from gradum.study.watch.domain_sample import DomainSample
from gradum.study.watch.expected import ALONGSIDE, expect

PACKAGES = ("gradum", "numpy", "scikit-learn", "scipy")
DRAWS = 80
JUDGED, NEW, COLUMNS = 2_000, 1_000, 6
SHIFTS = (0.0, 1.0)
"""How far the mean of three columns moves, in standard deviations."""

Draw = tuple[Prediction, np.ndarray, np.ndarray]
Population = Callable[[int, float, np.random.Generator], Draw]


def two_classes(rows: int, shift: float, rng: np.random.Generator) -> Draw:
    """Draw rows and the answers of a model that is overconfident and misses an interaction."""
    columns = _columns(rows, shift, rng)
    logit = columns[:, 0] + 0.7 * columns[:, 1] * columns[:, 2] - 0.5
    target = (rng.random(rows) < expit(logit)).astype(np.intp)
    share = expit(1.3 * columns[:, 0] - 0.5 + 0.2 * columns[:, 3])
    return Prediction.of_classes(np.column_stack([1 - share, share])), target, columns


def numbers(rows: int, shift: float, rng: np.random.Generator) -> Draw:
    """Draw rows whose noise grows with a column."""
    columns = _columns(rows, shift, rng)
    mean = 2 * columns[:, 0] + columns[:, 1]
    target = mean + np.exp(0.5 * columns[:, 2]) * rng.normal(size=rows)
    return Prediction(mean + 0.3 * columns[:, 3], None), target, columns


POPULATIONS: dict[Task, Population] = {"binary": two_classes, "regression": numbers}


def main(draws: int) -> None:
    """Tabulate how often the interval covers the score of the new rows."""
    parts = [f"{draws} draws a line:\n"]
    for shift, task in product(SHIFTS, POPULATIONS):
        head = (f"{task}, shifted by {shift:g}", "covered", "mean error", "mean width")
        parts.append(table(head, _lines(task, shift, draws)))
        print(parts[-1], flush=True)
    if draws == DRAWS:
        text = "\n".join([*parts, f"{circumstances(PACKAGES)}\n"])
        replace_section(DOCS / "accuracy.md", "expected simulated", text)


def _lines(task: Task, shift: float, draws: int) -> Iterator[tuple[str, ...]]:
    found = [_one(task, shift, draw) for draw in range(draws)]
    for metric in ALONGSIDE[task]:
        covered, error, width = np.mean([draw[metric] for draw in found], axis=0)
        yield metric, f"{covered:.1%}", f"{error:.4f}", f"{width:.4f}"


def _one(task: Task, shift: float, draw: int) -> dict[str, tuple[bool, float, float]]:
    """Return, by metric, whether the interval holds, the error of its midpoint, and its width."""
    rng = stream(draw, "simulated", task, str(shift))
    prediction, target, columns = POPULATIONS[task](JUDGED, 0.0, rng)
    outcome = Outcome(task, target, prediction.value, prediction.probability)
    scores = intervals(outcome, Resamples.draw(JUDGED, count=100, rng=rng))
    predicted, truth, others = POPULATIONS[task](NEW, shift, rng)
    found = expect(
        DomainSample(prediction, np.ones(JUDGED), columns),
        target,
        DomainSample(predicted, np.ones(NEW), others),
        task=task,
        metric=ALONGSIDE[task][0],
        scores=scores,
        learners=boosted_trees(),
        rng=rng,
    )
    true = score(Outcome(task, truth, predicted.value, predicted.probability))
    return {
        expected.metric: (
            expected.low <= true[expected.metric] <= expected.high,
            abs(expected.value - true[expected.metric]),
            expected.high - expected.low,
        )
        for expected in found.scores
    }


def _columns(rows: int, shift: float, rng: np.random.Generator) -> np.ndarray:
    moved = np.r_[np.full(3, shift), np.zeros(COLUMNS - 3)]
    return rng.normal(size=(rows, COLUMNS)) + moved
