"""The picture of every table: one method's error over another's, sorted.

A dot left of the line is a table on which the first method has the smaller error. A bar is the 95%
interval over repeated splits of the table; a table that was divided only once has none. The axis is
logarithmic.
"""

from __future__ import annotations

import math

import altair as alt

from benchmarks.quality.paired import Estimate, Paired
from gradum.show.pictures.picture import FIRST, INK, SECOND, Picture, by, data

WIDTH, LINE = 460, 18  # width of the axis, and distance between tables, in pixels
FARTHEST = 4.0  # ratios and bounds beyond 1 / 4 and 4 are drawn at these
TICKS = [0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 4]


def table_ratios(paired: Paired) -> Picture:
    """Draw the ratio of errors on each table, with the least at the top."""
    tables = sorted(paired.tables, key=lambda table: (table.ratio.value, table.name))
    marks = [
        {"table": table.name, "place": place, **_within_axis(table.ratio)}
        for place, table in enumerate(tables)
    ]
    title = f"error of {paired.method} / error of {paired.reference}"
    axis = alt.Axis(values=TICKS, format="~g")
    ratio = alt.X("ratio:Q", title=title, scale=alt.Scale(type="log", nice=False), axis=axis)
    less = alt.Scale(domain=[True, False], range=[FIRST, SECOND])
    base = alt.Chart(data(marks)).encode(
        y=alt.Y("table:N", sort=by("place"), title=None, axis=alt.Axis(labelOverlap=False)),
        color=alt.Color("less:N", legend=None, scale=less),
    )
    chart = alt.layer(
        alt.Chart(data([{"ratio": 1}])).mark_rule(color=INK).encode(x=ratio),
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
        base.mark_point(filled=True, size=30).encode(x=ratio),
    )
    return Picture(
        "table-ratios",
        "Ratios of errors, table by table",
        chart.properties(width=WIDTH, height=LINE * len(tables)),
        f"{paired.method} errs less than {paired.reference} on {paired.better} of {len(tables)} "
        f"tables and more on {paired.worse}; the geometric mean of the ratios is "
        f"{paired.mean.value:.3f}.",
        f"Each dot is a table; left of the line {paired.method} errs less. A bar is the 95% "
        "interval over repeated splits.",
        ("table", "ratio", "low", "high"),
        [(table.name, *map("{:.3f}".format, _three(table.ratio))) for table in tables],
    )


def _within_axis(ratio: Estimate) -> dict[str, float | bool]:
    """Return what is drawn of a ratio; an unknown bound is drawn at the ratio itself."""
    value, low, high = (
        min(max(ratio.value if math.isnan(place) else place, 1 / FARTHEST), FARTHEST)
        for place in _three(ratio)
    )
    return {"ratio": value, "low": low, "high": high, "less": ratio.value < 1}


def _three(ratio: Estimate) -> tuple[float, float, float]:
    return ratio.value, ratio.low, ratio.high
