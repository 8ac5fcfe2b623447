"""The linear rung's coefficients."""

from __future__ import annotations

import altair as alt

from gradum.scores.figures import figure
from gradum.show.pictures.picture import FAINT, FIRST, Picture, by, data, quantitative, tooltips
from gradum.study.uncertainty import CoefficientInterval, Coefficients, Estimate

MOST = 20


def coefficient_dots(found: Coefficients | None) -> Picture | None:
    """Draw the largest standardised coefficients; None where the linear rung has none."""
    if found is None or not found.rows:
        return None
    shown = found.rows[:MOST]
    outputs = {each.class_ for each in found.rows}
    change = "change of the prediction" if outputs == {None} else "change of the log-odds"
    names = [_name(each, outputs) for each in shown]
    rows = [
        {
            "feature": name,
            "place": place,
            "value": each.standardised.value,
            "low": each.standardised.low,
            "high": each.standardised.high,
        }
        for place, (name, each) in enumerate(zip(names, shown, strict=True))
    ]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("feature:N", sort=by("place"), title=None),
        tooltip=tooltips("feature:N", "value:Q", "low:Q", "high:Q"),
    )
    chart = (
        alt.Chart(data([{"zero": 0}]))
        .mark_rule(color=FAINT, strokeWidth=2)
        .encode(x=alt.X("zero:Q"))
        + base.mark_rule(color=FIRST, strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
        + base.mark_point().encode(
            x=alt.X(**quantitative("value", "change for one standard deviation, or level"))
        )
    )
    first = "; ".join(
        f"{name} {figure(each.coefficient.value, sign=True)}"
        for name, each in zip(names[:3], shown, strict=False)
    )
    more = len(found.rows) - len(shown) + found.left_out
    return Picture(
        "coefficients",
        "Coefficients of the linear rung",
        chart.properties(width="container", height=24 * len(shown) + 20),
        f"{change.capitalize()}{_of_what(outputs)}. Largest, for a raw unit or a level: {first}.",
        found.sentence + (f" {more:,} smaller ones are not drawn." if more else ""),
        ("feature", "a raw unit", "from", "to", "standardised", "from", "to"),
        tuple(
            (_name(each, outputs), *_limits(each.coefficient), *_limits(each.standardised))
            for each in found.rows
        ),
    )


def _of_what(outputs: set[str | None]) -> str:
    """Say whose log-odds the coefficients change."""
    if outputs == {None}:
        return ""
    return f" of {next(iter(outputs))}" if len(outputs) == 1 else " of a class"


def _name(each: CoefficientInterval, outputs: set[str | None]) -> str:
    return each.feature if len(outputs) == 1 else f"{each.feature} → {each.class_}"


def _limits(estimate: Estimate) -> tuple[str, str, str]:
    return figure(estimate.value), figure(estimate.low), figure(estimate.high)
