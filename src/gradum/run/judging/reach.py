"""The new rows for which the scores of a judgement hold, and those for which they do not."""

from __future__ import annotations

from gradum.messages import listed, say, sentences
from gradum.run.judging.judgement import Judgement
from gradum.run.split_check import SplitTrial, Way
from gradum.tables.schema.schema import Schema

MOST_TRIALS = 3  # that a sentence names


def reach(judgement: Judgement, schema: Schema) -> str:
    """Say for which rows the intervals of the scores hold, with 95% certainty, and for which not.

    Rows that are drawn at random stand for rows of the same times and groups alone, unless a trial
    of later rows or other groups showed no loss.
    """
    test = judgement.scores[judgement.verdict.used]["test"]
    if not any(score.known for score in test.values()):
        return say("Too few rows judged to say how sure this is.")
    if schema.forecast is not None:
        return say(
            "The ranges in brackets hold with 95% certainty for what comes next, as long as the "
            "series go on as they did from the judged origins."
        )
    if schema.time is not None:
        return say(
            "The ranges in brackets hold with 95% certainty for the next rows in {column!r}, as "
            "long as things go on as they did in the judged rows.",
            column=schema.time,
        )
    if schema.group is not None:
        return say(
            "The ranges in brackets hold with 95% certainty for rows with a new {column!r}, not "
            "for later times; to judge those, fit with --time COL.",
            column=schema.group,
        )
    return sentences(
        [
            say("The ranges in brackets hold with 95% certainty for new rows like these."),
            _later(judgement, schema),
            _elsewhere(judgement, schema),
        ]
    )


def _later(judgement: Judgement, schema: Schema) -> str:
    """Say what is known of later rows."""
    tried = _trials(judgement, "time")
    if any(trial.shown for trial in tried):
        return ""  # the headline says it
    if tried:
        return say(
            "Later rows, such as next month's: a quick model was not shown to do worse on them "
            "({option}).",
            option=tried[0].option,
        )
    if dated := [column.name for column in schema.columns if column.traits.is_time]:
        return say(
            "Later rows, such as next month's: not tried; fit with --time {column!r}.",
            column=dated[0],
        )
    return say(
        "Later rows, such as next month's: unknown, as no column has dates; if a column orders the "
        "rows in time, fit with --time COL."
    )


def _elsewhere(judgement: Judgement, schema: Schema) -> str:
    """Say what is known of rows of new groups."""
    # Whoever reads "by --group 'humidity'" wonders; the other columns do not name groups.
    naming = {column.name for column in schema.columns if column.traits.names_groups}
    trials = _trials(judgement, "group")
    if any(trial.shown for trial in trials):
        return ""  # the headline says it
    if tried := [trial for trial in trials if trial.column in naming]:
        return say(
            "Rows with a new {columns}: a quick model was not shown to do worse on them "
            "({options}).",
            columns=listed([repr(trial.column) for trial in tried[:MOST_TRIALS]], "or"),
            options=listed([trial.option for trial in tried[:MOST_TRIALS]], "and"),
        )
    return say("New groups, such as other persons or places: not tried; fit with --group COL.")


def _trials(judgement: Judgement, by: Way) -> list[SplitTrial]:
    trials = judgement.split.trials if judgement.split else ()
    return [trial for trial in trials if trial.by == by]
