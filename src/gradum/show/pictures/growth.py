"""The learning curve."""

from __future__ import annotations

import altair as alt

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.scores.metrics import METRICS
from gradum.show.pictures.picture import (
    FIRST,
    SECOND,
    Chart,
    Picture,
    bounds,
    data,
    limits,
    quantitative,
    tooltips,
)
from gradum.study.findings.findings import Findings
from gradum.study.findings.growth import Growth


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the finding, if it was measured."""
    return [growth_curve(findings.growth)] if findings.growth.points else []


def growth_curve(growth: Growth) -> Picture:
    """Draw the score by number of training rows."""
    title = METRICS[growth.metric].words
    kinds = [say("measured"), say("forecast")]
    measured = [{"rows": rows, "what": kinds[0], **bounds(score)} for rows, score in growth.points]
    forecast = []
    if growth.forecast is not None:
        forecast = [{"rows": growth.forecast_rows, "what": kinds[1], **bounds(growth.forecast)}]
    every = measured + forecast
    colour = alt.Color("what:N", title=None, scale=alt.Scale(domain=kinds, range=[FIRST, SECOND]))
    shape = alt.Shape(
        "what:N", title=None, scale=alt.Scale(domain=kinds, range=["circle", "diamond"])
    )
    ticks = [row["rows"] for row in every]
    base = Chart(data(every)).encode(
        x=alt.X(
            "rows:Q",
            title=say("training rows"),
            scale=alt.Scale(type="log", base=2, nice=False, padding=20),
            axis=alt.Axis(values=ticks, format=","),
        ),
        color=colour,
        tooltip=tooltips("what:N", "rows:Q", "value:Q", "low:Q", "high:Q"),
    )
    axis = alt.Y(**quantitative("low", say("{metric} on judged rows", metric=title)))
    chart = (
        Chart(data(measured))
        .mark_line(color=FIRST, opacity=0.5)
        .encode(x=alt.X("rows:Q"), y=alt.Y("value:Q"))
        + base.mark_rule(strokeWidth=2).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_point(size=80).encode(y=alt.Y("value:Q"), shape=shape)
    )
    return Picture(
        "growth",
        say("What more rows would bring"),
        chart.properties(width="container", height=240),
        growth.sentence,
        say(
            "The same model, fitted on parts of the training rows and judged on the same rows, "
            "with 95% intervals; the forecast follows the curve a + b · rows^(−c)."
        ),
        (say("training rows"), title, say("from"), say("to")),
        (
            *((f"{rows:,}", *limits(score)) for rows, score in growth.points),
            *(
                (say("{rows:,} (forecast)", rows=row["rows"]), *limits(growth.forecast))
                for row in forecast
                if growth.forecast
            ),
        ),
    )
