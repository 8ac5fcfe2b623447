"""The decision curve: net benefit by threshold."""

from __future__ import annotations

import altair as alt

from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    INK,
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
from gradum.study.findings.net_benefit import NetBenefit

MOST_LINES = 21


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the finding, and the threshold that the costs imply, if costs were given."""
    if findings.net_benefit is None:
        return []
    costs = findings.found("threshold")
    return [decision_curve(findings.net_benefit, None if costs is None else costs.theoretical)]


def decision_curve(found: NetBenefit, implied: float | None = None) -> Picture:
    """Draw the net benefit of acting on the model, on all rows and on none."""
    rows = [
        {"threshold": each.threshold, **bounds(each.model), "third": each.of_all}
        for each in found.curve
    ]
    ends = [each["threshold"] for each in (rows[0], rows[-1])]
    least = min(0.0, *(row["low"] for row in rows))
    most = max(max(row["high"], row["third"]) for row in rows)
    reach = [max(least, -most / 2), most]
    base = Chart(data(rows)).encode(
        x=alt.X(
            **quantitative("threshold", say("threshold of the predicted probability"), domain=ends)
        ),
        tooltip=tooltips("threshold:Q", "value:Q", "low:Q", "high:Q"),
    )
    axis = alt.Y(**quantitative("low", say("net benefit"), domain=reach, nice=True))
    none = Chart(data([{"at": 0.0}])).mark_rule(color=INK, strokeDash=[2, 2], strokeWidth=1.5)
    chart = (
        none.encode(y=alt.Y("at:Q"))
        + base.mark_area(color=FIRST, opacity=0.15, clip=True).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_line(color=SECOND, strokeDash=[6, 3], clip=True).encode(y=alt.Y("third:Q"))
        + base.mark_line(color=FIRST, clip=True).encode(y=alt.Y("value:Q"))
    )
    if implied is not None and ends[0] <= implied <= ends[1]:
        rule = Chart(data([{"at": implied}])).mark_rule(color=FAINT, strokeWidth=2)
        chart = rule.encode(x=alt.X("at:Q")) + chart
    step = -(-len(found.curve) // MOST_LINES)
    return Picture(
        "net-benefit",
        say("Decision curve: {label}", label=found.positive),
        chart.properties(width="container", height=300),
        found.sentence,
        sentences(
            [
                say(
                    "Net benefit is the share of rows rightly flagged as {label}, less the share "
                    "wrongly flagged × t / (1 − t): who acts from a probability t = 0.1 on holds a "
                    "row of {label} to be worth nine others. Solid: the model, with a band that "
                    "holds everywhere at once with 95% certainty; dashed: acting on all rows; "
                    "dotted: on none.",
                    label=found.positive,
                ),
                ""
                if implied is None
                else say("The costs given imply t = {implied}.", implied=figure(implied)),
            ]
        ),
        (say("threshold"), say("net benefit"), say("from"), say("to"), say("of acting on all")),
        tuple(
            (figure(each.threshold), *limits(each.model), figure(each.of_all))
            for each in found.curve[::step]
        ),
    )
