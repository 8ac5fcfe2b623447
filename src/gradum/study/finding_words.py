"""Words of findings: what a comparison can find, and intervals within sentences."""

from __future__ import annotations

from gradum.messages import marked
from gradum.scores.figures import with_interval
from gradum.scores.interval import Interval

NO_DIFFERENCE = marked("no difference shown")

BETTER, WORSE = marked("better"), marked("worse")
"""Of a score on new rows, held against that of the run."""

FIRST_IS_BETTER, SECOND_IS_BETTER = marked("first is better"), marked("second is better")
OTHER_SPLIT = marked("another split")
"""Of two runs; the last where they divided the rows in different ways, and none is better."""

WEAKER, STRONGER = marked("weaker than the rest"), marked("stronger than the rest")
TOO_FEW_ROWS = marked("too few rows to say")
"""Of a segment, or of a group."""

HIGHER, LOWER = marked("higher than the rest"), marked("lower than the rest")
UNDEFINED = marked("undefined")
"""Of a group."""


def said(interval: Interval, *, sign: bool = False, unit: float = 1.0) -> str:
    """Write ``0.31 [0.29, 0.33]``; of a rate, for so many units of what it is by."""
    scaled = Interval(
        unit * interval.value,
        unit * interval.low,
        unit * interval.high,
        unit * interval.standard_error,
    )
    return with_interval(scaled, digits=3, sign=sign)
