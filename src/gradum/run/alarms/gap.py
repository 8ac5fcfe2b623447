"""A gap between validation and test: the validation rows that stopped a network flatter it."""

from __future__ import annotations

import numpy as np

from gradum.messages import say
from gradum.run.alarm import Alarm
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
    if dataset.groups is None and dataset.time is None:
        sentence = say(
            "{metric} of the {rung} is {validation} on the validation rows, but {test} on the "
            "test rows, which is more than chance: if rows belong together or follow one another "
            "in time, say so with --group COL or --time COL.",
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
