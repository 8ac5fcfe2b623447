"""Bounds of several constraints together, where none of them alone excludes a polyhedron.

If C y ≤ c, then also λᵀ(C y − c) ≤ 0 for all λ ≥ 0. So a polyhedron is excluded as soon as such a
sum of its rows is above 0 on the whole box, by the sum of their planes.

Shapes: B boxes, d inputs, r rows of one polyhedron.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds import Box, Planes
from gradum.core.bounds.box import FLOAT64, gamma
from gradum.core.bounds.forms import against

ROUNDS = 4
"""Of the search for λ."""


def lower_together(planes: Planes, limits: np.ndarray, box: Box) -> np.ndarray:
    """Bound from below [B] the best sum λᵀ(C y − c) with Σ λ = 1 that `ROUNDS` rounds find.

    Each round moves the sum towards the row that is greatest at the point where the sum is least,
    by the best step, which is found exactly (Frank and Wolfe's method), in O(d log d).

    Parameters
    ----------
    planes : Planes [B, r, d]
        Of the rows C y.
    limits : ndarray [r]
        c.
    box : Box [B, d]
    """
    slopes, above = planes.coefficients, planes.constant - planes.radius - limits
    boxes = np.arange(len(slopes))
    centre, reach = (box.low + box.high) / 2, (box.high - box.low) / 2
    lowest = against(slopes, centre) - against(np.abs(slopes), reach) + above
    weights = np.eye(slopes.shape[1])[lowest.argmax(axis=1)]
    for _ in range(ROUNDS):
        slope, start = _summed(weights, slopes), (weights * above).sum(axis=1)
        vertex = np.where(slope > 0, box.low, box.high)
        row = (against(slopes, vertex) + above).argmax(axis=1)
        way, rise = slopes[boxes, row] - slope, above[boxes, row] - start
        step = best_step(slope, way, rise + (way * centre).sum(axis=1), reach)
        weights *= 1.0 - step[:, None]
        weights[boxes, row] += step
    return _sum(planes, limits, weights, box).ends(box).low[:, 0]


def best_step(
    slope: np.ndarray, way: np.ndarray, rise: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    """Return the t [B] in [0, 1] at which t rise − Σ_j reach_j |slope_j + t way_j| is greatest.

    This is concave in t, and linear between the places where a coefficient of the sum is 0. At each
    of them, in their order, the derivative falls by 2 reach_j |way_j|. The best t is the place at
    which the derivative is no longer above 0.
    """
    fall = np.abs(way) * reach
    places = np.divide(-slope, way, out=np.full_like(way, np.inf), where=way != 0)
    ahead = (places > 0) & (places < 1)
    # Up to the first place, a coefficient shrinks if its 0 lies ahead or beyond, else it grows.
    derivative = rise + np.where(places > 0, fall, -fall).sum(axis=1)
    places = np.where(ahead, places, 1.0)
    order = np.argsort(places, axis=1)
    falls = 2 * np.take_along_axis(np.where(ahead, fall, 0.0), order, axis=1)
    after = derivative[:, None] - np.cumsum(falls, axis=1)
    first = (after <= 0).argmax(axis=1)
    reached = np.take_along_axis(places, order[np.arange(len(order)), first][:, None], axis=1)[:, 0]
    step = np.where(after[:, -1] <= 0, reached, 1.0)
    return np.where(derivative <= 0, 0.0, step)


def _summed(weights: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return Σ_r w_r of the rows of numbers [B, r, d]."""
    return np.matmul(weights[:, None], numbers)[:, 0]


def _sum(planes: Planes, limits: np.ndarray, weights: np.ndarray, box: Box) -> Planes:
    """Add planes up by weights [B, r], with room for the rounding of that."""
    slope = _summed(weights, planes.coefficients)
    constant = (weights * (planes.constant - limits)).sum(axis=1)
    size = against(np.abs(planes.coefficients), box.size) + np.abs(planes.constant)
    size = (weights * (size + np.abs(limits) + planes.radius)).sum(axis=1)
    radius = (weights * planes.radius).sum(axis=1)
    radius += gamma(2 * weights.shape[1] + 8, FLOAT64) * size
    return Planes(slope[:, None], constant[:, None], radius[:, None])
