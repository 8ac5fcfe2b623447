"""The importance of each column."""

from __future__ import annotations

import altair as alt

from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.rungs.registry import KINDS
from gradum.scores.figures import with_interval
from gradum.scores.metrics import METRICS
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    Chart,
    Picture,
    bounds,
    by,
    data,
    limits,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.findings.findings import Findings
from gradum.study.findings.importance import Importance

MOST = 20


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the finding, if the rung in use looks at columns."""
    found = findings.importance
    return [importance_bars(found, findings.rung)] if found.columns else []


def importance_bars(importance: Importance, rung: str) -> Picture:
    """Draw the most important columns."""
    shown = importance.columns[:MOST]
    labels = told_apart([column.column for column in shown])
    title = METRICS[importance.metric].words
    rows = [
        {"column": column.column, "label": label, "place": place, **bounds(column.increase)}
        for place, (column, label) in enumerate(zip(shown, labels, strict=True))
    ]
    base = Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=by("place"), title=None),
        tooltip=tooltips("column:N", "value:Q", "low:Q", "high:Q"),
    )
    chart = (
        base.mark_bar(color=FIRST, opacity=0.6).encode(
            x=alt.X(
                **quantitative(
                    "value", say("increase of {metric} when shuffled", metric=title), zero=True
                ),
                stack=None,
            )
        )
        + base.mark_rule(color=FIRST, strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
        + Chart(data([{"zero": 0}])).mark_rule(color=FAINT).encode(x=alt.X("zero:Q"))
    )
    first = say("; ").join(
        f"{column.column} {with_interval(column.increase, sign=True)}" for column in shown[:3]
    )
    caption = [
        say(
            "How much worse {metric} becomes when a column's values are shuffled among the rows, "
            "with 95% intervals. Columns that carry the same information share their importance, "
            "so each of them may look unimportant.",
            metric=title,
        ),
        say(
            "Measured on {rows:,} judged rows, shuffled {times} times.",
            rows=importance.rows,
            times=importance.repeats,
        ),
    ]
    if len(importance.columns) > MOST:
        caption.append(
            say(
                "The {drawn} most important of {columns} columns are drawn.",
                drawn=MOST,
                columns=len(importance.columns),
            )
        )
    if importance.screened:
        caption.append(
            say(
                "{columns:,} further columns made no difference in a quick trial and were not "
                "measured.",
                columns=importance.screened,
            )
        )
    return Picture(
        "importance",
        say("How much the columns matter to {rung}", rung=say(KINDS[rung].in_words)),
        chart.properties(width="container", height=24 * len(shown) + 20),
        say("Most important: {columns}.", columns=first),
        sentences(caption),
        (say("column"), say("increase of {metric}", metric=title), say("from"), say("to")),
        tuple((column.column, *limits(column.increase)) for column in importance.columns),
    )
