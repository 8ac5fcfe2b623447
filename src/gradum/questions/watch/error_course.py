"""The course of an error rate: what labels have shown about it after each row."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from gradum.messages import say, sentences
from gradum.scores.figures import figure, percent
from gradum.show.pictures.picture import (
    FIRST,
    INK,
    SECOND,
    AnyChart,
    Chart,
    Picture,
    data,
    quantitative,
    tooltips,
)
from gradum.study.watch.sequential_test import SequentialTest

SHOWN_LOOKS = 20
"""The number of rows in the table below the chart."""


def error_course(test: SequentialTest) -> Picture:
    """Draw the error rate so far, its bounds, and the rate that is tested."""
    step = max(1, len(test.course) // SHOWN_LOOKS)
    shown = list(test.course[::step])
    if shown[-1] is not test.course[-1]:
        shown.append(test.course[-1])
    return Picture(
        "error-course",
        say("Errors as labels came in"),
        _chart(test),
        test.sentences[0],
        sentences(_caption(test)),
        (say("rows with labels"), say("rate of errors"), say("from"), say("to")),
        tuple(
            (f"{look.rows:,}", figure(look.errors / look.rows), figure(look.low), figure(look.high))
            for look in shown
        ),
    )


def _chart(test: SequentialTest) -> AnyChart:
    """Draw the rate and its band, a dashed line at the bound, and a vertical one at an alarm."""
    looks = [
        {"rows": look.rows, "rate": look.errors / look.rows, "low": look.low, "high": look.high}
        for look in test.course
    ]
    at_most = test.bound.at_most
    base = Chart(data(looks)).encode(
        x=alt.X(**quantitative("rows", say("rows with labels"))),
        tooltip=tooltips("rows:Q", "rate:Q", "low:Q", "high:Q"),
    )
    # The first looks show almost nothing, and would leave the others no room.
    top = max(look["high"] for look in looks[len(looks) // 10 :])
    axis = alt.Y(**quantitative("low", say("rate of errors"), domain=[0, max(top, at_most)]))
    chart = (
        base.mark_area(color=FIRST, opacity=0.15, clip=True).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_line(color=FIRST, clip=True).encode(y=alt.Y("rate:Q"))
        + Chart(data([{"rate": at_most}]))
        .mark_rule(color=INK, strokeDash=[4, 4])
        .encode(y=alt.Y("rate:Q"))
    )
    if test.alarm is not None and test.alarm.row is not None:
        alarm = Chart(data([{"rows": test.alarm.rows}]))
        chart += alarm.mark_rule(color=SECOND, strokeWidth=2).encode(x=alt.X("rows:Q"))
    return chart.properties(width="container", height=300)


def _caption(test: SequentialTest) -> Iterator[str]:
    yield say(
        "The line is the rate of errors so far; the band holds it at all rows simultaneously with "
        "{certainty} certainty; the dashed line is the tested rate of {rate}.",
        certainty=percent(1.0 - test.bound.alpha),
        rate=percent(test.bound.at_most, decimals=1),
    )
    if test.alarm is not None and test.alarm.row is not None:
        yield say("The upright line is the row of the alarm.")
