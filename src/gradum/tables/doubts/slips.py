"""Slips of the pen: values so far outside all others that somebody may have mistyped them.

A large value alone is no slip: prices, populations and bytes have long tails. Above a high
threshold, the heaviest such tails are Pareto's, and then the spacings of the largest distances from
the median, D₁ ≥ D₂ ≥ …,

    m · log(Dₘ / Dₘ₊₁),   m = 1, 2, …,

are independent and exponential, all with the same mean, the tail's index. A gap below the m
farthest values is compared with the mean of the k spacings that follow it: under a Pareto tail,
their ratio exceeds r with probability (1 + r / k)⁻ᵏ. In lighter tails the first spacings are
smaller than those that follow, so the ratio exceeds r even less often.

A. Rényi, Acta Mathematica Hungarica 4, 1953; B. M. Hill, Annals of Statistics 3, 1975.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from gradum.messages import listed, say
from gradum.tables.doubt import Doubt
from gradum.tables.kinds import Kind, Values
from gradum.tables.kinds.naming_numbers import named_like_codes
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.suspects import FEWEST_MARKERS, MARKERS
from gradum.tables.wording import number, rows_of, rows_text, span

MOST_SLIPS = 3  # on a side; more values are a group of their own
FOLLOWING = (5, 10, 20, 40, 80, 160, 320)  # spacings that a gap is compared with
CHANCE = 5e-4  # of a false alarm in each of these comparisons
FEWEST_VALUES = 20
FEWEST_DISTINCT = 5  # distances after a gap; 0, 1 and then 2 is no gap
TIMES_AS_FAR = 2.0  # from the median as any other value
SHARE_OF_RANGE = 0.5  # least width of a gap, relative to the range of all other values
SAME = 1e-9  # distances that differ by less, relative to the largest, are equal


class Slips(NamedTuple):
    """Values far outside all others."""

    values: np.ndarray
    """Of shape (s,). The distinct values, in ascending order."""
    low: float
    high: float
    """The range of the others."""


def slip_doubts(values: Values, kind: Kind, how: Parse) -> list[Doubt]:
    """Return a doubt about what may be mistyped in a column of numbers or dates, if anything.

    Parameters
    ----------
    kind : Kind
        What the column was taken for; it reads numbers or points in time.
    """
    if named_like_codes(values.name):
        return []
    outliers = slips(_numbers(values, kind, how))
    if outliers is None:
        return []
    typed = kind.parse(values.raw, how)
    held = typed.to_physical().cast(pl.Float64)
    named: list[str] = []
    for value in outliers.values.tolist():
        rows = np.flatnonzero((held == value).fill_null(False))
        if value in MARKERS and len(rows) >= FEWEST_MARKERS:
            continue  # it may mean missing, which another hint says
        places = rows if values.numbers is None else values.numbers[rows]
        where = rows_text(rows_of(places), len(rows))
        written = _written(value, typed, beside=(outliers.low, outliers.high))
        named.append(say("{value} ({rows})", value=written, rows=where))
    if not named:
        return []
    if typed.dtype == pl.Float64:
        usual = span(outliers.low, outliers.high)
    else:
        usual = say(
            "from {low} to {high}",
            low=_written(outliers.low, typed),
            high=_written(outliers.high, typed),
        )
    if len(named) == 1:
        clause = say(
            "{slip} is far from all others, which range {usual}: correct it if it is a slip",
            slip=named[0],
            usual=usual,
        )
    else:
        clause = say(
            "{slips} are far from all others, which range {usual}: correct them if they are slips",
            slips=listed(named, "and"),
            usual=usual,
        )
    return [Doubt("slip", clause)]


def _numbers(values: Values, kind: Kind, how: Parse) -> np.ndarray:
    """Return the present values as float64, dates as microseconds, in any order."""
    if not values.holds_strings:
        return kind.parse(values.raw, how).to_physical().drop_nulls().cast(pl.Float64).to_numpy()
    levels = kind.parse(values.levels["level"], how).to_physical().cast(pl.Float64)
    counts = values.levels["count"].filter(levels.is_not_null())
    return np.repeat(levels.drop_nulls().to_numpy(), counts.to_numpy())


def _written(value: float, typed: pl.Series, beside: Sequence[float] = ()) -> str:
    if typed.dtype == pl.Float64:
        return number(value, beside)
    return str(pl.Series([int(value)]).cast(typed.dtype)[0])[:10]  # the day is enough


def slips(numbers: np.ndarray) -> Slips | None:
    """Return the values far outside all others; None if there are none.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        Float64 and finite, in any order.
    """
    count = len(numbers)
    if count < FEWEST_VALUES:
        return None
    ends = np.arange(MOST_SLIPS + 1)
    ordered = np.partition(numbers, np.concatenate([ends, [count // 2], count - 1 - ends]))
    centre, smallest, largest = ordered[count // 2], ordered[ends], ordered[-1 - ends]
    low = _beyond_a_gap(centre - smallest, centre - largest[-1], lambda: centre - numbers)
    high = _beyond_a_gap(largest - centre, smallest[-1] - centre, lambda: numbers - centre)
    if low is None and high is None:
        return None
    far = np.zeros(count, bool)
    if low is not None:
        far |= centre - numbers >= low
    if high is not None:
        far |= numbers - centre >= high
    others = numbers[~far]
    return Slips(np.unique(numbers[far]), float(others.min()), float(others.max()))


def _beyond_a_gap(
    farthest: np.ndarray, opposite: float, distances: Callable[[], np.ndarray]
) -> float | None:
    """Return the least distance on a side that lies beyond a gap; None without a gap.

    Parameters
    ----------
    farthest : ndarray of shape (MOST_SLIPS + 1,)
        The greatest distances of the side, in descending order.
    opposite : float
        The distance of the other side's end without as many values as may be slips; negative.
    distances : callable
        Returns the distances of all values (n,), which are negative on the other side.
    """
    beyond, next_ones = farthest[:-1], farthest[1:]
    far = (next_ones > 0) & (beyond >= TIMES_AS_FAR * next_ones)
    wide = beyond - next_ones >= SHARE_OF_RANGE * (next_ones - opposite)
    if not (far & wide).any():
        return None
    tail = -np.sort(-distances())
    tail = tail[tail > 0]
    # Equal distances form one group: its number for each distance.
    groups = np.concatenate([[0], np.cumsum(-np.diff(tail) > SAME * tail[0])])
    logarithms = np.log(_apart(tail, groups))
    for m in (np.flatnonzero(far & wide) + 1)[::-1].tolist():
        distinct = groups[-1] - groups[m] + 1
        if distinct >= FEWEST_DISTINCT and _chance(logarithms, m) < CHANCE:
            return float(tail[m - 1])
    return None


def _chance(logarithms: np.ndarray, m: int) -> float:
    """Return the least chance of a gap this wide below the m-th distance, over `FOLLOWING`."""
    gap = m * (logarithms[m - 1] - logarithms[m])
    least = 1.0
    for k in FOLLOWING:
        if m + k >= len(logarithms):
            break
        above = logarithms[m : m + k] - logarithms[m + k]
        spacings = float(above.sum() + m * above[0])  # Σ i · log(Dᵢ / Dᵢ₊₁), i from m + 1 to m + k
        least = min(least, (1.0 + gap / spacings) ** -k)
    return least


def _apart(tail: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return distances with equal ones spread over the interval that was rounded to them.

    Its width is the least difference of two groups. Otherwise whole numbers would have no spacings.
    """
    if groups[-1] == len(tail) - 1:
        return tail
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    counts = np.diff(np.append(starts, len(tail)))
    width = np.min(-np.diff(tail[starts])) if len(starts) > 1 else 0.0
    place = (np.arange(len(tail)) - np.repeat(starts, counts) + 0.5) / np.repeat(counts, counts)
    return np.maximum(tail + width * (0.5 - place), tail / 4)
