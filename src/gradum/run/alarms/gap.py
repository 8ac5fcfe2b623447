"""A gap between validation and test: the validation rows that stopped a network flatter it."""

from __future__ import annotations

import numpy as np

from gradum.messages import listed, say
from gradum.run.alarm import Alarm
from gradum.run.alarms.split_columns import groups, orders
from gradum.run.dataset import Dataset
from gradum.run.judging.judgement import Judgement
from gradum.rungs.names import BASELINE
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS

STANDARD_ERRORS = 3.0
LEAST_OF_GAIN = 0.1


def gap(dataset: Dataset, judgement: Judgement) -> tuple[Alarm, ...]:
    """Compare the validation score of the rung in use with its test score.

    They must differ by more than three standard errors, and by more than a tenth of what the rung
    gains over the baseline.
    """
    used, metric = judgement.verdict.used, judgement.verdict.metric
    validation = judgement.scores[used].get("validation", {}).get(metric)
    test = judgement.scores[used]["test"][metric]
    baseline = judgement.scores.get(BASELINE, {}).get("test", {}).get(metric)
    if validation is None or baseline is None:
        return ()
    sign = METRICS[metric].sign
    worse = sign * (test.value - validation.value)
    gained = sign * (baseline.value - test.value)
    error = np.hypot(test.standard_error, validation.standard_error)
    if not worse > max(STANDARD_ERRORS * error, LEAST_OF_GAIN * gained):
        return ()
    if figure(validation.value) == figure(test.value):
        return ()
    values = {
        "metric": say(METRICS[metric].title),
        "rung": say(KINDS[used].title),
        "validation": figure(validation.value),
        "test": figure(test.value),
    }
    if options := _options(dataset):
        sentence = say(
            "{metric} of the {rung} is {validation} on the validation rows, but {test} on the "
            "test rows, which is more than chance: if rows belong together or follow one another "
            "in time, say so with {options}.",
            options=listed(options, "or"),
            **values,
        )
    else:
        sentence = say(
            "{metric} of the {rung} is {validation} on the validation rows, but {test} on the "
            "test rows, which is more than chance: new rows may differ from those trained on; "
            "believe the test score.",
            **values,
        )
    brief = say("{metric} is {validation} on rows of the training, {test} on new ones", **values)
    return (Alarm("validation better than test", sentence, (), brief),)


def _options(dataset: Dataset) -> list[str]:
    """Return the options that could divide rows divided at random, each with a column of theirs."""
    if dataset.groups is not None or dataset.time is not None:
        return []
    frame, features = dataset.frame, dataset.schema.features
    naming = [
        column.name
        for column in features
        if column.traits.names_groups and groups(frame[column.name], column)
    ]
    ordering = [column.name for column in features if orders(frame[column.name], column)]
    return [
        *(f"--group {name!r}" for name in naming[:1]),
        *(f"--time {name!r}" for name in ordering[:1]),
    ]
