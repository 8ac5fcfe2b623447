"""Errors as labels come in: a test of whether their rate is above a bound, valid at every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import say
from gradum.study.watch.e_process import bounds, found_from, log_evidence, reaches
from gradum.study.watch.sequence_wording import sequence_sentences
from gradum.study.watch.sequential_test import (
    POWER,
    ErrorAlarm,
    ErrorCount,
    Look,
    SequentialTest,
    Unjudged,
)

MOST_LOOKS = 500


@dataclass(frozen=True, eq=False)
class Labelled:
    """The rows of a table that have labels, in the order in which they are tested.

    Parameters
    ----------
    source, labels : str
        The table, and its column of labels.
    wrong : ndarray of shape (n,)
        Which predictions are errors.
    numbers : ndarray of shape (n,)
        The rows' numbers in the table, from 1.
    unjudged : Unjudged
    notes : tuple of str
        What is to be said of the rows and their order.
    """

    source: str
    labels: str
    wrong: np.ndarray
    numbers: np.ndarray
    unjudged: Unjudged
    notes: tuple[str, ...] = ()


def follow(labelled: Labelled, before: ErrorCount, notes: tuple[str, ...] = ()) -> SequentialTest:
    """Carry a test on with the rows of a table; ``notes`` are on the bound.

    Raises
    ------
    SpecError
        No row has a label.
    """
    count = len(labelled.wrong)
    if not count:
        raise SpecError(
            say(
                "No row of {source} has a label in column {labels!r}.",
                source=labelled.source,
                labels=labelled.labels,
            ),
            say("Give rows whose outcome is known."),
        )
    bound = before.bound
    rows = before.rows + np.arange(1, count + 1)
    errors = before.errors + np.cumsum(labelled.wrong)
    logs = log_evidence(rows, errors, bound.at_most)
    alarm, place = None, None
    if before.alarm is not None:
        alarm = ErrorAlarm(before.alarm, None)
    elif (reached := reaches(logs, bound.level)).any():
        place = int(reached.argmax())
        alarm = ErrorAlarm(int(rows[place]), int(labelled.numbers[place]))
    after = structs.replace(
        before,
        rows=int(rows[-1]),
        errors=int(errors[-1]),
        alarm=None if alarm is None else alarm.rows,
    )
    test = SequentialTest(
        labelled.source,
        labelled.labels,
        bound,
        after,
        before.rows,
        labelled.unjudged,
        alarm,
        _course(rows, errors, logs, place, bound.alpha),
        found_from(after.rows, bound.at_most, bound.level, POWER),
    )
    sentences = (*sequence_sentences(test), *labelled.notes, *notes)
    return structs.replace(test, sentences=tuple(filter(None, sentences)))


def _course(
    rows: np.ndarray, errors: np.ndarray, logs: np.ndarray, alarm: int | None, alpha: float
) -> tuple[Look, ...]:
    """Look at up to `MOST_LOOKS` of the rows, the place of an alarm and the last among them."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), MOST_LOOKS - 1)).round().astype(int)
    if alarm is not None:
        places = np.union1d(places, alarm)
    low, high = bounds(rows[places], errors[places], alpha)
    evidence = logs[places] / np.log(10)
    columns = (rows[places], errors[places], low, high, evidence)
    return tuple(Look(*look) for look in zip(*(values.tolist() for values in columns), strict=True))
