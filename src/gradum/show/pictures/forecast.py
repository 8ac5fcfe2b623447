"""The last values of series and the fan of their forecasts, and errors by step ahead."""

from __future__ import annotations

from typing import Any

import altair as alt

from gradum.messages import say, say_plural, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure
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
from gradum.show.words.judged_series import in_words
from gradum.study.findings.findings import Findings
from gradum.study.findings.forecast import Fan, ForecastFinding
from gradum.study.findings.judged_series import Stretch

MOST_LINES = 60  # of a table below a chart


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the forecast of a run, if it is one."""
    found = findings.found("forecast")
    if found is None:
        return []
    target, unit = fitted.spec.target, fitted.schema.target_unit
    fans = [fan(found, target)] if found.fans else []
    stretches = found.judged.stretches if found.judged else ()
    drawn = [
        stretch(each, place, found.horizon, target, unit) for place, each in enumerate(stretches)
    ]
    return [*fans, *drawn[:1], by_step(found), *drawn[1:]]


def fan(found: ForecastFinding, target: str) -> Picture:
    """Draw the last values of each series, the forecasts, and intervals of 50% and 90%."""
    charts = [_fan(each, target) for each in found.fans]
    chart: Any = charts[0] if len(charts) == 1 else alt.vconcat(*charts)
    first = found.fans[0]
    lines = [
        (each.series, stamp, *map(figure, (value, low, high)))
        for each in found.fans
        for stamp, (_, value, _, _, low, high) in zip(each.named, each.ahead, strict=True)
    ]
    caption = say(
        "Dark: the last values. Blue: the forecast, which lies within the dark band in half of the "
        "cases and within the light one in 90%."
    )
    if found.series > len(found.fans):
        caption = say(
            "{caption} Shown are {shown} of {series:,} series, those with the largest last values.",
            caption=caption,
            shown=len(found.fans),
            series=found.series,
        )
    return Picture(
        "fan",
        say("How it goes on"),
        chart,
        say(
            "{target} is forecast at {stamp} to be {value}, between {low} and {high} in 90 of 100 "
            "cases.",
            target=_named(target, first),
            stamp=first.named[-1],
            value=figure(first.ahead[-1][1]),
            low=figure(first.ahead[-1][4]),
            high=figure(first.ahead[-1][5]),
        ),
        caption,
        (say("series"), say("stamp"), say("forecast"), say("from"), say("to")),
        tuple(lines[:MOST_LINES]),
    )


def _named(target: str, each: Fan) -> str:
    return f"{target} {each.series}" if each.series else target


def _fan(each: Fan, target: str) -> AnyChart:
    past = [{"stamp": stamp, "value": value} for stamp, value in each.past]
    ahead: list[dict[str, Any]] = [
        dict(zip(("stamp", "value", "low50", "high50", "low", "high"), row, strict=True))
        for row in each.ahead
    ]
    dated = isinstance(each.ahead[0][0], str)
    x = alt.X("stamp:T" if dated else "stamp:Q", title=None)
    axis = alt.Y(**quantitative("low", _named(target, each)))
    coming = Chart(data(ahead)).encode(x=x, tooltip=tooltips("value:Q", "low:Q", "high:Q"))
    layers = (
        coming.mark_area(color=FIRST, opacity=0.18).encode(y=axis, y2=alt.Y2("high:Q"))
        + coming.mark_area(color=FIRST, opacity=0.3).encode(
            y=alt.Y("low50:Q"), y2=alt.Y2("high50:Q")
        )
        + coming.mark_line(color=FIRST, strokeWidth=2).encode(y=alt.Y("value:Q"))
        + Chart(data(past)).mark_line(color=INK, strokeWidth=1.2).encode(x=x, y=alt.Y("value:Q"))
    )
    return layers.properties(width="container", height=220)


def stretch(found: Stretch, place: int, horizon: int, target: str, unit: str) -> Picture:
    """Draw the actual values of a series, what was forecast of them, and intervals of 90%."""
    names = ("stamp", "actual", "forecast", "low", "high", "step")
    rows: list[dict[str, Any]] = [dict(zip(names, point, strict=True)) for point in found.points]
    kinds = [say("actual"), say("forecast")]
    lines = [
        {"stamp": row["stamp"], "what": what, "value": row[name]}
        for row in rows
        for what, name in zip(kinds, ("actual", "forecast"), strict=True)
    ]
    dated = isinstance(found.points[0][0], str)
    x = alt.X("stamp:T" if dated else "stamp:Q", title=None)
    title = say("{title} in {unit}", title=target, unit=unit) if unit else target
    value = alt.Y(**quantitative("value", title))
    banded = [row for row in rows if row["low"] is not None and row["high"] is not None]
    band = (
        Chart(data(banded))
        .mark_area(color=FIRST, opacity=0.18)
        .encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    )
    colour = alt.Color("what:N", title=None, scale=alt.Scale(domain=kinds, range=[INK, FIRST]))
    drawn = (
        Chart(data(lines))
        .mark_line(strokeWidth=1.5, point={"size": 12})
        .encode(x=x, y=value, color=colour, tooltip=tooltips("what:N", "value:Q"))
    )
    return Picture(
        f"stretch-{place}",
        say("Forecast and outcome: {series}", series=found.errors.series or target),
        (band + drawn if banded else drawn).properties(width="container", height=240),
        in_words(found.errors, unit),
        sentences(
            [
                _why(found),
                say_plural(
                    "Each value is forecast once, {count:,} step ahead, from the values before it.",
                    "Each value is forecast once, 1 to {count:,} steps ahead, from the values "
                    "before it.",
                    horizon,
                ),
                say("The band is the 90% interval, once there were errors to make it of.")
                if banded
                else "",
            ]
        ),
        (say("stamp"), say("steps ahead"), *kinds, say("from"), say("to")),
        tuple(
            (name, str(step), *map(figure, (actual, said)), *map(_end, (low, high)))
            for name, (_, actual, said, low, high, step) in zip(
                found.named[:MOST_LINES], found.points, strict=False
            )
        ),
    )


def _end(end: float | None) -> str:
    return "–" if end is None else figure(end)


def _why(found: Stretch) -> str:
    """Say why a series is drawn."""
    if found.worst and found.largest:
        return say("It is among the largest series, and among those worst beside the naive error.")
    if found.worst:
        return say("It is among the series that are worst beside the naive error.")
    return say("It is among the largest series.") if found.largest else ""


def by_step(found: ForecastFinding) -> Picture:
    """Draw the mean absolute error by step ahead, beside that of repeating the last season."""
    kinds = [say("this model"), say("repeating the last season")]
    rows = [
        {"step": each.step, "what": what, "error": error}
        for each in found.steps
        for what, error in zip(kinds, (each.error, each.naive), strict=True)
    ]
    colour = alt.Color("what:N", title=None, scale=alt.Scale(domain=kinds, range=[FIRST, SECOND]))
    error = say("mean error")
    chart = (
        Chart(data(rows))
        .mark_line(point=len(found.steps) <= 31)
        .encode(
            x=alt.X(**quantitative("step", say("steps ahead"))),
            y=alt.Y(**quantitative("error", error, zero=True)),
            color=colour,
            strokeDash=alt.StrokeDash(
                "what:N", title=None, scale=alt.Scale(domain=kinds, range=[[1, 0], [5, 3]])
            ),
            tooltip=tooltips("what:N", "step:Q", "error:Q"),
        )
    )
    return Picture(
        "by-step",
        say("Errors by step ahead"),
        chart.properties(width="container", height=240),
        found.sentence,
        say("Of the origins that judged, which lie later than all that was learned from."),
        (say("steps ahead"), kinds[0], kinds[1]),
        tuple(
            (f"{each.step:,}", figure(each.error), figure(each.naive))
            for each in found.steps[:MOST_LINES]
        ),
    )
