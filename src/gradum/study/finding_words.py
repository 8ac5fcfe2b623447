"""Words for findings: the possible results of a comparison, and intervals within sentences."""

from __future__ import annotations

from gradum.messages import marked
from gradum.scores.figures import with_interval
from gradum.scores.interval import Interval

NO_DIFFERENCE = marked("no difference shown")

BETTER, WORSE = marked("better"), marked("worse")
"""For a score on new rows, compared with that of the run."""

FIRST_IS_BETTER, SECOND_IS_BETTER = marked("first is better"), marked("second is better")
OTHER_SPLIT = marked("another split")
"""For two runs; the last if they divided the rows in different ways, so that neither is better."""

WEAKER, STRONGER = marked("weaker than the rest"), marked("stronger than the rest")
TOO_FEW_ROWS = marked("too few rows to say")
"""For a segment or a group."""

HIGHER, LOWER = marked("higher than the rest"), marked("lower than the rest")
UNDEFINED = marked("undefined")
"""For a group."""


def said(interval: Interval, *, sign: bool = False, unit: float = 1.0) -> str:
    """Write ``0.31 [0.29, 0.33]``; for a rate, per a given number of units."""
    scaled = Interval(
        unit * interval.value,
        unit * interval.low,
        unit * interval.high,
        unit * interval.standard_error,
    )
    return with_interval(scaled, sign=sign)
