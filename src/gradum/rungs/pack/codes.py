"""The codes of a numeric column: steps, ramps or waves, drawn for each member.

Shapes: n rows, T codes. A code is clip(slope (z - shift), 0, 1) or cos(2π slope (z - shift)).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right

import numpy as np

from gradum.margins import EQUAL, LAST_DIGITS, first_greatest

LEAF_ROWS = 10  # the fewest rows on either side of a threshold
CLOSEST = 1e-30  # closer neighbours share a step, so that float32 can hold its slope
NEIGHBOURS = 1.5 * float(np.finfo(np.float32).eps)  # of their size: in float32 they differ by less
TREE_ROWS = 10_000  # more rows do not move the first thirty thresholds

Codes = tuple[np.ndarray, np.ndarray]
"""``shift`` and ``slope`` [T]; the slope is 0 for unneeded codes, which are then constant."""


def steps(column: np.ndarray, targets: np.ndarray, weight: np.ndarray, *, most: int) -> Codes:
    """Put steps where a tree on this column alone would split the rows.

    A step rises between the two neighbouring values that its threshold separates.

    Parameters
    ----------
    column : ndarray of shape (n,)
    targets : ndarray of shape (n, k)
        What the steps are to tell apart: the target, or one indicator per class.
    weight : ndarray of shape (n,)
    most : int
        T.
    """
    order = np.argsort(column, kind="stable")
    values = column[order]
    places = thresholds(values, targets[order], weight[order], most=most)
    return _between(values[places - 1], values[places], most)


def thresholds(
    values: np.ndarray, targets: np.ndarray, weight: np.ndarray, *, most: int
) -> np.ndarray:
    """Return up to ``most`` places i, between values[i - 1] and values[i], of sorted values.

    The best split of any segment is taken again and again, as in a regression tree grown
    best-first: the split that lowers Σ w (y - mean)² most. For indicators of classes, this sum is
    the Gini impurity (L. Breiman et al., "Classification and Regression Trees", 1984).
    """
    sums = np.concatenate(
        [np.zeros((1, targets.shape[1])), np.cumsum(weight[:, None] * targets, axis=0)]
    )
    masses = np.concatenate([[0.0], np.cumsum(weight)])
    rising = np.flatnonzero(_apart(values)) + 1
    known = rising.tolist()
    sums_there, masses_there = sums[rising], masses[rising]

    def best(low: int, high: int) -> tuple[float, int, int, int]:
        """Return the negated gain of the best split of rows low … high - 1, and its place."""
        first = bisect_left(known, low + LEAF_ROWS)
        some = slice(first, bisect_right(known, high - LEAF_ROWS, first))
        if some.start == some.stop:
            return 0.0, 0, low, high
        left, right = sums_there[some] - sums[low], sums[high] - sums_there[some]
        gains = np.square(left).sum(axis=1) / (masses_there[some] - masses[low])
        gains += np.square(right).sum(axis=1) / (masses[high] - masses_there[some])
        chosen = int(first_greatest(gains))
        whole = np.square(sums[high] - sums[low]).sum() / (masses[high] - masses[low])
        gain = float(gains[chosen] - whole)
        # Rows that are all alike gain nothing but rounding errors of their sums.
        return -gain if gain > EQUAL * whole else 0.0, known[first + chosen], low, high

    segments, places_taken = [best(0, len(values))], []
    while segments and len(places_taken) < most:
        gain, place, low, high = heapq.heappop(segments)
        if gain >= 0.0:
            break
        places_taken.append(place)
        if len(places_taken) < most:
            for part in (best(low, place), best(place, high)):
                heapq.heappush(segments, part)
    return np.sort(np.array(places_taken, np.intp))


def ramps(column: np.ndarray, *, most: int, rng: np.random.Generator) -> Codes:
    """Put ramps between quantiles that are jittered by half the distance between them."""
    knots = _parted(column)
    if len(knots) > most + 1:
        places = np.arange(most + 1) + rng.uniform(-0.5, 0.5, most + 1)
        knots = _parted(np.quantile(column, np.clip(places / most, 0, 1)))
    return _between(knots[:-1], knots[1:], most)


def waves(*, most: int, frequency: float, rng: np.random.Generator) -> Codes:
    """Draw waves: frequencies N(0, frequency²), phases uniform."""
    slope = rng.normal(0.0, frequency, most)
    slope = np.where(np.abs(slope) < 1e-6, 1e-6, slope)
    return -rng.uniform(-0.5, 0.5, most) / slope, slope


def _parted(column: np.ndarray) -> np.ndarray:
    """Return the different values of a column in rising order."""
    values = np.unique(column)
    return values[np.append(True, _apart(values))[: len(values)]]


def _apart(values: np.ndarray) -> np.ndarray:
    """Tell of rising values (n,) which differ from the one before by more than rounding, [n - 1].

    Of a day, the sines at 5:00 and at 7:00 are equal, but not as computed, so that another
    processor or runtime would find them on other sides of a step between them.
    """
    size = np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    return np.diff(values) > np.maximum(NEIGHBOURS * size, LAST_DIGITS * size.max(initial=0.0))


def _between(low: np.ndarray, high: np.ndarray, most: int) -> Codes:
    shift, slope = np.zeros(most), np.zeros(most)
    shift[: len(low)], slope[: len(low)] = low, 1.0 / np.maximum(high - low, CLOSEST)
    return shift, slope
