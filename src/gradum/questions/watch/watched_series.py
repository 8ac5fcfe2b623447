"""A watch of a forecast: what came later, beside the origins that judged it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.errors import SpecError
from gradum.messages import say
from gradum.questions.rows.table_rows import table_rows
from gradum.questions.watch.answer import Watch
from gradum.scores.figures import percent
from gradum.scores.metrics import METRICS
from gradum.study.evaluation.changes import Change
from gradum.study.evaluation.evaluate import evaluate
from gradum.study.finding_words import WORSE
from gradum.study.watch.watched import WatchAlarm, Watched
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.questions.subject import Subject

USUAL_POWER = 0.8416  # the quantile of the normal distribution at 80%


def watch_series(model: Subject, data: Any, *, reading: ReadingOptions = PLAINLY) -> Watch:
    """Compare the errors of a forecast on later values with those on the origins that judged it.

    Rows of one stamp share its errors, whatever their series, origin and step, so that there is one
    test: of the score that decided between the models, over stretches of stamps as `Truth.stretch`
    says. It finds a change where there is none in at most 2.5% of watches. Columns are not tested:
    all but known ones are the past of the series themselves, which moves as they do.

    Raises
    ------
    TableError
        The table has no value that came after those learned from.
    """
    fitted = model.fitted
    with table_rows(data, fitted, reading) as rows:
        assert isinstance(rows.table, Table)
        evaluation = evaluate(fitted, rows.table)
    judgement = evaluation.judgement
    metric = (fitted.judgement or judgement).verdict.metric
    tested = [c for c in evaluation.changes if c.metric == metric and c.difference.known]
    alarms = [
        WatchAlarm("score", evaluation.sentences[0]) for change in tested if change.finding == WORSE
    ]
    found = Watched(
        target=fitted.spec.target,
        rung=fitted.used,
        rows=judgement.rows["test"],
        reference_rows=0 if fitted.reference is None else fitted.reference.rows,
        alarms=tuple(alarms),
        tests=len(tested),
        columns=(),
        notes=(
            *evaluation.sentences[len(alarms) :],
            *(_power(change) for change in tested),
            *judgement.notes,
        ),
        p=next((change.worse_p for change in tested), None),
    )
    return Watch(found, fitted, rows.source)


def refuse_options(**given: Any) -> None:
    """Refuse options of a watch that are for rows of a table.

    Raises
    ------
    SpecError
        One is given.
    """
    for option, value in given.items():
        if value:
            raise SpecError(
                "--{option} is for rows of a table, not for a forecast.",
                "Leave it out: later values are held against the judged origins.",
                option=option,
            )


def _power(change: Change) -> str:
    """Say how much worse the score has to be to be found in 80% of cases."""
    difference = change.difference
    end = difference.low if METRICS[change.metric].sign > 0 else difference.high
    wide = abs(end - difference.value) + USUAL_POWER * difference.standard_error
    least = wide / abs(change.own.value) if change.own.value else np.nan
    if not np.isfinite(least):
        return ""
    return say(
        "In 80 of 100 cases, these values would show that {metric} is worse by {share}.",
        metric=METRICS[change.metric].words,
        share=percent(least),
    )
