"""How an interval is written within a sentence."""

from __future__ import annotations

from gradum.scores.bootstrap import Interval
from gradum.scores.figures import figure


def said(interval: Interval, *, sign: bool = False, unit: float = 1.0) -> str:
    """Write ``0.31 [0.29, 0.33]``; of a rate, for so many units of what it is by."""
    value, low, high = (
        figure(unit * each, digits=3, sign=sign)
        for each in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"
