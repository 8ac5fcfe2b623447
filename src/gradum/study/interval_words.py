"""Intervals within sentences."""

from __future__ import annotations

from gradum.scores.figures import with_interval
from gradum.scores.interval import Interval


def said(interval: Interval, *, sign: bool = False, unit: float = 1.0) -> str:
    """Write ``0.31 [0.29, 0.33]``; of a rate, for so many units of what it is by."""
    scaled = Interval(
        unit * interval.value,
        unit * interval.low,
        unit * interval.high,
        unit * interval.standard_error,
    )
    return with_interval(scaled, digits=3, sign=sign)
