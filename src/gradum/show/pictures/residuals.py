"""A numeric prediction against the truth, and its residuals."""

from __future__ import annotations

import altair as alt

from gradum.messages import listed, say, say_plural, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, in_unit
from gradum.show.pictures.axis_range import axis_range_of
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    SECOND,
    Chart,
    Picture,
    data,
    diagonal,
    quantitative,
    tooltips,
)
from gradum.study.findings.findings import Findings
from gradum.study.findings.residuals import Residuals

SPARSE = 300  # points, so that none hides another


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the findings about numbers."""
    assert fitted.schema.target is not None
    found = findings.residuals
    if found is None:
        return []
    return residual_pictures(found, fitted.schema.target.name, fitted.schema.target_unit)


def residual_pictures(residuals: Residuals, target: str, unit: str = "") -> list[Picture]:
    """Draw actual against predicted values, if rows may be shown, and the residuals."""
    points = [_actual(residuals, target, unit)] if residuals.points else []
    return [*points, _spread(residuals), _histogram(residuals)]


def _actual(residuals: Residuals, target: str, unit: str) -> Picture:
    def titled(name: str) -> str:
        return say("{title} in {unit}", title=name, unit=unit) if unit else name

    reach = axis_range_of(number for p, a, _ in residuals.points for number in (p, a))
    rows = [
        {"x": reach.held(p), "y": reach.held(a), "predicted": p, "actual": a, "row": row}
        for p, a, row in residuals.points
    ]
    beyond = sum((row["x"], row["y"]) != (row["predicted"], row["actual"]) for row in rows)
    points = (
        Chart(data(rows))
        .mark_circle(color=FIRST, opacity=0.7 if len(rows) < SPARSE else 0.35, size=22)
        .encode(
            x=alt.X(**quantitative("x", titled(say("predicted")), padding=6, nice=False)),
            y=alt.Y(**quantitative("y", titled(say("actual")), padding=6, nice=False)),
            tooltip=tooltips("row:Q", "predicted:Q", "actual:Q"),
        )
        .interactive()
    )
    half, share = residuals.within[0]
    wide, most = residuals.within[-1]
    drawn = len(residuals.points)
    if drawn == residuals.drawn:
        caption = say("{rows:,} rows; on the dashed line prediction and truth agree.", rows=drawn)
    else:
        caption = say(
            "A random {drawn:,} of {rows:,} rows; on the dashed line prediction and truth agree.",
            drawn=drawn,
            rows=residuals.drawn,
        )
    return Picture(
        "actual",
        say("Actual against predicted: {target}", target=target),
        (points + diagonal(reach.domain, SECOND)).properties(width="container", height=320),
        say(
            "{share:.0%} of the predictions are within {half} of the truth, {most:.0%} within "
            "{wide}.",
            share=share,
            half=in_unit(figure(half), unit),
            most=most,
            wide=in_unit(figure(wide), unit),
        ),
        sentences([caption, _beyond(beyond)]),
        (say("share of the rows"), say("are off by at most")),
        tuple((f"{part:.0%}", figure(width)) for width, part in residuals.within),
    )


def _beyond(rows: int) -> str:
    if not rows:
        return ""
    return say_plural(
        "{count:,} row lies beyond the axes, and is drawn at their end.",
        "{count:,} rows lie beyond the axes, and are drawn at their ends.",
        rows,
    )


def _spread(residuals: Residuals) -> Picture:
    rows = [
        {"predicted": predicted, "low": low, "middle": middle, "high": high}
        for predicted, low, middle, high in residuals.spread
    ]
    base = Chart(data(rows)).encode(x=alt.X(**quantitative("predicted", say("predicted"))))
    axis = alt.Y(**quantitative("low", say("actual − predicted"), zero=True))
    chart = (
        base.mark_area(color=FIRST, opacity=0.2).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_line(color=FIRST, point=True).encode(
            y=alt.Y("middle:Q"), tooltip=tooltips("predicted:Q", "low:Q", "middle:Q", "high:Q")
        )
        + Chart(data([{"zero": 0}])).mark_rule(color=FAINT, strokeWidth=2).encode(y=alt.Y("zero:Q"))
    )
    return Picture(
        "spread",
        say("Residuals by prediction"),
        chart.properties(width="container", height=240),
        residuals.sentence,
        say(
            "The rows are divided into ten equal parts by prediction: the line is the median "
            "residual of each part, the band holds 80% of its residuals."
        ),
        (say("predicted"), "10%", say("median"), "90%"),
        tuple(tuple(figure(value) for value in tenth) for tenth in residuals.spread),
    )


def _histogram(residuals: Residuals) -> Picture:
    rows = [{"low": low, "high": high, "share": share} for low, high, share in residuals.histogram]
    chart = (
        Chart(data(rows))
        .mark_bar(color=FIRST, opacity=0.75)
        .encode(
            x=alt.X(**quantitative("low", say("actual − predicted"))),
            x2=alt.X2("high:Q"),
            y=alt.Y("share:Q", title=say("share of rows"), axis=alt.Axis(format="%")),
            y2=alt.Y2Datum(0),
            tooltip=tooltips("low:Q", "high:Q", "share:Q", share=".2%"),
        )
    )
    quantiles = listed(
        [f"{name} {figure(value, digits=3)}" for name, value in residuals.quantiles.items()]
    )
    return Picture(
        "histogram",
        say("Residuals"),
        chart.properties(width="container", height=200),
        say("Quantiles of the residuals: {quantiles}.", quantiles=quantiles),
        say("The first and the last bar also count everything beyond them."),
        (say("from"), say("to"), say("share of rows")),
        tuple(
            (figure(low), figure(high), f"{share:.2%}") for low, high, share in residuals.histogram
        ),
    )
