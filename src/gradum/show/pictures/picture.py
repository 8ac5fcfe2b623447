"""A picture: its chart, its sentence and its numbers, and the look of all charts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import vl_convert
from altair.utils.schemapi import debug_mode
from rich.cells import cell_len

from gradum.messages import marked, say
from gradum.scores.figures import figure
from gradum.scores.interval import Interval
from gradum.show.words.visible import visible

# Okabe and Ito's colours, distinguishable with any colour vision. The page gives each variable a
# light and a dark value; a drawing outside a page uses the colours below.
FIRST, SECOND, THIRD = "var(--first)", "var(--second)", "var(--third)"
FIFTH, SIXTH = "var(--fifth)", "var(--sixth)"
INK, FAINT = "currentColor", "var(--faint)"
OUTSIDE = {
    FIRST: "#0072B2",
    SECOND: "#D55E00",
    THIRD: "#009E73",
    FIFTH: "#E69F00",
    SIXTH: "#56B4E9",
    INK: "#777777",
    FAINT: "#88888855",
}
COLOURS = [FIRST, SECOND, THIRD, "#CC79A7", FIFTH, SIXTH, "#8c6d31", "#888888"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [10, 4], [1, 3], [3, 1]]

FONT = (
    "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', "
    "sans-serif"
)
"""The fonts after the first have Chinese characters, in case the system's own has none."""

FIELDS = {
    "step": marked("steps ahead"),
    "error": marked("mean error"),
    "actual": marked("actual"),
    "alpha": "alpha",
    "answer": marked("answer"),
    "class": marked("class"),
    "column": marked("column"),
    "contribution": marked("contribution"),
    "cost": marked("cost"),
    "curve": marked("curve"),
    "epoch": marked("epoch"),
    "false": marked("false"),
    "feature": marked("feature"),
    "finding": marked("finding"),
    "high": marked("high"),
    "lift": marked("lift"),
    "loss": marked("loss"),
    "low": marked("low"),
    "middle": marked("middle"),
    "observed": marked("observed"),
    "pair": marked("pair"),
    "precision": marked("precision"),
    "predicted": marked("predicted"),
    "recall": marked("recall"),
    "row": marked("row"),
    "rate": marked("rate"),
    "rows": marked("rows"),
    "rung": marked("model"),
    "seconds": marked("seconds"),
    "segment": marked("segment"),
    "share": marked("share"),
    "solver": marked("solver"),
    "third": marked("value"),
    "threshold": marked("threshold"),
    "episodes": marked("episodes"),
    "mean": marked("mean"),
    "policy": marked("policy"),
    "return": marked("return"),
    "states": marked("states"),
    "steps": marked("steps"),
    "true": marked("true"),
    "value": marked("value"),
    "what": marked("what"),
}
"""The fields of charts' rows that the pointer shows."""

LONGEST = 200
"""The most characters of a name; Vega takes seconds to cut thousands to the length of a label."""

PLAIN_YEARS = (
    "isNumber(datum.value) && max(-domain('{axis}')[0], peek(domain('{axis}'))) < 10000 "
    "? replace(datum.label, ',', '') : datum.label"
)
"""The label of a tick: no separator on an axis of up to four digits, as 2024 may be a year."""

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Picture:
    """A chart and everything that replaces it where it cannot be seen."""

    name: str
    """Its anchor in the page, such as ``roc``."""
    title: str
    chart: AnyChart
    description: str
    """What a reader who cannot see the chart must know, in one or two sentences."""
    caption: str = ""
    """How to read the chart."""
    header: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = field(default=())
    """The numbers behind the chart, as text."""
    wide: bool = False
    """Whether the chart takes the whole width of the page."""

    @property
    def specification(self) -> dict[str, Any]:
        """The Vega-Lite chart, styled like all others."""
        return _legible(dressed(self.chart).to_dict(validate=False))

    @property
    def svg(self) -> str:
        """A drawing without script or variables, for a notebook."""
        return self.drawn(width=460)

    def drawn(self, width: int) -> str:
        """Return an SVG of this width, which needs neither script nor the page's variables.

        Raises
        ------
        ValueError
            Vega cannot draw the chart.
        """
        text = json.dumps(_legible(dressed(self.chart, width=width).to_dict()))
        for variable, colour in OUTSIDE.items():
            text = text.replace(variable, colour)
        drawing = vl_convert.vegalite_to_svg(text)
        if "role-mark" not in drawing:  # once it draws, Vega only logs errors
            raise ValueError(say("Nothing was drawn."))
        return drawing


class Chart(alt.Chart):
    """A chart whose copies share its parts, which nobody changes.

    Altair would copy all encodings of every layer, several times over: two fifths of a report's
    time.
    """

    def __deepcopy__(self, _: object) -> Chart:
        return self.copy(deep=False)


def dressed(chart: AnyChart, width: int | None = None) -> AnyChart:
    """Give a chart the page's fonts, colours and width."""
    chart = chart.copy(deep=False)
    chart.config = _look()
    if width is not None:
        chart.width = width
    return chart


@cache
def _look() -> alt.Config:
    """Return the look of all charts; Altair checks it against its schema only once."""
    return alt.Config(
        background="transparent",
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=INK,
            titleColor=INK,
            domainColor=FAINT,
            tickColor=FAINT,
            gridColor=FAINT,
            gridOpacity=0.5,
            titleFontWeight="normal",
            labelFontSize=12,
            titleFontSize=12,
            titlePadding=7,
            labelLimit=320,
            labelOverlap="greedy",
            labelSeparation=10,
            labelBound=12,
            tickCount=6,
        ),
        # A title that is wider than its axis runs out to the left, below the labels.
        axisX=alt.AxisConfig(titleAnchor="end", labelExpr=PLAIN_YEARS.format(axis="x")),
        axisY=alt.AxisConfig(labelExpr=PLAIN_YEARS.format(axis="y")),
        legend=alt.LegendConfig(
            labelColor=INK, titleColor=INK, labelFontSize=12, orient="top", labelLimit=320
        ),
        header=alt.HeaderConfig(labelColor=INK, titleColor=INK),
        text=alt.MarkConfig(color=INK, fontSize=12),
        rule=alt.MarkConfig(color=FAINT),
        point=alt.MarkConfig(color=FIRST, filled=True, size=60),
        line=alt.LineConfig(color=FIRST, strokeWidth=2),
        bar=alt.BarConfig(color=FIRST),
    )


def legend_of(labels: Iterable[str]) -> alt.Legend:
    """Return a legend above a chart, with lines of at most half a page's width."""
    longest = max(map(cell_len, labels), default=0)
    columns = next((count for count, most in ((4, 8), (3, 14), (2, 22)) if longest <= most), 1)
    return alt.Legend(columns=columns)


def data(rows: Iterable[Mapping[str, Any]]) -> alt.Data:
    """Return rows as a chart's inline data, with numbers cut to five digits."""
    return unchecked([{key: _short(value) for key, value in row.items()} for row in rows])


def diagonal(ends: Iterable[float] = (0, 1), color: str = FAINT) -> alt.Chart:
    """Draw the line on which both axes have the same number."""
    line = Chart(data([{"at": end} for end in ends]))
    line = line.mark_line(color=color, strokeDash=[4, 4], strokeWidth=1.5)
    return line.encode(x=alt.X("at:Q"), y=alt.Y("at:Q"))


def unchecked(rows: list[dict[str, Any]]) -> alt.Data:
    """Return rows unchanged as a chart's inline data.

    Altair would check every value against its schema, which takes as long as the rest of a chart.
    """
    with debug_mode(False):
        return _Rows(values=rows)


class _Rows(alt.Data):
    """Inline data that the layers of a chart share.

    Altair would copy every value for each of them, several times over: a tenth of a report's time.
    """

    def __deepcopy__(self, _: object) -> _Rows:
        return self


def bounds(interval: Interval, name: str = "value") -> dict[str, float]:
    """Return an interval as three fields of a row."""
    return {name: interval.value, "low": interval.low, "high": interval.high}


def limits(interval: Interval) -> tuple[str, str, str]:
    """Return value, low and high as text, for a table."""
    return figure(interval.value), figure(interval.low), figure(interval.high)


def by(place: str) -> alt.EncodingSortField:
    """Sort names by a field of numbers.

    A list of the names themselves would become part of an expression that Vega parses; so would a
    name in an axis title.
    """
    return alt.EncodingSortField(place, op="min")


def quantitative(name: str, title: str, *, zero: bool = False, **more: Any) -> dict[str, Any]:
    """Describe an axis of numbers."""
    return {"shorthand": f"{name}:Q", "title": title, "scale": alt.Scale(zero=zero, **more)}


def tooltips(*fields: str, **formats: str) -> list[alt.Tooltip]:
    """Describe what the pointer shows, each field by its shorthand, such as ``low:Q``.

    A number is written in the format given for its field, such as ``share=".1%"``.

    Altair would also take bare shorthands, here and for every other channel, but it compares each
    with all of its classes, which takes longer than the rest of a chart.
    """
    shown = []
    for shorthand in fields:
        name = shorthand.partition(":")[0]
        more: dict[str, Any] = {"format": formats[name]} if name in formats else {}
        shown.append(alt.Tooltip(shorthand, title=say(FIELDS[name]), **more))
    return shown


def _legible(value: Any) -> Any:
    """Return a chart whose strings can all be stored in XML and quickly laid out by Vega.

    A character that XML does not allow would not raise an error but end the process.
    """
    match value:
        case str():
            return _cut(visible(value))
        case dict():
            return {key: _legible(each) for key, each in value.items()}
        case list():
            return [_legible(each) for each in value]
        case _:
            return value


def _cut(text: str) -> str:
    """Leave out the middle of a long text, as names mostly differ at an end."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}…{text[-half:]}"


def _short(value: Any) -> Any:
    if not isinstance(value, (float, np.floating)):
        return value
    return float(f"{value:.5g}") if np.isfinite(value) else None
