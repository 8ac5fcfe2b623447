"""Linear bounds of many boxes at once: what they exclude, and where the rest can be.

If a polyhedron C y ≤ c is not excluded, the linear bound of each of its rows still shows which part
of the box cannot lead to it. That part is cut off. Then the lines are tilted to maximise the bound
of the row that lacks least.

Several rows together may exclude what none of them excludes alone: if C y ≤ c, then λᵀ(C y − c) ≤ 0
for all λ ≥ 0. So a sum of rows whose summed planes are above 0 on the whole box excludes the
polyhedron.

Source of the cuts: D. Zhou, S. Wang et al., "Clip-and-Verify: linear constraint-driven domain
clipping for accelerating neural network verification", NeurIPS 2025.

Shapes: B boxes, d inputs, p polyhedra, r constraints of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gradum.core.bounds import Box, Enclosure, Lines, Planes, enclosing_lines
from gradum.core.bounds.box import FLOAT64, gamma
from gradum.core.bounds.crown import traced
from gradum.core.bounds.forms import Zonotope, against
from gradum.core.bounds.optimised import optimised_planes
from gradum.core.bounds.zonotope import Narrowing, carried
from gradum.study.verification.domain import Constraints, Domain, settled
from gradum.study.verification.phases import Phases

STEPS, MANY_STEPS = 6, 20
"""How often the slopes of lines are moved, for boxes with few and with many inputs."""

ROUNDS = 4
"""The number of rounds in the search for λ."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """Boxes with their bounds, and everything needed to divide them."""

    enclosure: Enclosure
    """The enclosure of every node, over the boxes before they were cut."""
    zonotopes: list[Zonotope]
    """Zonotopes of every node; the first d generators say how far the inputs move its numbers."""
    lines: list[Lines | None]
    """The closest lines around each node."""
    forms: dict[int, np.ndarray]
    """Each of shape [B or 1, r, n]. By node, the linear form of its numbers that follows from these
    lines for each row of the constraints."""
    planes: Planes
    """Of shape [B, r, d]. Planes that bound each row on the rest of the box, from these lines or
    better ones."""
    box: Box
    """Of shape [B, d]. The rest of each box."""
    lower: np.ndarray
    """Of shape [B, r]. Lower bounds of C y on this rest."""
    excluded: np.ndarray
    """Booleans of shape [B, p]. The polyhedra that no input of the box leads to."""


@dataclass(frozen=True, eq=False)
class Bounding:
    """How boxes are bounded if only inputs in certain phases matter."""

    domain: Domain
    constraints: Constraints
    """The constraints of its unsafe outputs."""
    units: Phases
    """The units of the network."""
    unit: float = 0.0
    """Unit roundoff of the network's arithmetic; 0 for exact arithmetic."""
    known: Mapping[int, Box] = field(default_factory=dict)
    """Each of shape [1, n]. The ranges of nodes on the whole domain, keyed by their positions."""
    narrow: Narrowing | None = None
    """Narrows each node further than zonotopes do, like `crown.narrow`. This pays off if there are
    so many inputs that most boxes are wide."""
    steps: int = STEPS
    """How often the slopes of lines are moved if the closest lines do not exclude a polyhedron."""

    def __call__(self, box: Box, phases: np.ndarray) -> Bounded:
        """Bound each row of the constraints over boxes [B, d] with units in phases [B, m]."""
        domain, constraints = self.domain, self.constraints
        enclosure, zonotopes, empty = carried(
            self.units.graph,
            box,
            self.unit,
            certain=self.units.certain(phases, self.known),
            narrow=self.narrow,
        )
        lines = enclosing_lines(enclosure)
        planes, forms = traced(enclosure, constraints.coefficients, lines)
        sides = self.units.planes(phases, zonotopes, box)
        left, excluded = _cut(domain, constraints, planes, sides, box)
        excluded |= empty[:, None]
        planes = self._optimised(enclosure, planes, left, excluded)
        left, nowhere = _cut(domain, constraints, planes, sides, left)
        excluded |= nowhere
        planes, sides = _on_simplices(planes, domain, left), _on_simplices(sides, domain, left)
        lower = planes.ends(left).low
        excluded |= constraints.lacks(lower) < 0
        _exclude_together(constraints, planes, sides, left, excluded)
        return Bounded(enclosure, zonotopes, lines, forms, planes, left, lower, excluded)

    def _optimised(
        self, enclosure: Enclosure, planes: Planes, box: Box, excluded: np.ndarray
    ) -> Planes:
        """Optimise slopes for the row that lacks least in each remaining polyhedron."""
        domain, constraints = self.domain, self.constraints
        lower = _on_simplices(planes, domain, box).ends(box).low
        boxes, polyhedra = np.nonzero(~excluded & (constraints.lacks(lower) >= 0))
        if not len(boxes):
            return planes
        rows = constraints.nearest_row(lower[boxes], polyhedra)
        part = Box(box.low[boxes], box.high[boxes])

        def least(planes: Planes) -> tuple[np.ndarray, np.ndarray]:
            bound = _on_simplices(planes, domain, part).ends(part).low
            return bound, domain.least(planes.coefficients[:, 0], part)[:, None]

        forms = constraints.coefficients[rows][:, None]
        better = optimised_planes(enclosure.on(part, boxes), forms, least, self.steps)
        all_rows = Planes(*(numbers.copy() for numbers in planes))
        for numbers, new in zip(all_rows, better, strict=True):
            numbers[boxes, rows] = new[:, 0]
        return all_rows


def _exclude_together(
    constraints: Constraints, planes: Planes, sides: Planes, box: Box, excluded: np.ndarray
) -> None:
    """Mark polyhedra as excluded if sums of several rows, and of the sides, exclude them."""
    ends = [*constraints.starts[1:], len(constraints.limits)]
    zeros = np.zeros(sides.constant.shape[1])
    for place, (start, end) in enumerate(zip(constraints.starts, ends, strict=True)):
        (left,) = np.nonzero(~excluded[:, place])
        if len(left) and end - start + len(zeros) > 1:
            rows = Planes(
                *(
                    np.concatenate([part[left, start:end], side[left]], axis=1)
                    for part, side in zip(planes, sides, strict=True)
                )
            )
            limits = np.concatenate([constraints.limits[start:end], zeros])
            part = Box(box.low[left], box.high[left])
            excluded[left, place] = _lower_together(rows, limits, part) > 0


def _on_simplices(planes: Planes, domain: Domain, box: Box) -> Planes:
    """Return planes whose coefficients in each group are at least 0, and 0 for one of its levels.

    Because the inputs of a group sum to 1, the least coefficient can be moved to the constant. A
    bound over the box is then a bound over the remaining levels.
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
    domain: Domain, constraints: Constraints, planes: Planes, sides: Planes, box: Box
) -> tuple[Box, np.ndarray]:
    """Cut off inputs that reach no polyhedron; return the rest, and unreached polyhedra [B, p]."""
    low, high = _reached(_on_simplices(sides, domain, box), np.zeros(1), box)
    low, high = low.max(axis=1, initial=-np.inf), high.min(axis=1, initial=np.inf)
    low, high = np.maximum(low, box.low)[:, None], np.minimum(high, box.high)[:, None]
    below, above = _reached(_on_simplices(planes, domain, box), constraints.limits, box)
    below = np.maximum(np.maximum.reduceat(below, constraints.starts, axis=1), low)
    above = np.minimum(np.minimum.reduceat(above, constraints.starts, axis=1), high)
    excluded = np.logical_or.reduce(below > above, axis=2)
    left = ~excluded[..., None]
    some = left.any(axis=1)
    cut = Box(
        np.where(some, np.where(left, below, np.inf).min(axis=1), box.low),
        np.where(some, np.where(left, above, -np.inf).max(axis=1), box.high),
    )
    cut, empty = settled(domain, *cut)
    kept = [np.where(empty[:, None], *ends) for ends in zip(box, cut, strict=True)]
    return Box(*kept), excluded | empty[:, None]


def _reached(planes: Planes, limits: np.ndarray, box: Box) -> Box:
    """Return the ends [B, r, d] between which each input can satisfy each row.

    If a plane A x + … has its minimum b over a box at the vertex v, it is at least b + |A_j| |x_j −
    v_j| elsewhere. So C y ≤ c only where |x_j − v_j| ≤ (c − b) / |A_j|. If b > c, that is nowhere,
    and the returned low end is above the high end.
    """
    lower = planes.ends(box).low
    lack = limits - lower + 4 * FLOAT64 * (np.abs(limits) + np.abs(lower))
    steepness = np.abs(planes.coefficients)
    reach = np.full(steepness.shape, np.inf)
    np.divide(np.maximum(lack, 0.0)[..., None], steepness, out=reach, where=steepness > 0)
    reach = reach * (1 + 4 * FLOAT64) + 4 * FLOAT64 * box.size[:, None]
    reach = np.where(lack[..., None] < 0, -np.inf, reach)
    rising, falling = planes.coefficients > 0, planes.coefficients < 0
    nowhere = reach < 0
    high = np.where(rising | nowhere, box.low[:, None] + reach, np.inf)
    return Box(np.where(falling, box.high[:, None] - reach, -np.inf), high)


def _lower_together(planes: Planes, limits: np.ndarray, box: Box) -> np.ndarray:
    """Bound from below [B] the best sum λᵀ(C y − c) with Σ λ = 1 found in `ROUNDS` rounds.

    Each round moves the sum towards the row that is greatest where the sum is least. The best step
    is found exactly, in O(d log d) (Frank and Wolfe's method).

    Parameters
    ----------
    planes : Planes [B, r, d]
        Planes of the rows C y.
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

    This is concave in t, and linear between the points where a coefficient of the sum is 0. At each
    of these points, in order, the derivative falls by 2 reach_j |way_j|. The best t is the point at
    which the derivative is no longer above 0.
    """
    fall = np.abs(way) * reach
    places = np.divide(-slope, way, out=np.full_like(way, np.inf), where=way != 0)
    ahead = (places > 0) & (places < 1)
    # Up to the first point, a coefficient shrinks if its 0 lies ahead or beyond, else it grows.
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
    """Return the rows of numbers [B, r, d] summed with weights w_r."""
    return np.matmul(weights[:, None], numbers)[:, 0]


def _sum(planes: Planes, limits: np.ndarray, weights: np.ndarray, box: Box) -> Planes:
    """Add planes up with weights [B, r], with room for rounding."""
    slope = _summed(weights, planes.coefficients)
    constant = (weights * (planes.constant - limits)).sum(axis=1)
    size = against(np.abs(planes.coefficients), box.size) + np.abs(planes.constant)
    size = (weights * (size + np.abs(limits) + planes.radius)).sum(axis=1)
    radius = (weights * planes.radius).sum(axis=1)
    radius += gamma(2 * weights.shape[1] + 8, FLOAT64) * size
    return Planes(slope[:, None], constant[:, None], radius[:, None])
