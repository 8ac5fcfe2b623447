"""The axes of columns whose values lie on a line: numbers and dates.

A place on an axis is the number itself, or the days since 1970-01-01. A number has no more decimals
than those of the rows learned from, so whole numbers stay whole; a date moves by whole days.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

EPOCH = datetime.datetime(1970, 1, 1)
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Axis:
    """Where the values of a column lie.

    Parameters
    ----------
    low, high : float
        The range that was learned.
    decimals : int or None
        Of the column's numbers, as `Numeric.decimals`; 0 of dates.
    dates : bool
        Whether places are days, and moves of whole ones.
    never : tuple of float
        Numbers that stand for a missing value.
    """

    low: float
    high: float
    decimals: int | None
    dates: bool = False
    never: tuple[float, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.decimals == 0 and not self.dates

    def value(self, place: float) -> Any:
        """Return the number, or the date and time, of a place."""
        if not self.dates:
            return float(place)
        return EPOCH + datetime.timedelta(microseconds=round(place * MICROSECONDS_PER_DAY))


def place_of(value: Any) -> float:
    """Return where a number or a date lies on its line."""
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) / datetime.timedelta(days=1)
    return float(value)
