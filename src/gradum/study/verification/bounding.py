"""Linear bounds of many boxes at once: what they exclude, and where the rest can be.

If a polyhedron C y ≤ c is not excluded, the linear bound of each of its rows still shows which part
of the box cannot lead there. That part is cut off. Then the lines are tilted to make the bound of
the row that lacks least as great as possible.

Source of the cuts: D. Zhou, S. Wang et al., "Clip-and-Verify: linear constraint-driven domain
clipping for accelerating neural network verification", NeurIPS 2025.

Shapes: B boxes, d inputs, p polyhedra, r constraints of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gradum.core.bounds import Box, Enclosure, Lines, Planes, enclosing_lines
from gradum.core.bounds.box import FLOAT64
from gradum.core.bounds.crown import traced
from gradum.core.bounds.forms import Zonotope
from gradum.core.bounds.optimised import optimised_planes
from gradum.core.bounds.zonotope import Narrowing, carried
from gradum.study.verification.constraints import Constraints
from gradum.study.verification.domain import Domain, settled
from gradum.study.verification.multipliers import lower_together
from gradum.study.verification.phases import Phases

STEPS, MANY_STEPS = 6, 20
"""How often the slopes of lines are moved: of boxes of few inputs, and of many."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """Boxes with their bounds, and with all that dividing them needs.

    Parameters
    ----------
    enclosure : Enclosure
        Of every node, over the boxes before they were cut.
    zonotopes : list of Zonotope
        Of every node; the first d generators say how far the inputs move its numbers.
    lines : list of Lines or None
        The nearest that each node is put between.
    forms : dict of int to ndarray [B or 1, r, n]
        By node, the linear form of its numbers that these lines make of each row of the
        constraints.
    planes : Planes [B, r, d]
        By which each row is bounded on what is left of the box, of these lines or better ones.
    box : Box [B, d]
        What is left of each box.
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


@dataclass(frozen=True, eq=False)
class Bounding:
    """How boxes are bounded, where only inputs in certain phases matter.

    Parameters
    ----------
    domain : Domain
    constraints : Constraints
        Of its unsafe outputs.
    units : Phases
        Of the network.
    unit : float
        Unit roundoff of the network's arithmetic; 0 where it is meant exactly.
    known : mapping of int to Box [1, n]
        Where nodes lie on the whole domain, by their places.
    narrow : callable, optional
        Narrows each node further than zonotopes do, as `crown.narrow` does. That pays where there
        are so many inputs that most boxes are wide.
    steps : int
        How often the slopes of lines are moved where the nearest lines do not exclude a polyhedron.
    """

    domain: Domain
    constraints: Constraints
    units: Phases
    unit: float = 0.0
    known: Mapping[int, Box] = field(default_factory=dict)
    narrow: Narrowing | None = None
    steps: int = STEPS

    def __call__(self, box: Box, phases: np.ndarray) -> Bounded:
        """Bound each row of the constraints over boxes [B, d], whose units are in phases [B, m]."""
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
        planes, sides = on_simplices(planes, domain, left), on_simplices(sides, domain, left)
        lower = planes.ends(left).low
        excluded |= constraints.lacks(lower) < 0
        _exclude_together(constraints, planes, sides, left, excluded)
        return Bounded(enclosure, zonotopes, lines, forms, planes, left, lower, excluded)

    def _optimised(
        self, enclosure: Enclosure, planes: Planes, box: Box, excluded: np.ndarray
    ) -> Planes:
        """Optimise slopes for the row of each remaining polyhedron that lacks least."""
        domain, constraints = self.domain, self.constraints
        lower = on_simplices(planes, domain, box).ends(box).low
        boxes, polyhedra = np.nonzero(~excluded & (constraints.lacks(lower) >= 0))
        if not len(boxes):
            return planes
        rows = constraints.nearest_row(lower[boxes], polyhedra)
        part = Box(box.low[boxes], box.high[boxes])

        def least(planes: Planes) -> tuple[np.ndarray, np.ndarray]:
            bound = on_simplices(planes, domain, part).ends(part).low
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
    """Mark polyhedra as excluded where sums of several rows, and of the sides, exclude them."""
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
            excluded[left, place] = lower_together(rows, limits, part) > 0


def on_simplices(planes: Planes, domain: Domain, box: Box) -> Planes:
    """Return planes whose coefficients in a group are at least 0, and 0 for one of its levels.

    Because the inputs of a group sum to 1, the least coefficient can be moved to the constant. A
    bound over the box then is a bound over the levels that are left.
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
    """Cut off what leads to no polyhedron; return the rest, and to which [B, p] nothing leads."""
    low, high = _reached(on_simplices(sides, domain, box), np.zeros(1), box)
    low, high = low.max(axis=1, initial=-np.inf), high.min(axis=1, initial=np.inf)
    low, high = np.maximum(low, box.low)[:, None], np.minimum(high, box.high)[:, None]
    below, above = _reached(on_simplices(planes, domain, box), constraints.limits, box)
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
    """Return between which ends [B, r, d] each input can satisfy each row.

    A plane A x + … that is least, b, at the vertex v of a box is at least b + |A_j| |x_j − v_j|
    elsewhere. So C y ≤ c only where |x_j − v_j| ≤ (c − b) / |A_j|. If b > c, that is nowhere, and
    the low end is returned above the high one.
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
