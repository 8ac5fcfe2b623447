"""Which model goes on where a forecast's latest errors are unlike all before: something changed.

The stamps are cut into stretches of a horizon or a season, whichever is longer, counted back from
the last. With x_0, the logarithm of a model's mean absolute error over the latest stretch, and
x_1 … x_K, those of the stretches before, the latest errors are unlike all before if

    (x_0 − x̄) / (s √(1 + 1 / K)) > t,

t being the 99% quantile of Student's law with K − 1 degrees of freedom, x̄ and s the mean and
standard deviation of x_1 … x_K. A model that has learned from a trend without a bend goes on
straight after one, where a simpler one follows. So the model that errs least on the latest stretch
then goes on, if it errs at least `LESS` less there.
"""

from __future__ import annotations

import numpy as np
from msgspec import structs
from scipy.special import stdtrit

from gradum.messages import say
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.verdict import model_in_words, retold
from gradum.scores.figures import figure

SURE, FEWEST, LESS = 0.99, 3, 0.1
OF_MIDDLES = ("mae", "rmse")
"""The metrics of forecasts of the middle, whose absolute errors are best small."""


def as_of_late(judgement: Judgement, truth: Truth, seen: Seen) -> Judgement:
    """Return the judgement of a forecast, in which another model may go on."""
    verdict, compared = judgement.verdict, list(judgement.compared)
    if not truth.stretch or verdict.metric not in OF_MIDDLES:
        return judgement
    errors = _by_stretch(truth, seen, compared)
    used = errors[verdict.used]
    if not are_unlike_before(used):
        return judgement
    latest = min(compared, key=lambda rung: errors[rung][0])
    if errors[latest][0] > (1 - LESS) * used[0]:
        return judgement
    note = say(
        "On the latest {steps:,} steps, {model} errs {times} times as much as before, and {other} "
        "errs less. Something has changed: look at the latest values, and fit again as more come.",
        steps=truth.stretch // 2,
        model=model_in_words(verdict.used, naive=True),
        times=figure(used[0] / float(np.exp(np.log(used[1:]).mean()))),
        other=model_in_words(latest, naive=True),
    )
    changed = structs.replace(verdict, used=latest, best=verdict.used)
    return structs.replace(
        judgement, verdict=retold(changed, compared, naive=True), notes=(*judgement.notes, note)
    )


def _by_stretch(truth: Truth, seen: Seen, rungs: list[str]) -> dict[str, np.ndarray]:
    """Return each rung's mean absolute error by stretch, the latest first; the first is whole."""
    assert truth.time is not None
    time, width = truth.time[seen.rows], truth.stretch // 2
    ago = ((time.max() - time) // width).astype(int)
    whole = int((time.max() - time.min() + 1) // width)
    counts = np.bincount(ago, minlength=whole)[:whole]
    found = {}
    for rung in rungs:
        missed = np.abs(truth.target[seen.rows] - seen.predictions[rung].middle)
        totals = np.bincount(ago, missed, minlength=whole)[:whole]
        found[rung] = totals[counts > 0] / counts[counts > 0]
    return found


def are_unlike_before(errors: np.ndarray) -> bool:
    """Whether the first of the mean errors of stretches (K + 1,) is greater than others can be."""
    if len(errors) < FEWEST + 1 or not (errors > 0).all():
        return False
    latest, before = np.log(errors[0]), np.log(errors[1:])
    spread = before.std(ddof=1) * np.sqrt(1 + 1 / len(before))
    return bool(latest - before.mean() > stdtrit(len(before) - 1, SURE) * spread)
