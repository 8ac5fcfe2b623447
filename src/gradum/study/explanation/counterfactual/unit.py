"""The unit of a column's moves, by which those of several columns add up to one cost.

A move costs |Δ| / unit, the unit being the column's median absolute deviation; another level costs
1 (S. Wachter and others, Counterfactual explanations without opening the black box, 2017).
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

Measure = Literal["median", "mean", "range", "one"]


class Unit(msgspec.Struct, frozen=True):
    """A move of this size costs 1.

    Parameters
    ----------
    size : float
        Above 0, in the column's own unit; days of dates.
    measure : str
        What it is: the median or the mean of the absolute deviations from the median, the range of
        the column, or 1 for want of any of them.
    """

    size: float
    measure: Measure


def unit_of(values: np.ndarray, low: float, high: float) -> Unit:
    """Return a column's unit: the first of these that is not 0.

    The median of |x − median x|, as long as not more than half of the values are equal; the mean of
    |x − median x|; the range of the rows that were learned from; 1.

    Parameters
    ----------
    values : ndarray (n,)
        x, of background rows, without missing ones.
    low, high : float
        The range.
    """
    distances = np.abs(values - np.median(values)) if len(values) else np.zeros(1)
    measures: tuple[tuple[Measure, float], ...] = (
        ("median", float(np.median(distances))),
        ("mean", float(np.mean(distances))),
        ("range", high - low),
    )
    for measure, size in measures:
        if size > 0:
            return Unit(size, measure)
    return Unit(1.0, "one")
