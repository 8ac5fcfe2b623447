"""A curve of many points drawn with few."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

CELLS = 1000


def thinned(x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Choose at most ``most`` points that keep the shape of a curve within the unit square.

    The ends, and again and again the point farthest from the straight line between those chosen
    on either side of it (D. Douglas and T. Peucker, Algorithms for the reduction of the number of
    points required to represent a digitized line, 1973). Before that, of the points that follow
    one another within a cell of a grid of `CELLS` × `CELLS`, the first and the last are kept.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
    most : int
        At least 2.

    Returns
    -------
    ndarray of int
        Rising positions; all of them where there are not more.
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
    """Note which point between two is farthest from the line through them, if any is off it."""
    if right - left < 2:
        return
    dx, dy = x[left + 1 : right] - x[left], y[left + 1 : right] - y[left]
    across, up = x[right] - x[left], y[right] - y[left]
    length = np.hypot(across, up)
    away = np.abs(across * dy - up * dx) / length if length else np.hypot(dx, dy)
    place = int(away.argmax())
    if away[place] > 0:
        heappush(stretches, (-float(away[place]), left, left + 1 + place, right))
