"""Measures that groups are compared by: a metric and, of two classes, the rates of fairness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradum.messages import marked
from gradum.scores.metrics import METRICS, Metric
from gradum.scores.outcome import Outcome, Task
from gradum.scores.weighting import Weighting, ratio
from gradum.study.finding_words import HIGHER, LOWER, STRONGER, WEAKER


@dataclass(frozen=True)
class GroupMeasure:
    """A number that each group has.

    Parameters
    ----------
    name, title : str
        As code and JSON, and as people read it.
    function : callable
        From a `Weighting` to values (B,).
    rests_on : callable
        From an outcome to how many of its rows the number speaks of, at least.
    above, below : str
        What is found of a group whose number is shown to be above, or below, that of the rest.
    is_share : bool
        Whether it is a share of the rows that it speaks of.
    """

    name: str
    title: str
    function: Callable[[Weighting], np.ndarray]
    rests_on: Callable[[Outcome], int]
    above: str
    below: str
    is_share: bool = False


def selection_rate(rows: Weighting) -> np.ndarray:
    """Share of all rows that is predicted as the second of two classes."""
    _, predicted, _ = rows.per_class
    return ratio(predicted[:, 1], rows.total)


def true_positive_rate(rows: Weighting) -> np.ndarray:
    """Share of the rows of the second of two classes that is predicted as it."""
    actual, _, hits = rows.per_class
    return ratio(hits[:, 1], actual[:, 1])


def false_positive_rate(rows: Weighting) -> np.ndarray:
    """Share of the rows of the first of two classes that is predicted as the second."""
    actual, predicted, hits = rows.per_class
    return ratio(predicted[:, 1] - hits[:, 1], actual[:, 0])


def _all_rows(outcome: Outcome) -> int:
    return len(outcome)


def _of_class(code: int) -> Callable[[Outcome], int]:
    return lambda outcome: int(np.count_nonzero(outcome.target == code))


def _of_rarest(metric: Metric) -> Callable[[Outcome], int]:
    return lambda outcome: min(int(np.count_nonzero(kind)) for kind in metric.kinds(outcome))


RATES = tuple(
    GroupMeasure(name, title, function, rests_on, HIGHER, LOWER, is_share=True)
    for name, title, function, rests_on in (
        ("selection_rate", marked("Selection rate"), selection_rate, _all_rows),
        (
            "true_positive_rate",
            marked("True positive rate"),
            true_positive_rate,
            _of_class(1),
        ),
        (
            "false_positive_rate",
            marked("False positive rate"),
            false_positive_rate,
            _of_class(0),
        ),
    )
)


def measures_of(task: Task, metric: str) -> tuple[GroupMeasure, ...]:
    """Return a metric as a measure and, of two classes, the rates besides."""
    line = METRICS[metric]
    compares_classes = line.by_class and task == "binary"
    better, worse = STRONGER, WEAKER
    measure = GroupMeasure(
        metric,
        line.title,
        line.function,
        _of_rarest(line) if compares_classes else _all_rows,
        better if line.greater_is_better else worse,
        worse if line.greater_is_better else better,
        is_share=line.shares is not None and not line.by_class,
    )
    return (measure, *RATES) if task == "binary" else (measure,)
