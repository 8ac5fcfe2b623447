"""The range of an axis: all values, unless a few far ones would squeeze the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gradum.messages import say_plural

FEWEST = 5
"""The fewest values of which one may lie beyond an axis."""

OUTER = 0.01
"""The share of the values at each end that may lie beyond, at least one of them."""

SQUEEZED = 0.1
"""Values are left out where the others would otherwise take less than this share of the axis."""


@dataclass(frozen=True)
class AxisRange:
    """The ends of an axis, and how many values lie below and above them."""

    low: float
    high: float
    below: int = 0
    above: int = 0

    @property
    def domain(self) -> list[float]:
        """Both ends, as a chart takes them."""
        return [self.low, self.high]

    @property
    def sentence(self) -> str:
        """How many values lie beyond the ends; nothing if none does."""
        count = self.below + self.above
        if not count:
            return ""
        return say_plural(
            "{count:,} value lies beyond the axis.", "{count:,} values lie beyond the axis.", count
        )

    def held(self, value: float) -> float:
        """Return a value, or the end of the axis that it lies beyond."""
        return min(max(value, self.low), self.high)


def axis_range_of(values: Iterable[float]) -> AxisRange:
    """Return how far an axis reaches.

    Of n finite values, the inner ones leave out max(1, n / 100) at each end; they span a width w.
    The axis holds all that lie within w of them. It holds everything instead where that leaves the
    inner ones a tenth of it at least, or where they are all equal.
    """
    numbers = np.array(list(values), float)
    ordered = np.sort(numbers[np.isfinite(numbers)])
    if len(ordered) == 0:
        return AxisRange(0.0, 1.0)
    least, greatest = float(ordered[0]), float(ordered[-1])
    if len(ordered) < FEWEST:
        return AxisRange(least, greatest)
    outer = max(1, int(OUTER * len(ordered)))
    low, high = ordered[outer], ordered[-1 - outer]
    width = high - low
    near = ordered[(ordered >= low - width) & (ordered <= high + width)]
    if width == 0 or np.ptp(near) >= SQUEEZED * (greatest - least):
        return AxisRange(least, greatest)
    return AxisRange(
        float(near[0]),
        float(near[-1]),
        int((ordered < near[0]).sum()),
        int((ordered > near[-1]).sum()),
    )
