"""The part on scores: better than guessing, good enough, and no worse on new rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, field

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import marked, say
from gradum.run.spec.metric import metric_for
from gradum.rungs import names
from gradum.scores.bootstrap import intervals, paired_difference
from gradum.scores.figures import figure, with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.scores.outcome import Outcome, Task
from gradum.show.document.document import TextTable
from gradum.show.document.trust_section import PartFinding
from gradum.show.pictures.ladder import ladder
from gradum.study.evaluation.changes import Change
from gradum.study.evidence import Evidence
from gradum.study.trust import Check, Gauge, Line, Obstacle
from gradum.tables.wording import number

BASELINE = Line("scores.baseline", marked("Shown to be better than guessing"))
BOUNDS = Line("scores.bounds", marked("Good enough"))
TABLE = Line("scores.table", marked("Not shown to be worse on new rows"))
WORSE_BY = marked("{where} worse by {gap}")
RANKINGS = ("auc", "average_precision", "gini", "ks")
"""Metrics that depend only on the order of scores."""


class ScoreThresholds(PartThresholds, frozen=True):
    """Thresholds of a model's scores."""

    better_than_baseline: Annotated[
        bool,
        Meta(
            description=marked(
                "Whether the model must be shown to be better than guessing (true or false): the "
                "95% interval of the paired difference must leave out zero. A model that is no "
                "better than guessing has no use, so the default is true."
            )
        ),
    ] = True
    bounds: Annotated[
        dict[str, float],
        Meta(
            description=marked(
                "Scores to be reached, in the unit of each metric, such as auc = 0.8 or rmse = "
                "12.5: the worse end of the 95% interval must reach the score. The users of a "
                "model decide what is good enough, so there is no default."
            )
        ),
    ] = field(default_factory=dict)


def _of_model(examined: ExaminedModel, thresholds: ScoreThresholds) -> PartFinding:
    judgement = examined.model.fitted.judgement
    if judgement is None:
        return PartFinding([line.blocked(examined.no_judgement) for line in PART.lines])
    verdict = judgement.verdict
    scores = judgement.scores[verdict.used]["test"]
    lead = next(
        (
            comparison.difference
            for comparison in verdict.comparisons
            if (comparison.rung, comparison.against) == (verdict.used, names.BASELINE)
        ),
        None,
    )
    sentences, evaluation = [*verdict.sentences[:1]], examined.evaluation
    columns = {say("on judged rows"): scores}
    if not isinstance(evaluation, Obstacle):
        sentences += evaluation.sentences
        on_table = evaluation.judgement.scores[verdict.used]["test"]
        columns[say("on all rows of {source}", source=examined.table_name)] = on_table
    if names.BASELINE in judgement.scores:
        columns[say("guessing, on judged rows")] = judgement.scores[names.BASELINE]["test"]
    return PartFinding(
        [
            _better(lead, verdict.metric, thresholds),
            *_bounded(scores, examined.model.task, thresholds),
            _on_table(examined, verdict.metric),
        ],
        sentences,
        [_score_table(columns)],
        [ladder(judgement)],
        {
            "metric": verdict.metric,
            "used": verdict.used,
            "judged": scores,
            "table": None if isinstance(evaluation, Obstacle) else evaluation.changes,
        },
    )


def _better(difference: Interval | None, metric: str, thresholds: ScoreThresholds) -> Check:
    """Compare the model with guessing; there is no difference if the model itself guesses."""
    if not thresholds.better_than_baseline:
        return BASELINE.not_checked(
            say("It was not asked for."), say("Set scores.better_than_baseline to true.")
        )
    title = METRICS[metric].words
    threshold = say("better, at 95%")
    if difference is None:
        return BASELINE.judged(
            False,
            say("Guessing scores best, and is what the model does."),
            figure=say("no difference"),
            threshold=threshold,
        )
    if not difference.known:
        return BASELINE.not_checked(
            say("The rows are too few for an interval, or leave the score undefined."),
            say("Judge on more rows."),
        )
    sign = METRICS[metric].sign
    holds = bool(max(sign * difference.low, sign * difference.high) < 0)
    reason = (
        say("By {metric} it is better on the same rows, beyond chance.", metric=title)
        if holds
        else say("By {metric} its lead may be chance, or there is none.", metric=title)
    )
    return BASELINE.judged(
        holds,
        reason,
        figure=say(
            "{metric} {difference}", metric=title, difference=with_interval(difference, sign=True)
        ),
        threshold=threshold,
        value=difference.value,
    )


def _bounded(
    scores: Mapping[str, Interval], task: Task, thresholds: ScoreThresholds
) -> list[Check]:
    """Compare each score that has a bound with it."""
    if not thresholds.bounds:
        return [
            BOUNDS.not_checked(
                say("Nobody said which score is good enough."),
                say("Write one under [scores.bounds] of a file of --thresholds (thresholds)."),
            )
        ]
    return [_reached(scores, task, name, bound) for name, bound in thresholds.bounds.items()]


def _reached(scores: Mapping[str, Interval], task: Task, name: str, bound: float) -> Check:
    metric = metric_for(name, task)
    title, score = metric.words, scores.get(name)
    if score is None or not score.known:
        return BOUNDS.not_checked(
            say("The rows are too few for an interval, or leave the score undefined."),
            say("Judge on more rows."),
            about=title,
        )
    end = score.low if metric.greater_is_better else score.high
    holds = bool(end >= bound if metric.greater_is_better else end <= bound)
    threshold = (
        say("at least {bound}", bound=number(bound))
        if metric.greater_is_better
        else say("at most {bound}", bound=number(bound))
    )
    reason = (
        say("The worse end of the interval reaches the bound.")
        if holds
        else say("The worse end of the interval, {end}, does not reach the bound.", end=figure(end))
    )
    return BOUNDS.judged(
        holds,
        reason,
        figure=with_interval(score),
        threshold=threshold,
        value=score.value,
        limit=bound,
        about=title,
    )


def _on_table(examined: ExaminedModel, metric: str) -> Check:
    evaluation = examined.evaluation
    if isinstance(evaluation, Obstacle):
        return TABLE.blocked(evaluation)
    change = next((item for item in evaluation.changes if item.metric == metric), None)
    if change is None:
        reason = evaluation.sentences[-1] if evaluation.sentences else say("No score is known.")
        return TABLE.not_checked(reason, say("Give rows that are new to the run."))
    return changed(change)


def changed(change: Change) -> Check:
    """Compare a score on new rows with that on the rows that judged the run."""
    metric = change.metric
    p_value, title = change.worse_p, METRICS[metric].words
    if p_value is None:
        return TABLE.not_checked(
            say("The rows are too few for an interval, or leave the score undefined."),
            say("Judge on more rows."),
        )
    holds = bool(METRICS[metric].sign * change.difference.value <= 0)
    reason = (
        say("The rows show no worse {metric} than those that judged the run.", metric=title)
        if holds
        else say("The {metric} is worse than on the rows that judged the run.", metric=title)
    )
    check = TABLE.judged(
        holds,
        reason,
        figure=say(
            "{metric} {difference}",
            metric=title,
            difference=with_interval(change.difference, sign=True),
        ),
        threshold=say("not shown to be worse"),
        value=change.difference.value,
    )
    error = change.difference.standard_error
    return check.tested(p_value, Gauge(WORSE_BY, "metric", error, 1.0, where=title))


def _score_table(columns: Mapping[str, Mapping[str, Interval]]) -> TextTable:
    """Lay out every metric that the first column has."""
    several = tuple(columns.values())
    rows = [
        (
            say(METRICS[name].title),
            *(
                with_interval(scores[name]) if name in scores else "–"
                for scores in columns.values()
            ),
        )
        for name in several[0]
    ]
    return TextTable((say("score"), *columns), rows, title=say("Scores with 95% intervals"))


def _of_predictions(examined: ExaminedPredictions, thresholds: ScoreThresholds) -> PartFinding:
    evidence = examined.evidence
    resamples = evidence.resamples("trust")
    scores = intervals(evidence.outcome, resamples)
    metric = "auc" if examined.only_ranked else evidence.truth.metric
    if examined.only_ranked:
        scores = {name: scores[name] for name in RANKINGS}
    scores = {name: score for name, score in scores.items() if not np.isnan(score.value)}
    guessed = _guess(evidence)
    difference = paired_difference(evidence.outcome, guessed, metric, resamples)
    unknown = examined.unknown
    return PartFinding(
        [
            _better(difference, metric, thresholds),
            *_bounded(scores, evidence.task, thresholds),
            TABLE.blocked(unknown),
        ],
        _remarks(examined),
        [_score_table({say("on the rows given"): scores})],
        details={"metric": metric, "judged": scores},
    )


def _guess(evidence: Evidence) -> Outcome:
    """Return guesses for the same rows: their mean, or the shares of their classes."""
    weight, target, rows = evidence.weight, evidence.target, len(evidence)
    if not evidence.classes:
        cost = evidence.truth.cost
        constant = cost.constant(target, weight) if cost else np.average(target, weights=weight)
        best = np.full(rows, constant)
        return Outcome("regression", target, prediction=best, weight=weight, cost=cost)
    totals = np.bincount(target, weight, len(evidence.classes))
    shares = np.tile(totals / totals.sum(), (rows, 1))
    return Outcome(evidence.task, target, probability=shares, weight=weight)


def _remarks(examined: ExaminedPredictions) -> Sequence[str]:
    return [
        say(
            "It is not known whether the model learned from these rows; if it did, the scores "
            "flatter it. Guessing gives the mean, or the shares of the classes, of the same rows."
        )
    ]


PART = TrustPart(
    "scores",
    marked("Is it better than guessing?"),
    (BASELINE, BOUNDS, TABLE),
    _of_model,
    _of_predictions,
    ScoreThresholds,
)
