"""Open boxes, and how they are divided: by an input, the levels of a group, or the side of a unit.

The bound of a box is low for two reasons: its plane falls over the box, and each unit that bends
lies somewhere between two lines. Both shrink with an input's width: the fall in proportion to the
slope of the plane, and the gap between the lines in proportion to how far the input moves the unit.
The sum of both estimates the gain from dividing the input. Dividing by the side of a unit closes
the gap of that unit.

Shapes: B boxes, d inputs, m units that bend, n numbers of a node.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradum.core.bounds import INPUT, Box
from gradum.core.bounds.forms import Zonotope
from gradum.study.verification.bounding import Bounded
from gradum.study.verification.domain import Domain, settled
from gradum.study.verification.phases import Phases

FALL = 0.25
"""The weight of a plane's fall against the gaps: half is gained, and in only one of the halves."""
MANY = 100.0
"""The gap of a unit counts n / (n + `MANY`) in a box with n inputs that are not fixed.

Dividing by a unit leaves the box as large as before. That is a loss if few inputs could be divided
instead; if there are hundreds, dividing one of them hardly makes the box smaller either.
"""


def promises(
    domain: Domain, units: Phases, bounded: Bounded, boxes: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Estimate how much each way of dividing some boxes raises the bound of a row.

    Parameters
    ----------
    units : Phases
        The units of the network.
    boxes : ndarray of int [b]
        Positions of the boxes.
    rows : ndarray of int [b]
        The row of the constraints for each.

    Returns
    -------
    ndarray [b, d + groups + m]
        For inputs, groups and phases; −∞ where there is nothing to divide.
    """
    slopes = np.abs(bounded.planes.coefficients[boxes, rows])
    low, high = (end[boxes] for end in bounded.box)
    first = Zonotope.of_box(Box(*(end[boxes] for end in bounded.enclosure.box)))
    width = high - low
    share = np.divide(
        width, 2 * np.einsum("bjj->bj", first.generators), out=np.zeros_like(width), where=width > 0
    )
    wide = (width > 0).sum(axis=1, keepdims=True)
    weight = wide / (wide + MANY)
    gaps = np.zeros_like(width)
    sides = np.full((len(boxes), units.count), -np.inf)
    for parent, gap, half in _gaps(bounded, boxes, rows):
        moved = first.generators
        if parent != INPUT:
            moved = bounded.zonotopes[parent].generators[boxes, : len(domain.low)]
        over = np.divide(gap, half, out=np.zeros_like(gap), where=half > 0)
        gaps += np.matmul(np.abs(moved), over[..., None])[..., 0]
        if parent in units.columns:
            columns = units.columns[parent]
            side = np.where(gap > 0, weight * gap, -np.inf)
            sides[:, columns] = np.maximum(sides[:, columns], side)
    promise = FALL * slopes * width + gaps * share
    middle = (low + high) / 2
    divisible = (middle > low) & (middle < high) & ~domain.grouped
    columns = [np.where(divisible, promise, -np.inf)]
    for places in domain.groups:
        several = (high[:, places] > 0).sum(axis=1) > 1
        steepest = FALL * slopes[:, places].max(axis=1)
        total = steepest + (gaps * share)[:, places].sum(axis=1)
        columns.append(np.where(several, total, -np.inf)[:, None])
    return np.concatenate([*columns, sides], axis=1)


def _gaps(
    bounded: Bounded, boxes: np.ndarray, rows: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield, for each node that bends, its parent, its gaps [b, n], and half the parent's widths.

    A gap is the greatest distance between the lines, times the size of the node's coefficient in
    the row.
    """
    enclosure = bounded.enclosure
    for place, (node, lines) in enumerate(zip(enclosure.graph.nodes, bounded.lines, strict=True)):
        if lines is None or place not in bounded.forms:
            continue
        form = bounded.forms[place]
        part = np.abs(form[boxes, rows] if len(form) > 1 else form[0, rows])
        (z,) = enclosure.parents(place)
        below, low, _, above, high, _ = (
            np.broadcast_to(line, z.low.shape)[boxes] for line in lines
        )
        bent = np.broadcast_to(node.operation.bent(z), z.low.shape)[boxes]
        z = Box(z.low[boxes], z.high[boxes])
        slope = above - below
        widest = np.maximum(slope * z.low, slope * z.high) + high - low
        yield node.parents[0], np.where(bent, part * widest, 0.0), (z.high - z.low) / 2


def halves(
    domain: Domain, box: Box, phases: np.ndarray, slopes: np.ndarray, columns: np.ndarray
) -> tuple[Box, np.ndarray, np.ndarray]:
    """Divide each box [B, d] at a column of `promises`: the lower halves, then the upper ones.

    An input is divided at the threshold nearest to the middle of the box, or at the middle if the
    box has no threshold. The levels of a group are divided by the slopes [B, d] of the box's plane.

    Returns
    -------
    Box [2B, d]
    ndarray [2B, m]
        The phases of the halves.
    ndarray [2B]
        An upper bound of each half's share of its box.
    """
    inputs = box.low.shape[1]
    lower, upper = (Box(box.low.copy(), box.high.copy()) for _ in range(2))
    first, second = phases.copy(), phases.copy()
    share = np.ones((2, len(columns)))
    thresholds, whole = dict(domain.thresholds), domain.whole
    for row, column in enumerate(columns):
        if column < inputs:
            low, high = box.low[row, column], box.high[row, column]
            place = _place(low, high, thresholds.get(int(column)))
            between = math.floor(place) + 0.5
            if whole[column] and low < between < high:
                place = between
            lower.high[row, column] = upper.low[row, column] = place
            part = (place - low + whole[column] / 2) / (high - low + whole[column])
            share[:, row] = part, 1 - part
        elif column < inputs + len(domain.groups):
            places = domain.groups[column - inputs]
            left = places[box.high[row, places] > 0]
            left = left[np.argsort(slopes[row, left], kind="stable")]
            half = len(left) // 2
            upper.high[row, left[:half]] = 0.0
            lower.high[row, left[half:]] = 0.0
            share[:, row] = half / len(left), 1 - half / len(left)
        else:
            unit = column - inputs - len(domain.groups)
            first[row, unit], second[row, unit] = -1, 1
    both = [np.concatenate(ends) for ends in zip(lower, upper, strict=True)]
    within, empty = settled(domain, *both)
    # An empty half is kept: bounding will exclude it.
    kept = [np.where(empty[:, None], *ends) for ends in zip(both, within, strict=True)]
    return Box(*kept), np.concatenate([first, second]), share.ravel()


def _place(low: float, high: float, thresholds: np.ndarray | None) -> float:
    """Return where to divide an input: the threshold nearest to the middle, or the middle."""
    middle = (low + high) / 2
    if thresholds is None:
        return middle
    within = thresholds[(thresholds > low) & (thresholds < high)]
    return float(within[np.abs(within - middle).argmin()]) if len(within) else middle


@dataclass(frozen=True, eq=False)
class OpenBoxes:
    """Boxes of inputs that are neither excluded nor given up."""

    box: Box
    """Of shape [N, d]. The ends of the boxes."""
    phases: np.ndarray
    """Integers of shape [N, m]. The phases of the units, as in `Phases`."""
    share: np.ndarray
    """Of shape [N]. The share of the domain's volume. If a box was divided by a unit, both parts
    have its whole share."""
    lack: np.ndarray
    """Of shape [N]. How far the bounds of the parent box were from excluding the worst
    polyhedron."""
    margin: np.ndarray
    """Of shape [N]. How far the best tried point of the parent box was from an unsafe output."""

    @classmethod
    def whole(cls, box: Box, units: int) -> OpenBoxes:
        """Return a domain as a single box, about which nothing is known."""
        nothing = np.full(1, np.inf)
        return cls(box, np.zeros((1, units), np.int8), np.ones(1), nothing, nothing)

    def __len__(self) -> int:
        """Return the number of boxes."""
        return len(self.share)

    def chosen(self, which: np.ndarray) -> OpenBoxes:
        """Return some of the boxes, by a mask or by positions."""
        box = Box(self.box.low[which], self.box.high[which])
        others = (self.phases, self.share, self.lack, self.margin)
        return OpenBoxes(box, *(part[which] for part in others))

    def first(self, count: int) -> tuple[OpenBoxes, OpenBoxes]:
        """Return up to ``count`` boxes, half of them worst, half nearest, and all other boxes."""
        if count >= len(self):
            return self, self.chosen(np.zeros(0, int))
        nearest = np.argpartition(self.margin, count // 2)
        near, others = np.split(nearest, [count // 2])
        worst = others[np.argpartition(-self.lack[others], count - count // 2)]
        worst, others = np.split(worst, [count - count // 2])
        return self.chosen(np.concatenate([near, worst])), self.chosen(others)

    def joined(self, others: OpenBoxes) -> OpenBoxes:
        """Return these boxes together with others."""
        box = Box(*(np.concatenate(ends) for ends in zip(self.box, others.box, strict=True)))
        pairs = (
            (self.phases, others.phases),
            (self.share, others.share),
            (self.lack, others.lack),
            (self.margin, others.margin),
        )
        return OpenBoxes(box, *map(np.concatenate, pairs))
