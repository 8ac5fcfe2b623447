"""The linear rung's coefficients."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from gradum.messages import say, say_plural, sentences
from gradum.scores.figures import figure
from gradum.show.pictures.axis_range import axis_range_of
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    Chart,
    Picture,
    by,
    data,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.uncertainty import CoefficientInterval, Coefficients, Estimate

MOST = 20
LINES = "split(datum.label, '\\n')"
IN_A_SENTENCE = 60  # letters of a name
MOST_LETTERS = 20  # of a feature, or of a class beside it


def coefficient_dots(coefficients: Coefficients | None) -> Picture | None:
    """Draw the largest standardised coefficients, or return None if the linear rung has none."""
    if coefficients is None or not coefficients.rows:
        return None
    shown = coefficients.rows[:MOST]
    outputs = {row.class_ for row in coefficients.rows}
    names = [_name(row, outputs) for row in shown]
    rows = [
        {
            "feature": name,
            "label": label,
            "place": place,
            "value": row.standardised.value,
            "low": row.standardised.low,
            "high": row.standardised.high,
        }
        for place, (name, label, row) in enumerate(
            zip(names, _labels(shown, outputs), shown, strict=True)
        )
    ]
    reach = axis_range_of(row[end] for row in rows for end in ("low", "high"))
    domain = [min(reach.low, 0), max(reach.high, 0)]
    beyond = sum(not domain[0] <= row["value"] <= domain[1] for row in rows)
    base = Chart(data(rows)).encode(
        y=alt.Y(
            "label:N",
            sort=by("place"),
            title=None,
            axis=alt.Axis(labelExpr=LINES, labelLineHeight=13, labelOverlap=False),
        ),
        tooltip=tooltips("feature:N", "value:Q", "low:Q", "high:Q"),
    )
    chart = (
        Chart(data([{"zero": 0}])).mark_rule(color=FAINT, strokeWidth=2).encode(x=alt.X("zero:Q"))
        + base.mark_rule(color=FIRST, strokeWidth=2, clip=True).encode(
            x=alt.X("low:Q"), x2=alt.X2("high:Q")
        )
        + base.mark_point(clip=True).encode(
            x=alt.X(
                **quantitative(
                    "value",
                    say("change for one standard deviation, or level"),
                    domain=domain,
                    nice=True,
                )
            )
        )
    )
    largest = say("; ").join(
        f"{name} {figure(row.coefficient.value, sign=True)}"
        for name, row in zip(told_apart(names, IN_A_SENTENCE)[:3], shown, strict=False)
    )
    more = len(coefficients.rows) - len(shown) + coefficients.left_out
    return Picture(
        "coefficients",
        say("Coefficients of the linear model"),
        chart.properties(
            width="container", height=(24 if len(outputs) == 1 else 34) * len(shown) + 20
        ),
        _description(outputs, largest),
        sentences(
            [
                coefficients.sentence,
                say("{count:,} smaller ones are not drawn.", count=more) if more else "",
                say_plural("{count} lies beyond the axis.", "{count} lie beyond the axis.", beyond)
                if beyond
                else "",
            ]
        ),
        (
            say("feature"),
            say("per unit"),
            say("from"),
            say("to"),
            say("standardised"),
            say("from"),
            say("to"),
        ),
        tuple(
            (_name(row, outputs), *_limits(row.coefficient), *_limits(row.standardised))
            for row in coefficients.rows
        ),
    )


def _description(outputs: set[str | None], largest: str) -> str:
    """Say what the coefficients change, and name the largest."""
    if outputs == {None}:
        return say(
            "A coefficient is a change of the prediction. The largest, per unit of a column or "
            "per level: {largest}.",
            largest=largest,
        )
    if len(outputs) > 1:
        return say(
            "A coefficient is a change of the log-odds of a class. The largest, per unit of a "
            "column or per level: {largest}.",
            largest=largest,
        )
    (class_,) = outputs
    return say(
        "A coefficient is a change of the log-odds of {class_}. The largest, per unit of a "
        "column or per level: {largest}.",
        class_=class_,
        largest=largest,
    )


def _name(row: CoefficientInterval, outputs: set[str | None]) -> str:
    return row.feature if len(outputs) == 1 else f"{row.feature} → {row.class_}"


def _labels(rows: Sequence[CoefficientInterval], outputs: set[str | None]) -> list[str]:
    """Shorten names for the axis, features and classes each among themselves and on a line."""
    if len(outputs) == 1:
        return told_apart([row.feature for row in rows])
    features = told_apart([row.feature for row in rows], MOST_LETTERS)
    classes = told_apart([str(row.class_) for row in rows], MOST_LETTERS)
    return [f"{feature}\n→ {class_}" for feature, class_ in zip(features, classes, strict=True)]


def _limits(estimate: Estimate) -> tuple[str, str, str]:
    return figure(estimate.value), figure(estimate.low), figure(estimate.high)
