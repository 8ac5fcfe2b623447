"""A threshold that sweeps the probabilities from the highest down, and its curve in few points."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from gradum.margins import LAST_DIGITS, distinct

NO_ROW = float(np.nextafter(1.0, 2.0))
"""A threshold above every probability."""

CELLS = 1000


@dataclass(frozen=True, eq=False)
class Sweep:
    """Rows passed in T steps from the highest probability down, tied ones together."""

    positive: np.ndarray
    negative: np.ndarray
    """Of shapes (p,) and (q,). The rows of the class, and the other rows, by falling
    probability."""
    positives: np.ndarray
    negatives: np.ndarray
    """Of shape (T + 1,). How many of each have been passed after each step, starting from 0."""
    thresholds: np.ndarray
    """Of shape (T + 1,). The least probability among the rows passed, starting from `NO_ROW`."""

    @classmethod
    def of(cls, score: np.ndarray, positive: np.ndarray, most: int | None = None) -> Sweep:
        """Take the probability (n,) and whether each row is of the class (n,).

        If there would be more than ``most`` steps, consecutive rows are passed together: the first
        rows one by one, later rows in ever larger steps.
        """
        order = np.argsort(-score, kind="stable")
        falling, ranked = score[order], positive[order]
        ends = np.flatnonzero(np.diff(distinct(falling, equal=LAST_DIGITS), append=-1)) + 1
        if most is not None and len(ends) > most:
            ends = _coarse(ends, most)
        steps = np.r_[0, ends]
        positives = np.r_[0, np.cumsum(ranked)][steps]
        thresholds = np.r_[NO_ROW, falling[ends - 1]]
        return cls(order[ranked], order[~ranked], positives, steps - positives, thresholds)

    def passed(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum the weights (b, n) of the rows passed after each step, for the class and the others.

        Returns
        -------
        tuple of ndarray of shape (b, T + 1)
        """
        return (
            _running(weights, self.positive, self.positives),
            _running(weights, self.negative, self.negatives),
        )


def _coarse(ends: np.ndarray, most: int) -> np.ndarray:
    rows, half = ends[-1], most // 2
    wanted = np.r_[np.geomspace(1, rows, half), np.linspace(1, rows, half)]
    return ends[np.unique(np.searchsorted(ends, np.floor(wanted)))]


def _running(weights: np.ndarray, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    sums = np.zeros((len(weights), len(rows) + 1))
    np.cumsum(weights.take(rows, axis=1), axis=1, out=sums[:, 1:])
    return sums.take(steps, axis=1)


def thinned(x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Choose at most ``most`` points that keep the shape of a curve within the unit square.

    It takes the ends, then repeatedly the point farthest from the straight line between the chosen
    points on either side of it (D. Douglas and T. Peucker, Algorithms for the reduction of the
    number of points required to represent a digitized line, 1973). Before that, of consecutive
    points within a cell of a `CELLS` × `CELLS` grid, only the first and the last are kept.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
    most : int
        At least 2.

    Returns
    -------
    ndarray of int
        Rising positions; all of them if there are no more than ``most``.
    """
    if len(x) <= most:
        return np.arange(len(x))
    candidates = _cell_by_cell(x, y)
    x, y = x[candidates], y[candidates]
    chosen, stretches = [0, len(x) - 1], []
    _push(stretches, x, y, 0, len(x) - 1)
    while stretches and len(chosen) < most:
        _, left, farthest, right = heappop(stretches)
        chosen.append(farthest)
        _push(stretches, x, y, left, farthest)
        _push(stretches, x, y, farthest, right)
    return candidates[np.sort(chosen)]


def _cell_by_cell(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    cell = np.floor(x * CELLS) * (CELLS + 1) + np.floor(y * CELLS)
    enters = cell[1:] != cell[:-1]
    return np.flatnonzero(np.r_[True, enters] | np.r_[enters, True])


def _push(
    stretches: list[tuple[float, int, int, int]],
    x: np.ndarray,
    y: np.ndarray,
    left: int,
    right: int,
) -> None:
    """Push the point between two that is farthest from the line through them, if any is off it."""
    if right - left < 2:
        return
    dx, dy = x[left + 1 : right] - x[left], y[left + 1 : right] - y[left]
    across, up = x[right] - x[left], y[right] - y[left]
    length = np.hypot(across, up)
    away = np.abs(across * dy - up * dx) / length if length else np.hypot(dx, dy)
    place = int(away.argmax())
    if away[place] > 0:
        heappush(stretches, (-float(away[place]), left, left + 1 + place, right))
