"""The cost of a decision threshold."""

from __future__ import annotations

import altair as alt

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    SECOND,
    Chart,
    Picture,
    data,
    limits,
    quantitative,
    tooltips,
)
from gradum.study.findings.findings import Findings
from gradum.study.findings.threshold import Threshold


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the finding, if costs were given."""
    return [] if findings.threshold is None else [threshold_curve(findings.threshold)]


def threshold_curve(threshold: Threshold) -> Picture:
    """Draw the mean cost per row by threshold, the cheapest threshold and the usual one."""
    rows = [{"threshold": at, "cost": cost} for at, cost in threshold.curve]
    line = (
        Chart(data(rows))
        .mark_line(color=FIRST, interpolate="step-before")
        .encode(
            x=alt.X(
                **quantitative(
                    "threshold", say("threshold of the predicted probability"), domain=[0, 1]
                )
            ),
            y=alt.Y(**quantitative("cost", say("mean cost of a row"), zero=True)),
            tooltip=tooltips("threshold:Q", "cost:Q"),
        )
    )
    best = Chart(data([{"at": threshold.threshold.value}])).mark_rule(color=SECOND, strokeWidth=2)
    usual = Chart(data([{"at": threshold.usual}])).mark_rule(
        color=FAINT, strokeDash=[4, 4], strokeWidth=2
    )
    return Picture(
        "threshold",
        say("The threshold that costs least"),
        (usual.encode(x=alt.X("at:Q")) + best.encode(x=alt.X("at:Q")) + line).properties(
            width="container", height=240
        ),
        threshold.sentence,
        say(
            "The dashed line is {usual:.3g}. If the probabilities were exact, {best:.3g} would be "
            "best.",
            usual=threshold.usual,
            best=threshold.theoretical,
        ),
        ("", say("value"), say("from"), say("to")),
        (
            (say("threshold"), *limits(threshold.threshold)),
            (say("cost of a row there"), *limits(threshold.cost)),
            (
                say("cost of a row at {threshold:.3g}", threshold=threshold.usual),
                *limits(threshold.cost_at_half),
            ),
            (say("saved"), *limits(threshold.saved)),
            *((say(name), f"{count:,}", "", "") for name, count in threshold.counts.items()),
        ),
    )
