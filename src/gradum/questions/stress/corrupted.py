"""Effects of corrupted columns on a model's score, and whether a watch notices the corruption."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from gradum.margins import falling
from gradum.messages import say
from gradum.questions.stress.corruption import Corruption, corruptions_of
from gradum.questions.stress.result import CorruptionEffect, Corruptions
from gradum.questions.stress.stressed_rows import StressedRows
from gradum.randomness import stream
from gradum.run.dataset import labelled
from gradum.run.fitted import Fitted
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.run.reference.reference import answers_of
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import paired_differences
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS, score
from gradum.scores.outcome import Outcome
from gradum.study.watch.column_drift import Counted
from gradum.study.watch.drift_effect import AnsweredRows
from gradum.study.watch.watch import watch
from gradum.tables.check.check import check
from gradum.tables.table import Table
from gradum.waiting import heard_by, told

SHARE = 0.1
"""The share of rows that are corrupted."""

FEWEST_WATCHED = 20
"""The number of rows below which a watch can show nothing."""

Alarms = set[tuple[str, str | None]]
"""Kinds of alarms, each with its column."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The targets of n rows of a table."""

    truth: Truth
    """Of all rows of the table that have a target."""
    places: np.ndarray
    """Integers of shape (n,). Positions of the n rows among these."""

    def outcome(self, rung: str, prediction: Prediction) -> Outcome:
        """Compare a prediction for the rows with their targets."""
        return self.truth.outcomes(Seen(self.places, {rung: prediction}))[rung]


def features_and_labels(
    fitted: Fitted, table: Table
) -> tuple[pl.DataFrame, np.ndarray, Labels | None]:
    """Return the features of rows, their places in the table, and their targets, if it has any.

    If the table has the target, rows without one are left out.
    """
    features = [column.name for column in fitted.schema.features]
    if fitted.spec.target not in table.frame.columns:
        frame = check(table, fitted.schema, encoder=fitted.encoder).frame
        return frame.select(features), np.arange(len(frame)), None
    dataset = labelled(table, fitted.schema, encoder=fitted.encoder)
    labels = Labels(dataset.truth, np.arange(len(dataset)))
    return dataset.frame.select(features), dataset.numbers, labels


class _Accident(NamedTuple):
    """A corruption of some rows (n,), the answers after it, and a watch's alarms."""

    corruption: Corruption
    chosen: np.ndarray
    prediction: Prediction
    alarms: Alarms | None


def corruptions(
    stressed: StressedRows, labels: Labels | None = None, time_limit: float | None = None
) -> Corruptions:
    """Corrupt the columns of a table one by one, in every way that is possible for each.

    The same `SHARE` of the rows, drawn by chance, is corrupted each time; where high values get
    lost, the rows with the highest values are taken.

    Parameters
    ----------
    labels : Labels, optional
        The rows' targets, if they are at hand.
    time_limit : float, optional
        Seconds. Corruptions are tried in an order drawn by chance, at least one of them.
    """
    until = math.inf if time_limit is None else time.monotonic() + time_limit
    rows = stressed.rows
    counted = Counted(stressed.reference.columns, stressed.fitted.encoder)
    counted.add(rows)
    present = stressed.answers(rows)
    alarms = _alarms(stressed, AnsweredRows(rows, answers_of(present)), counted)
    accidents, left = _accidents(stressed, counted, until)
    metric, differences = None, [None] * len(accidents)
    if labels is not None:
        predictions = [accident.prediction for accident in accidents]
        metric, differences = _scored(stressed, labels, present, predictions)
    sign = 0 if metric is None else METRICS[metric].sign
    effects = [
        CorruptionEffect(
            kind=accident.corruption.kind,
            columns=accident.corruption.columns,
            rows=int(np.count_nonzero(accident.chosen)),
            moved=_moved(stressed.fitted, present, accident.prediction, accident.chosen),
            score=difference,
            worse=difference is not None and min(sign * difference.low, sign * difference.high) > 0,
            noticed=None
            if accident.alarms is None or alarms is None
            else bool(accident.alarms - alarms),
        )
        for accident, difference in zip(accidents, differences, strict=True)
    ]
    harm = [
        effect.moved if effect.score is None else sign * effect.score.value for effect in effects
    ]
    order = falling(np.array(harm))
    most_harmful = tuple(effects[place] for place in order)
    return Corruptions(len(rows), SHARE, metric, most_harmful, left)


def _accidents(
    stressed: StressedRows, counted: Counted, until: float
) -> tuple[list[_Accident], int]:
    """Apply every corruption to rows, which were counted as they are.

    Return those that change a row, and how many were left out.
    """
    possible = list(corruptions_of(stressed.fitted))
    if until < math.inf:  # chance decides which corruptions there is time for
        possible = _drawn(possible, stressed.fitted.spec.seed)
    drawn = stream(stressed.fitted.spec.seed, "study", "stress", "rows").permutation(len(stressed))
    accidents: list[_Accident] = []
    each = told(
        possible, say("accidents: one column after the other is corrupted on trial"), len(possible)
    )
    for tried, corruption in enumerate(each):
        if accidents and time.monotonic() > until:
            return accidents, len(possible) - tried
        accident = _accident(stressed, counted, corruption, drawn)
        if accident is not None:
            accidents.append(accident)
    return accidents, 0


def _drawn(possible: list[Corruption], seed: int) -> list[Corruption]:
    order = stream(seed, "study", "stress", "accidents").permutation(len(possible))
    return [possible[place] for place in order]


def _accident(
    stressed: StressedRows, counted: Counted, corruption: Corruption, drawn: np.ndarray
) -> _Accident | None:
    """Apply a corruption to the first rows that were drawn; None if it changes nothing."""
    rows = stressed.rows
    chosen = _chosen(rows, corruption, drawn, max(1, round(SHARE * len(rows))))
    corrupted = corruption.corrupt(rows, chosen)
    if corrupted.equals(rows):
        return None
    answers = stressed.answers(corrupted)
    answered = AnsweredRows(corrupted, answers_of(answers))
    alarms = _alarms(stressed, answered, counted.edited(rows, corrupted))
    return _Accident(corruption, chosen, answers, alarms)


def _chosen(
    rows: pl.DataFrame, corruption: Corruption, drawn: np.ndarray, count: int
) -> np.ndarray:
    """Return which rows (n,) are corrupted: the first that were drawn, or the highest of all."""
    order = drawn
    if corruption.highest is not None:
        present = drawn[rows[corruption.highest].is_not_null().to_numpy()[drawn]]
        order = present[falling(rows[corruption.highest].to_numpy()[present])]
    chosen = np.zeros(len(rows), bool)
    chosen[order[:count]] = True
    return chosen


def _moved(
    fitted: Fitted, present: Prediction, prediction: Prediction, chosen: np.ndarray
) -> float:
    """Return how far the answers for corrupted rows move."""
    before, after = present.middle[chosen], prediction.middle[chosen]
    moved = before != after if fitted.classes else np.abs(after - before)
    return float(np.mean(moved))


def _scored(
    stressed: StressedRows, labels: Labels, present: Prediction, predictions: list[Prediction]
) -> tuple[str, list[Interval]]:
    """Return the metric, and the change that each corruption makes to it."""
    truth, rung, spec = labels.truth, stressed.rung.name, stressed.fitted.spec
    reference = labels.outcome(rung, present)
    metric = spec.metric or truth.metric
    if metric not in score(reference):  # for rows of one class, for example
        metric = truth.metric
    rng = stream(spec.seed, "study", "stress", "resamples")
    resamples = truth.resamples(Seen(labels.places, {rung: present}), rng)
    outcomes = [labels.outcome(rung, prediction) for prediction in predictions]
    return metric, paired_differences(outcomes, reference, metric, resamples) if outcomes else []


def _alarms(stressed: StressedRows, rows: AnsweredRows, counted: Counted) -> Alarms | None:
    """Return which alarms a watch of counted rows raises, by column; None with too few rows."""
    if len(rows.frame) < FEWEST_WATCHED:
        return None
    fitted, reference = stressed.fitted, stressed.reference
    with heard_by(None):  # a watch for each accident is no stage of its own
        watched = watch(fitted, reference, counted, rows, joint=None, rung=stressed.rung.name)
    return {(alarm.kind, alarm.column) for alarm in watched.alarms}
