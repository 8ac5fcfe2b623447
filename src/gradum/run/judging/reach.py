"""How far a judgement reaches: for which new rows its scores hold, and for which they do not."""

from __future__ import annotations

from gradum.messages import listed, say, sentences
from gradum.run.judging.judgement import Judgement
from gradum.tables.schema import Schema

MOST_TRIALS = 3  # that a sentence names


def reach(judgement: Judgement, schema: Schema) -> str:
    """Say for which rows the intervals of the scores hold, with 95% certainty, and for which not.

    Rows that are drawn at random stand for rows of the same times and groups alone, unless a trial
    showed that later rows or other groups are predicted as well.
    """
    test = judgement.scores[judgement.verdict.used]["test"]
    if not any(score.known for score in test.values()):
        return say("Too few rows judged to say how sure this is.")
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
    sure = say(
        "The ranges in brackets hold with 95% certainty for new rows like these, not for later "
        "times or new groups such as persons or places; to judge those, fit with --time COL or "
        "--group COL."
    )
    trials = judgement.split.trials if judgement.split else ()
    if not trials or any(trial.shown for trial in trials):
        return sure
    # Whoever reads "by --group 'humidity'" wonders; the other columns name groups, or order rows.
    naming = {column.name for column in schema.columns if column.traits.names_groups}
    told = [trial.option for trial in trials if trial.by == "time" or trial.column in naming]
    if not told:
        return sure
    options = listed(told[:MOST_TRIALS], "and")
    return sentences([sure, say("Quick trials by {options} showed no loss.", options=options)])
