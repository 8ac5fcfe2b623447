"""Bounds of several constraints together, where none of them alone excludes a polyhedron.

If C y ≤ c, then also λᵀ(C y − c) ≤ 0 for all λ ≥ 0. So a polyhedron is excluded as soon as such a
sum of its rows is above 0 on the whole box, by the sum of their planes.

Shapes: B boxes, d inputs, r rows of one polyhedron.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds import Box, Planes
from gradum.core.bounds.forms import against
from gradum.core.bounds.rounding import FLOAT64, gamma

ROUNDS = 4
"""Of the search for λ."""


def lower_together(planes: Planes, limits: np.ndarray, box: Box) -> np.ndarray:
    """Bound from below [B] the best sum λᵀ(C y − c) with Σ λ = 1 that `ROUNDS` rounds find.

    Each round moves the sum towards the row that is greatest at the point where the sum is least,
    by the best step, which is found exactly (Frank and Wolfe's method).

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
        # Between the places where a coefficient of the sum is 0, the bound is linear.
        steps = np.divide(-slope, way, out=np.zeros_like(way), where=way != 0)
        steps = np.clip(np.concatenate([steps, np.zeros((len(boxes), 1))], axis=1), 0.0, 1.0)
        tried = slope[:, None] + steps[..., None] * way[:, None]
        bounds = against(tried, centre) - against(np.abs(tried), reach)
        bounds += start[:, None] + steps * rise[:, None]
        step = steps[boxes, bounds.argmax(axis=1)]
        weights *= 1.0 - step[:, None]
        weights[boxes, row] += step
    return _sum(planes, limits, weights, box).ends(box).low[:, 0]


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
