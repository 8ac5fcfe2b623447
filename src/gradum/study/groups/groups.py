"""Scores by group as plain values, the measures that groups are compared by, and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from gradum.messages import listed, marked, say, say_plural
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS, Metric
from gradum.scores.outcome import Outcome, Task
from gradum.scores.weighting import Weighting, ratio
from gradum.study.finding_words import (
    HIGHER,
    LOWER,
    NO_DIFFERENCE,
    STRONGER,
    TOO_FEW_ROWS,
    UNDEFINED,
    WEAKER,
)
from gradum.study.log_odds_calibration import calibration_intercept, calibration_slope
from gradum.tables.wording import SHOWN_NAMES, and_more

UNMARKED = (NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED)
"""Findings that claim no difference."""


class GroupScore(msgspec.Struct, frozen=True):
    """A measure in one group."""

    value: float | None
    """None where the rows of the group leave it undefined, such as the AUC of a single class."""
    interval: Interval | None
    """The 95% interval for this group alone; None where it has too few rows."""
    difference: Interval | None
    """The value less that of all other rows. The intervals of all groups and measures hold jointly
    with 95% certainty."""
    finding: str
    """One of "weaker than the rest", "stronger than the rest"; for a rate "higher than the rest",
    "lower than the rest"; "no difference shown", "too few rows to say", "undefined"."""
    p_value: float | None = None
    """The probability of so large a difference if there were none, corrected for all groups of the
    column but for this measure alone. None where there is no difference to test."""


class Group(msgspec.Struct, frozen=True):
    """The judged rows with one value, or one range of values, of a column."""

    column: str
    values: str
    rows: int
    scores: dict[str, GroupScore]
    """By measure."""


class GroupGap(msgspec.Struct, frozen=True):
    """How far apart the rates of a column's groups are: the highest less the lowest."""

    column: str
    measure: str
    value: float
    """The gap among the groups with enough rows."""
    low: float
    high: float
    """The 95% interval, from joint intervals of all of these groups."""


class Groups(msgspec.Struct, frozen=True):
    """Scores by group."""

    measures: tuple[str, ...]
    """The metric first; for two classes also the rates."""
    rows: int
    """The number of judged rows."""
    selected: str | None
    """The second of two classes."""
    groups: tuple[Group, ...]
    """Column by column."""
    gaps: tuple[GroupGap, ...]
    """Gaps of rates and other shares, for columns with at least two groups of enough rows."""
    sentences: tuple[str, ...]
    """What was found, and what the intervals mean."""
    calibration: tuple[Group, ...] = ()
    """For two classes, the calibration intercept and slope of each group; their intervals hold
    jointly among themselves. Empty in files of versions that did not write it."""

    @property
    def flagged(self) -> tuple[tuple[Group, str], ...]:
        """The groups that differ from the rest, each with a measure by which it differs."""
        return tuple(
            (group, measure)
            for group in self.groups
            for measure, score in group.scores.items()
            if score.finding not in UNMARKED
        )


@dataclass(frozen=True)
class GroupMeasure:
    """A number that each group has."""

    name: str
    title: str
    """For code and JSON, and for people."""
    function: Callable[[Weighting], np.ndarray]
    """From a `Weighting` to values (B,)."""
    rests_on: Callable[[Outcome], int]
    """From an outcome to the least number of its rows that the number rests on."""
    above: str
    below: str
    """The finding for a group whose number is shown to be above, or below, that of the rest."""
    is_share: bool = False
    """Whether it is a share of the rows that it rests on."""


def selection_rate(rows: Weighting) -> np.ndarray:
    """Share of all rows that are predicted as the second of two classes."""
    _, predicted, _ = rows.per_class
    return ratio(predicted[:, 1], rows.total)


def true_positive_rate(rows: Weighting) -> np.ndarray:
    """Share of the rows of the second of two classes that are predicted as that class."""
    actual, _, hits = rows.per_class
    return ratio(hits[:, 1], actual[:, 1])


def false_positive_rate(rows: Weighting) -> np.ndarray:
    """Share of the rows of the first of two classes that are predicted as the second."""
    actual, predicted, hits = rows.per_class
    return ratio(predicted[:, 1] - hits[:, 1], actual[:, 0])


def _all_rows(outcome: Outcome) -> int:
    return len(outcome)


def _of_class(code: int) -> Callable[[Outcome], int]:
    return lambda outcome: int(np.count_nonzero(outcome.target == code))


def _of_rarer_class(outcome: Outcome) -> int:
    return int(np.bincount(outcome.target, minlength=2).min())


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

CALIBRATION = tuple(
    GroupMeasure(name, title, function, _of_rarer_class, HIGHER, LOWER)
    for name, title, function in (
        ("calibration_intercept", marked("Calibration intercept"), calibration_intercept),
        ("calibration_slope", marked("Calibration slope"), calibration_slope),
    )
)


def measures_of(task: Task, metric: str) -> tuple[GroupMeasure, ...]:
    """Return a metric as a measure and, for two classes, also the rates."""
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


def group_sentences(found: Groups, measures: Sequence[GroupMeasure]) -> tuple[str, ...]:
    """Say which groups differ, what the intervals mean, and which groups are too small."""
    differences = list(_differences(found, measures))
    if not differences:
        differences.append(say("No group is shown to differ from the rest."))
    return (*differences, *_meaning(found), *_small(found))


def _differences(found: Groups, measures: Sequence[GroupMeasure]) -> Iterator[str]:
    """Say which groups differ, with one sentence for groups that differ alike."""
    titles = {measure.name: measure.title for measure in measures}
    alike: dict[tuple[str, str, str], list[str]] = {}
    for group, name in found.flagged:
        finding = group.scores[name].finding
        alike.setdefault((group.column, name, finding), []).append(repr(group.values))
    for (column, name, finding), groups in alike.items():
        yield say(
            "{measure} by {column}, {finding}: {groups}.",
            measure=say(titles[name]),
            column=column,
            finding=say(finding),
            groups=_named(groups),
        )


def _meaning(found: Groups) -> Iterator[str]:
    """Say what the rates and intervals mean."""
    if found.selected is not None:
        yield say(
            "Rates are for {label!r}: a row is selected if it is predicted as this class.",
            label=found.selected,
        )
    yield say(
        "Each difference compares a group with all other rows. The intervals hold simultaneously "
        "with 95% certainty: if no group differs, the probability that any group is reported as "
        "different is at most 5%."
    )


def _small(found: Groups) -> Iterator[str]:
    """Name the groups with too few rows, and those with a single row."""
    metric = found.measures[0]
    few = [
        f"{group.values!r} ({group.rows})"
        for group in found.groups
        if group.scores[metric].finding == TOO_FEW_ROWS and group.rows > 1
    ]
    single = [repr(group.values) for group in found.groups if group.rows == 1]
    if few:
        yield say_plural(
            "{count} group has too few rows to say whether it differs: {groups}.",
            "{count} groups have too few rows to say whether they differ: {groups}.",
            len(few),
            groups=_named(few),
        )
    if single:
        yield say_plural(
            "{count} group is a single row: {groups}.",
            "{count} groups are single rows: {groups}.",
            len(single),
            groups=_named(single),
        )


def _named(groups: Sequence[str]) -> str:
    return and_more(listed(groups[:SHOWN_NAMES]), len(groups) - SHOWN_NAMES)
