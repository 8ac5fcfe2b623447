"""Gain and lift of a class, from the highest-ranking rows down."""

from __future__ import annotations

import altair as alt

from gradum.messages import say
from gradum.scores.figures import figure, percent
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    Chart,
    Picture,
    bounds,
    data,
    quantitative,
    tooltips,
)
from gradum.study.findings.ranking import Lift, Top


def gain_curve(lift: Lift) -> Picture:
    """Draw the share of the class that is found against the share of rows looked at."""
    ends = [{"share": at, "value": at, "low": at, "high": at, "lift": 1.0} for at in (0.0, 1.0)]
    tops = [{"share": top.share, **bounds(top.gain), "lift": top.lift.value} for top in lift.tops]
    rows = [ends[0], *tops, ends[1]]
    chance = Chart(data([{"at": 0}, {"at": 1}])).mark_line(
        color=FAINT, strokeDash=[4, 4], strokeWidth=1.5
    )
    base = Chart(data(rows)).encode(
        x=alt.X(
            **quantitative("share", say("share of the rows, highest first"), domain=[0, 1]),
            axis=alt.Axis(format="%"),
        ),
        tooltip=tooltips("share:Q", "value:Q", "low:Q", "high:Q", "lift:Q"),
    )
    axis = alt.Y(
        **quantitative("low", say("share of the class found"), domain=[0, 1]),
        axis=alt.Axis(format="%"),
    )
    chart = (
        chance.encode(x=alt.X("at:Q"), y=alt.Y("at:Q"))
        + base.mark_area(color=FIRST, opacity=0.15).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_line(color=FIRST, point=True).encode(y=alt.Y("value:Q"))
    )
    return Picture(
        "gain",
        say("Gain and lift: {class_}", class_=lift.positive),
        chart.properties(width="container", height=300),
        lift.sentence,
        say(
            "The band is the 95% interval; the dashed line is for rows looked at in random order. "
            "Lift is the share found divided by the share looked at."
        ),
        (
            say("rows looked at"),
            say("found"),
            say("from"),
            say("to"),
            say("lift"),
            say("from"),
            say("to"),
        ),
        tuple(_row(top) for top in lift.tops),
    )


def _row(top: Top) -> tuple[str, ...]:
    gain = [percent(share, decimals=1) for share in (top.gain.value, top.gain.low, top.gain.high)]
    lift = [figure(ratio, digits=3) for ratio in (top.lift.value, top.lift.low, top.lift.high)]
    return (percent(top.share), *gain, *lift)
