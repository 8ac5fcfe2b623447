"""From the base to a row's answer, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np

from gradum.messages import say, say_plural
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    INK,
    SECOND,
    Picture,
    by,
    data,
    quantitative,
    tooltips,
)
from gradum.tables.wording import shortened

MOST_COLUMNS = 12
MOST_LETTERS = 14  # of a value beside its bar
ROOM = 0.3  # of the axis, for numbers


@dataclass(frozen=True)
class Step:
    """What one column adds to an answer.

    Parameters
    ----------
    column : str
        The column, or columns that count as one.
    value : str
        What the row holds there, in words.
    contribution : float
        φ, in the answer's unit.
    error : float
        Its standard error; NaN where it is unknown.
    """

    column: str
    value: str
    contribution: float
    error: float


def waterfall(
    name: str, title: str, steps: Sequence[Step], base: float, output: float, *, unit: str
) -> Picture:
    """Draw how an answer comes about: the largest steps first, then all others as one.

    Parameters
    ----------
    name, title : str
        Of the picture.
    steps : sequence of Step
        By falling size; they add up to ``output - base``.
    base, output : float
        The mean answer over the background, and the row's own.
    unit : str
        What the axis is called.
    """
    shown = [*steps[:MOST_COLUMNS], *_others(steps[MOST_COLUMNS:])]
    reached = base + np.cumsum([0.0, *(step.contribution for step in shown)])
    largest = max((abs(step.contribution) for step in shown), default=0.0)
    rows = [
        {
            "column": _label(step, MOST_LETTERS),
            "place": place,
            "start": reached[place],
            "end": reached[place + 1],
            "low": reached[place + 1] - NORMAL_95 * step.error,
            "high": reached[place + 1] + NORMAL_95 * step.error,
            "value": step.contribution,
            "written": _aligned(step.contribution, largest),
            "sign": "up" if step.contribution > 0 else "down",
        }
        for place, step in enumerate(shown)
    ]
    bars = alt.Chart(data(rows)).encode(
        y=alt.Y("column:N", sort=by("place"), title=None),
        tooltip=tooltips("column:N", "value:Q", "low:Q", "high:Q"),
    )
    ends = [{"where": base, "what": say("base")}, {"where": output, "what": say("answer")}]
    colour = alt.Color(
        "sign:N", legend=None, scale=alt.Scale(domain=["up", "down"], range=[FIRST, SECOND])
    )
    chart = (
        alt.Chart(data(ends))
        .mark_rule(color=FAINT, strokeWidth=2, strokeDash=[4, 3])
        .encode(x=alt.X("where:Q"))
        + bars.mark_bar(opacity=0.75).encode(
            x=alt.X(**quantitative("start", unit, domain=_domain(rows, reached), nice=False)),
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
        _description(steps, base, output),
        say(
            "From the mean answer over the background rows to the answer for this row: each bar is "
            "what a column's value adds, the thin line its 95% interval."
        ),
        (say("column"), say("value"), say("adds"), say("from"), say("to")),
        tuple(_numbers(step) for step in steps),
        wide=True,
    )


def _aligned(value: float, largest: float) -> str:
    """Write a number with as many decimals as give the largest three digits."""
    digits = 2 - int(np.floor(np.log10(largest))) if largest > 0 else 0
    decimals = min(max(digits, 0), 9)
    written = f"{value:+,.{decimals}f}"
    return "0" if float(written.replace(",", "")) == 0 else written


def _domain(rows: Sequence[dict[str, Any]], reached: np.ndarray) -> list[float]:
    """Return the ends of the axis, with room for the numbers on the right of the bars."""
    ends = np.array([*reached, *(row[end] for row in rows for end in ("low", "high"))])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    width = high - low or 1.0
    return [low - 0.03 * width, high + ROOM * width]


def _others(steps: Sequence[Step]) -> list[Step]:
    """Return small steps as one, whose error would need to know how theirs go together."""
    if not steps:
        return []
    name = say_plural("{count:,} more column", "{count:,} more columns", len(steps))
    return [Step(name, "", sum(step.contribution for step in steps), np.nan)]


def _label(step: Step, most: int = 40) -> str:
    return f"{step.column} = {shortened(step.value, most)}" if step.value else step.column


def _description(steps: Sequence[Step], base: float, output: float) -> str:
    largest = say("; ").join(
        f"{_label(step)} {figure(step.contribution, digits=3, sign=True)}" for step in steps[:3]
    )
    return say(
        "From {base} to {output}; the largest steps: {steps}.",
        base=figure(base),
        output=figure(output),
        steps=largest,
    )


def _numbers(step: Step) -> tuple[str, ...]:
    ends = ("–", "–")
    if not np.isnan(step.error):
        margin = NORMAL_95 * step.error
        ends = tuple(
            figure(step.contribution + way * margin, digits=3, sign=True) for way in (-1, 1)
        )
    written = figure(step.contribution, digits=3, sign=True)
    return (step.column, step.value, written, *ends)
