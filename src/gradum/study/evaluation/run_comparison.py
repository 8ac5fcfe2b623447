"""Two runs on the same rows: how they differ, and how sure that is."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.errors import SpecError
from gradum.messages import say
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import paired_difference
from gradum.scores.figures import figures_apart
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS, score
from gradum.study.evaluation.margin import AsGood, Margin, as_good
from gradum.study.evidence import Evidence
from gradum.study.finding_words import FIRST_IS_BETTER, NO_DIFFERENCE, OTHER_SPLIT, SECOND_IS_BETTER
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import quoted


class MetricDifference(msgspec.Struct, frozen=True):
    """One metric for two runs, on the rows that both judged."""

    metric: str
    first: float
    second: float
    difference: Interval
    """first - second, paired: both were judged on the same rows."""
    finding: str
    """One of "first is better", "second is better", "no difference shown", or "another split" where
    the runs divided their rows in different ways."""


class RivalScores(msgspec.Struct, frozen=True):
    """The scores of one rival in each of two runs."""

    name: str
    first: dict[str, Interval]
    second: dict[str, Interval]
    """Metric -> value with its 95% bootstrap interval."""


class RunComparison(msgspec.Struct, frozen=True):
    """A comparison of two runs."""

    rungs: tuple[str, str]
    """The rung in use of each run."""
    rows: int
    """The number of rows that both judged."""
    only: tuple[int, int]
    """For each run, the number of rows that it alone judged; these do not count."""
    differences: tuple[MetricDifference, ...]
    rivals: tuple[RivalScores, ...] = ()
    """Scores of the rivals of both runs; none where the runs did not judge the same rows."""
    notes: tuple[str, ...] = ()
    """Why a run's own score differs from the one here."""
    caution: str = ""
    """Why neither run is called better; empty where both divided their rows in the same way."""
    as_good: AsGood | None = None
    """Whether each is as good as the other within a margin, if one was given; none where there is a
    caution."""


def compare(
    first: Evidence, second: Evidence, *, margin: Margin | None = None, metric: str | None = None
) -> RunComparison:
    """Compare the rungs in use of two runs on the rows that both judged.

    Two rows are the same if their numbers in the table are equal. Resamples are drawn as the first
    run's judge drew them, by group, time or row. If the runs divided their rows in different ways,
    neither is called better: a run that learned from neighbours of the judged rows had the easier
    task.

    With a margin, each is also tested for being as good as the other within it, by ``metric`` or
    that of the first run's verdict.

    Raises
    ------
    SpecError
        The runs predict other targets or classes, or judged no row in common; or the metric and the
        margin do not suit each other, as `as_good` says.
    """
    _refuse_other_targets(first, second)
    _, mine, yours = np.intersect1d(first.numbers, second.numbers, return_indices=True)
    if not len(mine) or not np.array_equal(_labels(first)[mine], _labels(second)[yours]):
        raise SpecError(
            "The two runs judged no rows in common.",
            "Compare runs of one table with the same --seed, --test and way of splitting.",
        )
    a = first.outcome_of(mine, first.prediction.take(mine))
    b = first.outcome_of(mine, _in_order_of(first, second).take(yours))
    resamples = first.resamples("compare", mine)
    one, two = score(a), score(b)
    caution = _caution(first.schema, second.schema)
    differences = tuple(
        _difference(
            metric,
            one[metric],
            two[metric],
            paired_difference(a, b, metric, resamples),
            alike=not caution,
        )
        for metric in one
        if np.isfinite(one[metric]) and np.isfinite(two[metric])
    )
    only = (len(first) - len(mine), len(second) - len(yours))
    within = None
    if margin is not None and not caution:
        within = as_good(a, b, metric or _verdict_metric(first), margin, resamples)
    return RunComparison(
        (_title(first.rung), _title(second.rung)),
        len(mine),
        only,
        differences,
        () if any(only) else _rivals(first, second),
        tuple(filter(None, (_own_score(first, first=True), _own_score(second, first=False)))),
        caution,
        within,
    )


def _verdict_metric(evidence: Evidence) -> str:
    return evidence.own_score[0] if evidence.own_score else evidence.truth.metric


def _title(rung: str) -> str:
    """Return the title of a rung; what is none, such as a column, has its own words."""
    return KINDS[rung].title if rung in KINDS else rung


def _own_score(evidence: Evidence, *, first: bool) -> str:
    """Say why a run's own score differs from the score of its rows' mean predictions."""
    if evidence.own_score is None:
        return ""
    metric, own = evidence.own_score
    of_means = score(evidence.outcome)[metric]
    if np.isclose(own, of_means):
        return ""
    alone, together = figures_apart(own, of_means)
    values = {"metric": METRICS[metric].words, "own": alone, "mean": together}
    if first:
        return say(
            "The first run's report gives {metric} {own} for single predictions; each row was "
            "predicted several times, and the mean of its predictions has {mean}.",
            **values,
        )
    return say(
        "The second run's report gives {metric} {own} for single predictions; each row was "
        "predicted several times, and the mean of its predictions has {mean}.",
        **values,
    )


def _caution(first: Schema, second: Schema) -> str:
    """Say so if two runs divided their rows in different ways."""
    if (first.time, first.group) == (second.time, second.group):
        return ""
    return say(
        "The first run divided the rows {one}, the second {other}: their scores answer different "
        "questions, and neither is called better. Compare runs of one split.",
        one=_split(first),
        other=_split(second),
    )


def _split(schema: Schema) -> str:
    if schema.time is not None:
        return say("by time, {column!r}", column=schema.time)
    if schema.group is not None:
        return say("by group, {column!r}", column=schema.group)
    return say("at random")


def _rivals(first: Evidence, second: Evidence) -> tuple[RivalScores, ...]:
    others = {rival.name: rival.scores for rival in second.rivals}
    return tuple(
        RivalScores(rival.name, rival.scores, others[rival.name])
        for rival in first.rivals
        if rival.name in others
    )


def _difference(
    metric: str, one: float, two: float, difference: Interval, *, alike: bool
) -> MetricDifference:
    sign = -METRICS[metric].sign
    low, high = sorted((sign * difference.low, sign * difference.high))
    finding = NO_DIFFERENCE
    if not alike:
        finding = OTHER_SPLIT
    elif low > 0:
        finding = FIRST_IS_BETTER
    elif high < 0:
        finding = SECOND_IS_BETTER
    return MetricDifference(metric, one, two, difference, finding)


def _refuse_other_targets(first: Evidence, second: Evidence) -> None:
    if first.task != second.task or set(first.classes) != set(second.classes):
        raise SpecError(
            "The runs predict different things: {first} and {second}.",
            "Compare runs of the same target.",
            first=_what(first),
            second=_what(second),
        )


def _what(evidence: Evidence) -> str:
    target = evidence.schema.learned_target.name
    if not evidence.classes:
        return say("{target!r} (a number)", target=target)
    return say("{target!r} (classes {classes})", target=target, classes=quoted(evidence.classes))


def _labels(evidence: Evidence) -> np.ndarray:
    """Return the target as labels or numbers, independent of a run's codes."""
    if not evidence.classes:
        return evidence.target
    return np.array(evidence.classes)[evidence.target]


def _in_order_of(first: Evidence, second: Evidence) -> Prediction:
    """Return the second run's prediction with the classes in the first run's order."""
    probability = second.prediction.probability
    if probability is None or first.classes == second.classes:
        return second.prediction
    places = [second.classes.index(label) for label in first.classes]
    return Prediction(np.argsort(places)[second.prediction.value], probability[:, places])
