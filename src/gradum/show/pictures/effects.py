"""The effect of one column: partial dependence, accumulated local effects, and a row's own curve.

Shapes: g values, c curves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from gradum.messages import say, sentences
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95
from gradum.show.pictures.axis_range import axis_range_of
from gradum.show.pictures.picture import (
    DASHES,
    FAINT,
    FIRST,
    SECOND,
    THIRD,
    AnyChart,
    Chart,
    Picture,
    by,
    legend_of,
    tooltips,
    unchecked,
)
from gradum.show.words.answer_words import answer_text, scale_title
from gradum.show.words.effect_words import (
    ANSWER_DIGITS,
    effect_title,
    mean_ends,
    reading,
    row_ends,
    value_or_missing,
)
from gradum.show.words.long_names import told_apart
from gradum.study.explanation.effect import Effect
from gradum.study.explanation.effects import Effects
from gradum.study.explanation.grid import FEW_ROWS, numbers_of
from gradum.study.explanation.scale import Scale
from gradum.tables.kinds.axis import MICROSECONDS_PER_DAY

DIGITS = 4  # of a chart's range, as more of a number cannot be seen
HEIGHT = 260
LEVEL_HEIGHT = 26


def effect_picture(found: Effects, effect: Effect, answer: int, row: int | None = None) -> Picture:
    """Draw a model's answers as a column takes other values.

    Parameters
    ----------
    effect : Effect
        One of these effects.
    answer : int
        The index of the answer to draw: a class, from 0.
    row : int, optional
        The index, from 0, of a given row whose own curve and position are also drawn.
    """
    curves = list(_curves(found, effect, answer, row))
    place = found.effects.index(effect)
    if effect.grid.ordered.any():
        chart = _over_numbers(found.scale, effect, curves)
        for point in _places_of(found, effect, answer, row):
            chart += point
    else:
        chart = _over_levels(found.scale, effect, curves, _level_of(found, effect, row))
    return Picture(
        f"effect-{place}" if row is None else f"effect-{place}-row-{row}",
        effect_title(found, effect, answer),
        chart,
        _description(found, effect, answer, row),
        sentences(_caption(found, effect, answer)),
        (say("value"), *(name for curve in curves for name in curve.header), say("rows")),
        tuple(_figures(effect, curves)),
    )


@dataclass(frozen=True)
class _Curve:
    """A curve for drawing: answers (g,) and the half-widths (g,) of their 95% intervals."""

    name: str
    colour: str
    answers: np.ndarray
    halves: np.ndarray | None = None

    @property
    def header(self) -> tuple[str, ...]:
        return (self.name,) if self.halves is None else (self.name, "±")

    def figures(self, place: int) -> tuple[str, ...]:
        answer = figure(self.answers[place])
        return (answer,) if self.halves is None else (answer, figure(self.halves[place], digits=2))


def _curves(found: Effects, effect: Effect, answer: int, row: int | None) -> Iterator[_Curve]:
    """List the curves; ALE is drawn around the mean answer, so that both have the same height."""
    mean, local = effect.dependence, effect.accumulated
    halves = NORMAL_95 * mean.error[:, answer]
    yield _Curve(say("partial dependence"), FIRST, mean.values[:, answer], halves)
    if local is not None:
        about_mean = found.base[answer] + local.values[:, answer]
        halves = NORMAL_95 * local.error[:, answer]
        yield _Curve(say("accumulated local effects"), SECOND, about_mean, halves)
    if row is not None:
        yield _Curve(say("this row"), THIRD, effect.rows[:, row, answer])


def _over_numbers(scale: Scale, effect: Effect, curves: Sequence[_Curve]) -> AnyChart:
    """Draw lines over numbers or dates, shaded where there are few rows."""
    grid = effect.grid
    x = _axis(effect)
    rows = [row for row in _rows(effect, curves) if row["value"] is not None]
    base = Chart(unchecked(rows)).encode(x=x, color=_colour(curves, "stroke"))
    dashes = alt.Scale(domain=[curve.name for curve in curves], range=DASHES[: len(curves)])
    low = alt.Y("low:Q", title=scale_title(scale), scale=alt.Scale(zero=False))
    dates = _date_format(effect)
    formats = {} if dates is None else {"value": dates}
    fields = ("curve:N", str(x.shorthand), "answer:Q", "low:Q", "high:Q", "rows:Q")
    layers: list[Any] = [
        base.mark_area(opacity=0.15, clip=True).encode(y=low, y2=alt.Y2("high:Q")),
        base.mark_line(clip=True).encode(
            y=alt.Y("answer:Q"),
            strokeDash=alt.StrokeDash("curve:N", title=None, scale=dashes),
            tooltip=tooltips(*fields, **formats),
        ),
    ]
    stretches = _few_rows(grid.numbers[grid.ordered], grid.few[grid.ordered])
    if len(stretches):
        ends = zip(*(_coordinates(effect, numbers) for numbers in stretches.T), strict=True)
        shaded = unchecked([{"value": low, "end": high} for low, high in ends])
        rectangles = Chart(shaded).mark_rect(color=FAINT, opacity=0.25, clip=True)
        layers.insert(0, rectangles.encode(x=x, x2=alt.X2("end")))
    return alt.layer(*layers).properties(width="container", height=HEIGHT)


def _places_of(found: Effects, effect: Effect, answer: int, row: int | None) -> Iterator[alt.Chart]:
    """Draw a point at a given row's own value, if it has one; no layer may be without data."""
    if row is None:
        return
    value = numbers_of(found.rows[effect.column])[[row]]
    if np.isfinite(value[0]):
        place = _coordinates(effect, value)[0]
        points = Chart(unchecked([{"value": place, "answer": float(found.outputs[row, answer])}]))
        yield points.mark_point(color=THIRD, size=120, clip=True).encode(
            x=_axis(effect), y=alt.Y("answer:Q")
        )


def _over_levels(
    scale: Scale, effect: Effect, curves: Sequence[_Curve], level: int | None
) -> AnyChart:
    """Draw a point per level, fainter where there are few rows, larger at a row's own level."""
    large = (curves[-1].name, level)
    rows = [row | {"own": (row["curve"], row["place"]) == large} for row in _rows(effect, curves)]
    base = Chart(unchecked(rows)).encode(
        y=alt.Y("value:N", sort=by("place"), title=None),
        color=_colour(curves, "circle", columns=1),
        opacity=alt.OpacityValue(**alt.condition("datum.few", alt.value(0.35), alt.value(1))),
        tooltip=tooltips("curve:N", "value:N", "answer:Q", "low:Q", "high:Q", "rows:Q"),
    )
    low = alt.X("low:Q", title=scale_title(scale), scale=alt.Scale(zero=False))
    size = alt.SizeValue(**alt.condition("datum.own", alt.value(180), alt.value(60)))
    points = base.mark_point(filled=True).encode(x=alt.X("answer:Q"), size=size)
    intervals = base.mark_rule(strokeWidth=2).encode(x=low, x2=alt.X2("high:Q"))
    height = LEVEL_HEIGHT * len(effect.grid.values) + 20
    return alt.layer(intervals, points).properties(width="container", height=height)


def _level_of(found: Effects, effect: Effect, row: int | None) -> int | None:
    """Return the position of a row's own level among the values."""
    if row is None:
        return None
    return effect.grid.values.to_list().index(found.rows[effect.column][row])


def _rows(effect: Effect, curves: Sequence[_Curve]) -> Iterator[dict[str, Any]]:
    """Return a chart's data: one row per curve and value."""
    grid = effect.grid
    if grid.ordered.any():
        values: Sequence[Any] = _coordinates(effect, grid.numbers)
    else:
        values = told_apart([_level(value) for value in grid.values])
    for curve in curves:
        halves = np.full(len(values), np.nan) if curve.halves is None else curve.halves
        ends = curve.answers - halves, curve.answers + halves
        numbers = zip(*map(_rounded, (curve.answers, *ends)), strict=True)
        for place, (answer, low, high) in enumerate(numbers):
            yield {
                "curve": curve.name,
                "value": values[place],
                "place": place,
                "answer": answer,
                "low": low,
                "high": high,
                "rows": int(grid.rows[place]),
                "few": bool(grid.few[place]),
            }


def _level(value: Any) -> str:
    """Name a level in full."""
    return value if isinstance(value, str) else value_or_missing(value)


def _axis(effect: Effect) -> alt.X:
    """Describe the axis of the values."""
    written = _date_format(effect)
    if written is None:
        reach = axis_range_of(effect.grid.numbers[effect.grid.ordered])
        scale = alt.Scale(zero=False, nice=False, domain=reach.domain)
        ticks = alt.Axis(tickMinStep=1) if effect.grid.whole else alt.Axis()
        return alt.X("value:Q", title=None, scale=scale, axis=ticks)
    axis = alt.Axis(format=written)
    return alt.X("value:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _date_format(effect: Effect) -> str | None:
    """Return the date format, which is the same in all languages; None for numbers."""
    if not effect.grid.values.dtype.is_temporal():
        return None
    if effect.grid.values.dtype == pl.Time:
        return "%H:%M"
    week = 7 * MICROSECONDS_PER_DAY
    few_days = np.ptp(effect.grid.numbers[effect.grid.ordered]) < week
    return "%m-%d %H:%M" if few_days else "%Y-%m-%d"


def _coordinates(effect: Effect, numbers: np.ndarray) -> list[float | None]:
    """Return numbers in Vega's form: dates in milliseconds since 1970."""
    if effect.grid.values.dtype == pl.Time:
        numbers = numbers / 1_000_000
    elif effect.grid.values.dtype.is_temporal():
        numbers = numbers / 1000
    return _rounded(numbers)


def _rounded(numbers: np.ndarray) -> list[float | None]:
    """Round to `DIGITS` digits of the numbers' range; NaN becomes None."""
    known = numbers[np.isfinite(numbers)]
    reach = float(np.ptp(known)) if len(known) else 0.0
    reach = reach or float(np.abs(known).max(initial=0.0)) or 1.0
    digits = DIGITS - math.ceil(math.log10(reach))
    return [round(float(number), digits) if np.isfinite(number) else None for number in numbers]


def _few_rows(numbers: np.ndarray, few: np.ndarray) -> np.ndarray:
    """Return the ends (s, 2) of ranges with few rows, from half-way to half-way."""
    halves = np.concatenate([numbers[:1], numbers[:-1] + np.diff(numbers) / 2, numbers[-1:]])
    stretches, place = [], 0
    for is_few, run in groupby(few):
        length = len(list(run))
        if is_few:
            stretches.append((halves[place], halves[place + length]))
        place += length
    return np.array(stretches).reshape(-1, 2)


def _colour(curves: Sequence[_Curve], symbol: str, **more: Any) -> alt.Color:
    names = [curve.name for curve in curves]
    scale = alt.Scale(domain=names, range=[curve.colour for curve in curves])
    legend = legend_of(names)
    legend["symbolType"] = symbol
    for name, value in more.items():
        legend[name] = value
    legend["symbolOpacity"] = 1  # bands are faint, but their names are not
    return alt.Color("curve:N", title=None, scale=scale, legend=legend)


def _description(found: Effects, effect: Effect, answer: int, row: int | None) -> str:
    """Say where the answers are least and greatest, and where a row lies."""
    parts = []
    if ends := mean_ends(found, effect, answer):
        low, high = ends
        parts.append(say("The mean answer ranges from {low} to {high}.", low=low, high=high))
    else:
        parts.append(say("The mean answer is the same whatever the value."))
    if row is not None:
        parts.append(
            say(
                "In this row the value is {value} and the answer {output}.",
                value=value_or_missing(found.rows[effect.column][row]),
                output=answer_text(found.scale, found.outputs[row, answer], digits=ANSWER_DIGITS),
            )
        )
        if ends := row_ends(found, effect, answer, row):
            low, high = ends
            parts.append(say("Its answer can go from {low} to {high}.", low=low, high=high))
    return sentences(parts)


def _caption(found: Effects, effect: Effect, answer: int) -> Iterator[str]:
    """Say how to read the chart; what holds for all charts is said at the first of its sort."""
    grid, (dependence, accumulated) = effect.grid, reading(found)
    over_numbers = [each for each in found.effects if each.grid.ordered.any()]
    if effect is found.effects[0]:
        yield dependence
    if grid.ordered.any():
        if effect is over_numbers[0]:
            yield accumulated
        yield say(
            "Between the points drawn, the true curve differs from the straight line by up to "
            "{error}.",
            error=figure(effect.interpolation_error[answer], digits=2),
        )
        if not grid.ordered.all():
            yield say(
                "Where the value is missing, the mean answer is {answer}.",
                answer=answer_text(
                    found.scale, effect.dependence.values[-1, answer], digits=ANSWER_DIGITS
                ),
            )
        yield axis_range_of(grid.numbers[grid.ordered]).sentence
        if grid.few[grid.ordered].any():
            yield say("Shaded: fewer than {few} background rows are near.", few=FEW_ROWS)
    elif grid.few.any():
        yield say("Faint: fewer than {few} background rows have the value.", few=FEW_ROWS)


def _figures(effect: Effect, curves: Sequence[_Curve]) -> Iterator[tuple[str, ...]]:
    """Return the lines of the table below the chart."""
    for place, value in enumerate(effect.grid.values):
        figures = (text for curve in curves for text in curve.figures(place))
        yield (value_or_missing(value), *figures, f"{effect.grid.rows[place]:,}")
