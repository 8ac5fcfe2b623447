"""The metric that is asked for by name, and the task that it has to fit."""

from __future__ import annotations

from gradum.errors import SpecError
from gradum.messages import say
from gradum.scores.metrics import METRICS, Metric, metrics_of
from gradum.scores.outcome import TASKS, Task
from gradum.tables.wording import nearest_names


def metric_named(name: str) -> Metric:
    """Return the metric of a name.

    Raises
    ------
    SpecError
        No metric has that name.
    """
    if name not in METRICS:
        close = nearest_names(name, METRICS) or [other for other in METRICS if name in other]
        raise SpecError(
            say("There is no metric {name!r}.", name=name),
            say("Did you mean {close!r}?", close=close[0]) if close else _every_metric(),
        )
    return METRICS[name]


def metric_for(name: str, task: Task, cost: str = "") -> Metric:
    """Return the metric of a name for a task; ``cost`` is the metric of the loss asked for, if any.

    Raises
    ------
    SpecError
        No metric has that name, or the metric is for another task or loss.
    """
    metric = metric_named(name)
    if task in metric.tasks and metric.of_cost not in ("", cost):
        raise SpecError(
            "The metric {name} needs a --loss of its own.",
            "Add --loss poisson, gamma or tweedie for a deviance, quantile:0.9 for pinball, "
            "--ordered for ranks.",
            name=name,
        )
    if task not in metric.tasks:
        raise SpecError(
            "The metric {name} is not for a {task} target.",
            "Choose among {names}.",
            name=name,
            task=say(TASKS[task]),
            names=_names(task),
        )
    return metric


def _every_metric() -> str:
    return say(
        "Choose for a number among {names_of_numbers}; for classes among {names_of_classes}.",
        names_of_numbers=_names("regression"),
        names_of_classes=_names("binary"),
    )


def _names(task: Task) -> str:
    return ", ".join(metric.name for metric in metrics_of(task))
