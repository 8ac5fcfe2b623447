"""The steps from the base to a row's answer, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from rich.cells import cell_len

from gradum.messages import say, say_plural
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    INK,
    SECOND,
    Chart,
    Picture,
    by,
    data,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.explanation.explain import Contribution, RowExplanation

MOST_COLUMNS = 12
MOST_LETTERS = 14  # of a column, and of its value, where both are long
WIDEST = 2 * MOST_LETTERS + len(" = ")
ROOM = 64  # pixels to the right of the bars, for numbers


def waterfall(name: str, title: str, row: RowExplanation, *, unit: str) -> Picture:
    """Draw how an answer is made up: the largest contributions first, then all others as one.

    Parameters
    ----------
    name, title : str
        Name and title of the picture.
    unit : str
        The title of the axis.
    """
    shown = [*row.contributions[:MOST_COLUMNS], *_others(row.contributions[MOST_COLUMNS:])]
    reached = row.base + np.cumsum([0.0, *(part.contribution for part in shown)])
    labels = _short_labels(shown)
    largest = max((abs(part.contribution) for part in shown), default=0.0)
    rows = [
        {
            "column": label,
            "place": place,
            "start": reached[place],
            "end": reached[place + 1],
            "low": reached[place + 1] - _margin(part),
            "high": reached[place + 1] + _margin(part),
            "value": part.contribution,
            "written": _aligned(part.contribution, largest),
            "sign": "up" if part.contribution > 0 else "down",
        }
        for place, (label, part) in enumerate(zip(labels, shown, strict=True))
    ]
    bars = Chart(data(rows)).encode(
        y=alt.Y("column:N", sort=by("place"), title=None),
        tooltip=tooltips("column:N", "value:Q", "low:Q", "high:Q"),
    )
    ends = [{"where": row.base}, {"where": row.output}]
    colour = alt.Color(
        "sign:N", legend=None, scale=alt.Scale(domain=["up", "down"], range=[SECOND, FIRST])
    )
    chart = (
        Chart(data(ends))
        .mark_rule(color=FAINT, strokeWidth=2, strokeDash=[4, 3])
        .encode(x=alt.X("where:Q"))
        + bars.mark_bar(opacity=0.75).encode(
            x=alt.X(**quantitative("start", unit, nice=False, **_domain(rows, reached))),
            x2=alt.X2("end:Q"),
            color=colour,
        )
        + bars.mark_rule(color=INK, strokeWidth=1.5).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
        + bars.mark_text(align="left", dx=6, fontSize=11)
        .encode(x=alt.X("right:Q"), text=alt.Text("written:N"))
        .transform_calculate(
            right="max(datum.start, datum.end, isValid(datum.high) ? datum.high : datum.end)"
        )
    )
    return Picture(
        name,
        title,
        chart.properties(width="container", height=26 * len(shown) + 20),
        _description(row),
        say(
            "From the mean answer over the background rows to the answer for this row: each bar is "
            "what a column's value adds, the thin line its 95% interval."
        ),
        (say("column"), say("value"), say("adds"), say("from"), say("to")),
        tuple(_numbers(part) for part in row.contributions),
        wide=True,
    )


def _aligned(value: float, largest: float) -> str:
    """Write a number with as many decimals as give the largest number three digits."""
    digits = 2 - int(np.floor(np.log10(largest))) if largest > 0 else 0
    decimals = min(max(digits, 0), 9)
    written = f"{value:+,.{decimals}f}"
    return "0" if float(written.replace(",", "")) == 0 else written


def _domain(rows: Sequence[dict[str, Any]], reached: np.ndarray) -> dict[str, Any]:
    """Return the ends of the axis, with room for the numbers to the right of the bars."""
    ends = np.array([*reached, *(row[end] for row in rows for end in ("low", "high"))])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    width = high - low or 1.0
    low, width = low - 0.03 * width, 1.03 * width
    return {
        "domainMin": low,
        "domainMax": alt.expr(f"{low!r} + {width!r} * width / max(width - {ROOM}, width / 3)"),
    }


def _others(parts: Sequence[Contribution]) -> list[Contribution]:
    """Return small steps as one, without an error, which would depend on their correlations."""
    if not parts:
        return []
    name = say_plural("{count:,} more column", "{count:,} more columns", len(parts))
    return [Contribution(name, "", sum(part.contribution for part in parts), None)]


def _margin(part: Contribution) -> float:
    """Return half the 95% interval of a contribution; NaN if it is unknown."""
    return np.nan if part.error is None else NORMAL_95 * part.error


def _label(part: Contribution, name: str = "", most: int = 40) -> str:
    name = name or part.column
    (value,) = told_apart([part.value], most)
    return f"{name} = {value}" if value else name


def _short_labels(parts: Sequence[Contribution]) -> list[str]:
    """Return labels beside bars; a long one keeps a part of its column and of its value."""
    names = told_apart([part.column for part in parts], MOST_LETTERS)
    return [
        label if cell_len(label) <= WIDEST else _label(part, name, WIDEST - cell_len(f"{name} = "))
        for part, name in zip(parts, names, strict=True)
        for label in [_label(part)]
    ]


def _description(row: RowExplanation) -> str:
    largest = say("; ").join(
        f"{_label(part)} {figure(part.contribution, digits=3, sign=True)}"
        for part in row.contributions[:3]
    )
    return say(
        "From {base} to {output}; the largest steps: {steps}.",
        base=figure(row.base),
        output=figure(row.output),
        steps=largest,
    )


def _numbers(part: Contribution) -> tuple[str, ...]:
    margin = _margin(part)
    ends = [part.contribution - margin, part.contribution + margin]
    written = ["–" if np.isnan(end) else figure(end, digits=3, sign=True) for end in ends]
    return (part.column, part.value, figure(part.contribution, digits=3, sign=True), *written)
