"""Lower bounds by lines whose slopes are optimised (α-CROWN).

Lines of any slope are valid. So the bound may be maximised over the lower and upper slopes of all
elementwise nodes at once, however these slopes are rounded.

Source: K. Xu et al., "Fast and complete: enabling complete verification with rapid and massively
parallel incomplete verifiers", ICLR 2021. That paper optimises the lower slopes of ReLUs; here all
slopes are optimised, since any slope of any function determines an intercept and its derivative.

Shapes: B boxes, d inputs, n numbers of a node, r linear forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradum.core.bounds.crown import Planes, enclosing_lines, traced
from gradum.core.bounds.enclosure import Enclosure
from gradum.core.bounds.forms import Lines, Slopes
from gradum.core.bounds.graph import taken

FIRST_STEP = 0.3
"""The first step, as a share of the spread of a node's slopes at its ends and of its lines."""

SHRINKING = 0.8
"""The length of each step, as a share of the one before."""

Least = Callable[[Planes], tuple[np.ndarray, np.ndarray]]
"""Maps planes to their least values [B, r], rounded down, and the points [B, r, d] with them."""


def optimised_lower(enclosure: Enclosure, forms: np.ndarray, steps: int = 10) -> np.ndarray:
    """Bound linear forms A [r, k] of the outputs from below, with the best slopes of several steps.

    Returns
    -------
    ndarray [B, r]
        The greatest bound of each form over all steps, never below that of `lower`.
    """

    def least(planes: Planes) -> tuple[np.ndarray, np.ndarray]:
        low, high = (ends[:, None] for ends in enclosure.box)
        return planes.ends(enclosure.box).low, np.where(planes.coefficients > 0, low, high)

    return least(optimised_planes(enclosure, forms, least, steps))[0]


def optimised_planes(enclosure: Enclosure, forms: np.ndarray, least: Least, steps: int) -> Planes:
    """Pull linear forms of the outputs back to the inputs, with the best slopes of several steps.

    All forms of a box share their slopes. Each step moves every slope by the sign of the derivative
    of the sum of the forms' bounds; the steps shrink.

    Parameters
    ----------
    enclosure : Enclosure
        What nodes can be.
    forms : ndarray [r, k] or [B, r, k]
        A, for all boxes or for each.
    least : callable
        Finds where planes are least among the inputs that matter.
    steps : int
        How often the slopes are moved.

    Returns
    -------
    Planes [B, r, d]
        For each form, the plane of all steps whose least value is greatest.
    """
    lines = enclosing_lines(enclosure)
    spreads = [_spread(enclosure, place, line) for place, line in enumerate(lines)]
    planes, passed = traced(enclosure, forms, lines)
    bound, vertex = least(planes)
    best = planes
    for step in range(steps):
        rate = FIRST_STEP * SHRINKING**step
        rising = slope_derivatives(enclosure, lines, passed, vertex)
        for place, (line, spread) in enumerate(zip(lines, spreads, strict=True)):
            if line is None or place not in rising:
                continue
            below = line.lower_slope + rate * spread * np.sign(rising[place].lower)
            above = line.upper_slope + rate * spread * np.sign(rising[place].upper)
            operation, parents = enclosure.graph.nodes[place].operation, enclosure.parents(place)
            lines[place] = operation.lines(*parents, slopes=Slopes(below, above))
        planes, passed = traced(enclosure, forms, lines)
        reached, vertex = least(planes)
        better = reached > bound
        bound = np.maximum(bound, reached)
        best = Planes(
            np.where(better[..., None], planes.coefficients, best.coefficients),
            np.where(better, planes.constant, best.constant),
            np.where(better, planes.radius, best.radius),
        )
    return best


def _spread(enclosure: Enclosure, place: int, lines: Lines | None) -> np.ndarray:
    """Return how far apart the slopes at a node's ends and of its lines are, [B, n]."""
    if lines is None:
        return np.zeros(1)
    operation, (z,) = enclosure.graph.nodes[place].operation, enclosure.parents(place)
    at_ends = [operation.backward(np.ones_like(end), end)[0] for end in z]
    slopes = np.array(np.broadcast_arrays(*at_ends, lines.lower_slope, lines.upper_slope))
    return slopes.max(axis=0) - slopes.min(axis=0)


def slope_derivatives(
    enclosure: Enclosure,
    lines: Sequence[Lines | None],
    passed: Mapping[int, np.ndarray],
    vertex: np.ndarray,
) -> dict[int, Slopes]:
    """Return the derivatives [B, n] of the sum of all forms' bounds with respect to lines' slopes.

    By Danskin's theorem, the derivative with respect to a lower line's slope is max(A, 0) (z − p),
    summed over forms A. Here z is the value that the lines give the node's parent at the vertex
    where the form has its bound, and p is the place where the line touches the function: as the
    slope rises, the intercept falls by p. For upper lines, the factor is min(A, 0). Where nothing
    bends, the slopes are already the best, and the derivatives returned are 0.

    Parameters
    ----------
    enclosure : Enclosure
        What nodes can be.
    lines : sequence of Lines or None
        The lines that bound each node.
    passed : mapping of int to ndarray [B or 1, r, n]
        The forms of every node, from `traced`.
    vertex : ndarray [B, r, d]
        Where each form of the inputs is least.
    """
    values: list[np.ndarray] = []
    derivatives = {}
    for place, (node, line) in enumerate(zip(enclosure.graph.nodes, lines, strict=True)):
        parents = taken(node, vertex, values)
        if line is None or place not in passed:
            values.append(node.operation.concrete(*parents))
            continue
        (z,) = parents
        positive = np.maximum(passed[place], 0.0)
        negative = np.minimum(passed[place], 0.0)
        below, low, lowest, above, high, highest = (part[:, None] for part in line)
        values.append(np.where(positive > 0, below * z + low, above * z + high))
        bent = node.operation.bent(*enclosure.parents(place))
        derivatives[place] = Slopes(
            bent * (positive * (z - lowest)).sum(axis=1),
            bent * (negative * (z - highest)).sum(axis=1),
        )
    return derivatives
