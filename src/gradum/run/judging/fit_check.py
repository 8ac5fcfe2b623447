"""Over- and underfitting: scores on training rows and on new rows, and what their gap costs."""

from __future__ import annotations

import numpy as np

from gradum.messages import say
from gradum.run.judging.verdict import Comparison, Verdict, model_in_words
from gradum.rungs.names import BASELINE
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, figures_apart
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS

STANDARD_ERRORS = 2.0
FAR_WORSE = 2.0
"""Times the loss on the rows learned from; beyond it, saying "no sign" would be strange."""
LEAST_OF_GAIN = 0.1  # of what a rung gains over the baseline; a smaller gap is rounding


def fit_check(scores: dict[str, dict[str, dict[str, Interval]]], verdict: Verdict) -> str:
    """Say in one sentence what fitting the training rows more closely has cost.

    A rung overfits if that costs something: it beats a simpler rung on the training rows and is
    shown to be worse than it on new rows. A gap between training and new rows costs nothing by
    itself; every flexible model has one. For the rung in use, which no other rung beats on new
    rows, the sentence gives the gap. If the gap is large but few rows decide it, the sentence says
    that nothing can be told.

    Parameters
    ----------
    scores : dict
        Rung -> part -> metric -> interval.
    """
    if verdict.used == BASELINE:
        return say(
            "Underfitting: no model does better than the baseline, which looks at no column."
        )
    for comparison in verdict.comparisons:
        if _overfits(scores, verdict.metric, comparison):
            return _overfitting(scores, verdict.metric, comparison)
    guessing = scores.get(BASELINE, {}).get("test", {}).get(verdict.metric)
    return _gap(scores[verdict.used], verdict, guessing)


def _overfits(
    scores: dict[str, dict[str, dict[str, Interval]]], metric: str, comparison: Comparison
) -> bool:
    rung, simpler = comparison.rung, comparison.against
    trained = [scores[name].get("train", {}).get(metric) for name in (rung, simpler)]
    if trained[0] is None or trained[1] is None or comparison.shows != "worse":
        return False
    first, second = trained[0].value, trained[1].value
    return figure(first) != figure(second) and METRICS[metric].sign * (first - second) < 0


def _overfitting(
    scores: dict[str, dict[str, dict[str, Interval]]], metric: str, comparison: Comparison
) -> str:
    rung, simpler = comparison.rung, comparison.against
    (first, second), (new, new_simpler) = (
        figures_apart(scores[rung][part][metric].value, scores[simpler][part][metric].value)
        for part in ("train", "test")
    )
    values = {
        "rung": say(KINDS[rung].title),
        "simpler": say(KINDS[simpler].title),
        "metric": METRICS[metric].words,
        "first": first,
        "second": second,
        "new": new,
        "new_simpler": new_simpler,
    }
    remedy = KINDS[rung].against_overfitting
    if not remedy:
        return say(
            "Overfitting: {rung} beats {simpler} on the rows it learned from ({metric} {first} "
            "against {second}) and loses to it on new ones ({new} against {new_simpler}); use "
            "{simpler}.",
            **values,
        )
    return say(
        "Overfitting: {rung} beats {simpler} on the rows it learned from ({metric} {first} against "
        "{second}) and loses to it on new ones ({new} against {new_simpler}); {remedy}, or use "
        "{simpler}.",
        remedy=say(remedy),
        **values,
    )


def _gap(
    of_parts: dict[str, dict[str, Interval]], verdict: Verdict, guessing: Interval | None
) -> str:
    metric = verdict.metric
    train, test = of_parts.get("train", {}).get(metric), of_parts["test"][metric]
    if train is None:
        return ""
    gap = METRICS[metric].sign * (test.value - train.value)
    error = np.hypot(test.standard_error, train.standard_error)
    on_train, on_test = figure(train.value), figure(test.value)
    apart = on_train != on_test
    if apart and gap > STANDARD_ERRORS * error:
        return say(
            "No simpler model does better on new rows, so it does no harm that {model} does "
            "better on the rows it learned from ({metric} {on_train}) than on new ones "
            "({on_test}).",
            model=model_in_words(verdict.used),
            metric=METRICS[metric].words,
            on_train=on_train,
            on_test=on_test,
        )
    if apart and _far_worse(metric, train.value, test.value, guessing):
        return say(
            "These rows do not show whether it overfits: {metric} is {on_train} on the rows it "
            "learned from and {on_test} on new ones, which is far worse, but rests on a few rows "
            "and may be chance.",
            metric=METRICS[metric].words,
            on_train=on_train,
            on_test=on_test,
        )
    return say(
        "No sign of overfitting: {metric} {on_train} on the rows it learned from, "
        "{on_test} on new ones.",
        metric=METRICS[metric].words,
        on_train=on_train,
        on_test=on_test,
    )


def _far_worse(metric: str, train: float, test: float, guessing: Interval | None) -> bool:
    """Whether the loss on new rows is at least `FAR_WORSE` times that on the rows learned from.

    For a score that is better the greater it is, the loss is 1 minus the score.
    """
    greater = METRICS[metric].greater_is_better
    of_train, of_test = (1.0 - train, 1.0 - test) if greater else (train, test)
    gained = 0.0 if guessing is None else METRICS[metric].sign * (guessing.value - test)
    return of_test >= FAR_WORSE * of_train and of_test - of_train > LEAST_OF_GAIN * max(gained, 0.0)
