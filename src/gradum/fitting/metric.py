"""The metric that is asked for by name, and the task that it has to fit."""

from __future__ import annotations

from gradum.errors import SpecError
from gradum.scores.metrics import METRICS, Metric, metrics_of
from gradum.scores.outcome import Task
from gradum.tables.wording import nearest_names


def metric_named(name: str) -> Metric:
    """Return a metric.

    Raises
    ------
    SpecError
        None has that name.
    """
    if name not in METRICS:
        close = nearest_names(name, METRICS) or [other for other in METRICS if name in other]
        raise SpecError(
            f"There is no metric {name!r}.",
            f"Did you mean {close[0]!r}?" if close else _every_metric(),
        )
    return METRICS[name]


def metric_for(name: str, task: Task) -> Metric:
    """Return a metric of a task.

    Raises
    ------
    SpecError
        None has that name, or it is of another task.
    """
    metric = metric_named(name)
    if task not in metric.tasks:
        raise SpecError(
            f"The metric {name} is not for a {task} target.",
            f"Choose among {_names(task)}.",
        )
    return metric


def _every_metric() -> str:
    return (
        f"Choose for a number among {_names('regression')}; for classes among {_names('binary')}."
    )


def _names(task: Task) -> str:
    return ", ".join(metric.name for metric in metrics_of(task))
