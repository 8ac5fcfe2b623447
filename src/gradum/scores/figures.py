"""Scores as figures for people."""

from __future__ import annotations

import math

from gradum.scores.interval import Interval


def figure(value: float | None, *, digits: int = 4, sign: bool = False) -> str:
    """Write some significant digits, thousands with commas, an undefined value as a dash.

    With ``sign``, differences show a plus as well.
    """
    if value is None or math.isnan(value):
        return "–"
    plus = "+" if sign else ""
    if 1000 <= abs(value) < 1e9:
        return f"{value:{plus},.0f}"
    return f"{value:{plus}.{digits}g}"


def with_interval(interval: Interval, *, digits: int = 4, sign: bool = False) -> str:
    """Write ``0.31 [0.29, 0.33]``, or the value alone where there is no interval."""
    value = figure(interval.value, digits=digits, sign=sign)
    if not interval.known:
        return value
    low, high = (figure(each, digits=3, sign=sign) for each in (interval.low, interval.high))
    return f"{value} [{low}, {high}]"
