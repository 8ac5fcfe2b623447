"""What linear bounds say of many boxes at once: what is excluded, and where the rest can be.

Of a polyhedron C y ≤ c that is not excluded, each row's linear bound of the inputs also says which
part of the box cannot lead there, and is cut off.

Source of the cuts: D. Zhou, S. Wang et al., "Clip-and-Verify: linear constraint-driven domain
clipping for accelerating neural network verification", NeurIPS 2025.

Shapes: B boxes, d inputs, p polyhedra, r constraints of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.bounds import Box, Enclosure, Graph, Lines, Planes, enclosing_lines
from gradum.core.bounds.operation import Zonotope
from gradum.core.bounds.planes import traced
from gradum.core.bounds.rounding import FLOAT64
from gradum.core.bounds.zonotope import carried
from gradum.study.verification.constraints import Constraints
from gradum.study.verification.domain import Domain, settled
from gradum.study.verification.multipliers import lower_together


@dataclass(frozen=True, eq=False)
class Bounded:
    """Boxes with all that splitting them asks for.

    Parameters
    ----------
    enclosure : Enclosure
        Of every node, over the boxes before they were cut.
    zonotopes : list of Zonotope
        Of every node; the first d generators say how far the inputs move its numbers.
    lines : list of Lines or None
        Between which each node is put.
    forms : dict of int to ndarray [B or 1, r, n]
        The linear form of each node in each row of the constraints.
    planes : Planes [B, r, d]
        That each row is bounded by.
    box : Box [B, d]
        What is left of each.
    lower : ndarray [B, r]
        Lower bounds of C y on it.
    excluded : ndarray [B, p] of bool
        Which polyhedra no input of the box leads to.
    """

    enclosure: Enclosure
    zonotopes: list[Zonotope]
    lines: list[Lines | None]
    forms: dict[int, np.ndarray]
    planes: Planes
    box: Box
    lower: np.ndarray
    excluded: np.ndarray


def bounded(
    graph: Graph, domain: Domain, constraints: Constraints, box: Box, unit: float
) -> Bounded:
    """Bound each row of the constraints over boxes [B, d], in arithmetic of such a roundoff."""
    enclosure, zonotopes = carried(graph, box, unit)
    lines = enclosing_lines(enclosure)
    planes, forms = traced(enclosure, constraints.coefficients, lines)
    left, excluded = _cut(domain, constraints, on_simplices(planes, domain, box), box)
    planes = on_simplices(planes, domain, left)
    lower = planes.ends(left).low
    excluded |= constraints.lacks(lower) < 0
    _exclude_together(constraints, planes, left, excluded)
    return Bounded(enclosure, zonotopes, lines, forms, planes, left, lower, excluded)


def _exclude_together(
    constraints: Constraints, planes: Planes, box: Box, excluded: np.ndarray
) -> None:
    """Exclude what sums of several rows of a polyhedron do."""
    ends = [*constraints.starts[1:], len(constraints.limits)]
    for place, (start, end) in enumerate(zip(constraints.starts, ends, strict=True)):
        (left,) = np.nonzero(~excluded[:, place])
        if end - start > 1 and len(left):
            rows = Planes(*(part[left, start:end] for part in planes))
            part = Box(box.low[left], box.high[left])
            excluded[left, place] = lower_together(rows, constraints.limits[start:end], part) > 0


def on_simplices(planes: Planes, domain: Domain, box: Box) -> Planes:
    """Return planes whose coefficients in a group are at least 0, and 0 for one of its levels.

    Because the inputs of a group sum to 1, the least of them may go to the constant; so a bound
    over the box is one over the levels that are left.
    """
    coefficients, constant, radius = planes
    if not domain.groups:
        return planes
    coefficients, constant, radius = coefficients.copy(), constant.copy(), radius.copy()
    for places in domain.groups:
        left = box.high[:, None, places] > 0
        slopes = coefficients[..., places]
        least = np.where(left, slopes, np.inf).min(axis=-1)
        least = np.where(left.any(axis=-1), least, 0.0)
        coefficients[..., places] = np.where(left, slopes - least[..., None], 0.0)
        constant += least
        size = np.abs(slopes).max(axis=-1) + np.abs(constant)
        radius += 4 * FLOAT64 * size
    return Planes(coefficients, constant, radius)


def _cut(
    domain: Domain, constraints: Constraints, planes: Planes, box: Box
) -> tuple[Box, np.ndarray]:
    """Cut off what cannot lead to any polyhedron, and tell which [B, p] nothing leads to.

    Where a plane A x + … is at least b on a box, taken at its vertex v, it is at least
    b + |A_j| |x_j − v_j|; so C y ≤ c only where |x_j − v_j| ≤ (c − b) / |A_j|.
    """
    coefficients, lower = planes.coefficients, planes.ends(box).low
    size = np.abs(constraints.limits) + np.abs(lower)
    lack = np.maximum(constraints.limits - lower, 0.0) + 4 * FLOAT64 * size
    steepness = np.abs(coefficients)
    reach = np.full(steepness.shape, np.inf)
    np.divide(lack[..., None], steepness, out=reach, where=steepness > 0)
    ends = np.maximum(np.abs(box.low), np.abs(box.high))[:, None]
    reach = reach * (1 + 4 * FLOAT64) + 4 * FLOAT64 * ends
    low, high = box.low[:, None], box.high[:, None]
    above = np.where(coefficients > 0, np.minimum(high, low + reach), high)
    below = np.where(coefficients < 0, np.maximum(low, high - reach), low)
    above = np.minimum.reduceat(above, constraints.starts, axis=1)
    below = np.maximum.reduceat(below, constraints.starts, axis=1)
    excluded = (constraints.lacks(lower) < 0) | (below > above).any(axis=2)
    left = ~excluded[..., None]
    some = left.any(axis=1)
    cut = Box(
        np.where(some, np.where(left, below, np.inf).min(axis=1), box.low),
        np.where(some, np.where(left, above, -np.inf).max(axis=1), box.high),
    )
    cut, empty = settled(domain, *cut)
    kept = [np.where(empty[:, None], *ends) for ends in zip(box, cut, strict=True)]
    return Box(*kept), excluded | empty[:, None]
