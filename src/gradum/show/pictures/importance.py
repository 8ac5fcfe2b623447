"""The importance of each column."""

from __future__ import annotations

import altair as alt

from gradum.fitting.rungs import KINDS
from gradum.messages import say, sentences
from gradum.scores.figures import with_interval
from gradum.scores.metrics import METRICS
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    Picture,
    bounds,
    by,
    data,
    limits,
    quantitative,
    tooltips,
)
from gradum.study.importance import Importance

MOST = 20


def importance_bars(found: Importance, rung: str) -> Picture | None:
    """Draw the most important columns; None where the rung looks at none."""
    if not found.columns:
        return None
    shown = found.columns[:MOST]
    title = METRICS[found.metric].words
    rows = [
        {"column": each.column, "place": place, **bounds(each.increase)}
        for place, each in enumerate(shown)
    ]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("column:N", sort=by("place"), title=None),
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
        + alt.Chart(data([{"zero": 0}])).mark_rule(color=FAINT).encode(x=alt.X("zero:Q"))
    )
    first = say("; ").join(
        f"{each.column} {with_interval(each.increase, sign=True)}" for each in shown[:3]
    )
    caption = [
        say(
            "How much worse {metric} becomes when a column's values are shuffled among the rows, "
            "with 95% intervals. Columns that say the same share their worth: each may look "
            "unimportant.",
            metric=title,
        ),
        say(
            "Measured on {rows:,} judged rows, shuffled {times} times.",
            rows=found.rows,
            times=found.repeats,
        ),
    ]
    if len(found.columns) > MOST:
        caption.append(
            say(
                "The {drawn} most important of {columns} columns are drawn.",
                drawn=MOST,
                columns=len(found.columns),
            )
        )
    if found.screened:
        caption.append(
            say(
                "{columns:,} further columns made no difference in a quick look and were not "
                "measured.",
                columns=found.screened,
            )
        )
    return Picture(
        "importance",
        say("What the columns are worth to {rung}", rung=say(KINDS[rung].in_words)),
        chart.properties(width="container", height=24 * len(shown) + 20),
        say("Most important: {columns}.", columns=first),
        sentences(caption),
        (say("column"), say("increase of {metric}", metric=title), say("from"), say("to")),
        tuple((each.column, *limits(each.increase)) for each in found.columns),
    )
