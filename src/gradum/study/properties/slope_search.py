"""Branch and bound to prove that an output's slope along one input is at least 0 on a domain.

A box is divided at the input that most moves the units with the least certain slopes. Each unit
counts by its coefficient in the linear form of the output; zonotopes show how far each input moves
it.

Shapes: B boxes, d inputs, n numbers of a node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from gradum.core.bounds import Box, Graph, disorder, enclosing_lines, slopes
from gradum.core.bounds.crown import traced
from gradum.core.bounds.enclosure import Enclosure
from gradum.core.bounds.forms import Zonotope
from gradum.core.bounds.graph import taken
from gradum.core.bounds.zonotope import MOST_DIVIDED, boxes_at_once, carried
from gradum.messages import say
from gradum.study.verification.branch_and_bound import SEARCHING
from gradum.study.verification.domain import Domain, settled
from gradum.study.verification.splitting import OpenBoxes, halves
from gradum.waiting import tell

MOST = 1e200
"""Used in place of infinity, as numbers of this size can still be added."""


@dataclass(eq=False)
class SlopeSearch:
    """A search in progress."""

    graph: Graph
    """A graph with one output."""
    domain: Domain
    way: np.ndarray
    """Of shape [d]. 1 or −1 for the input that rises or falls, 0 for the others."""
    unit: float
    """Unit roundoff of the network's arithmetic."""
    open_boxes: OpenBoxes = field(init=False)
    """The boxes that are not yet proved."""
    certified: float = field(default=0.0, init=False)
    """The share of the domain in which the slope is proved."""
    is_complete: bool = field(default=True, init=False)
    """Whether every box that was not proved could be divided."""
    disorder: float = field(default=0.0, init=False)
    """The most by which rounding moves an answer out of order where slopes are proved."""

    def __post_init__(self) -> None:
        self.open_boxes = OpenBoxes.whole(self.domain.box, 0)

    def run(self, seconds: float) -> bool:
        """Search for up to some seconds, at least one step; return whether the slope is proved."""
        began = perf_counter()
        self.step()
        while len(self.open_boxes) and (passed := perf_counter() - began) < seconds:
            tell(say(SEARCHING), max(self.certified, passed / seconds))
            self.step()
        return self.is_complete and not len(self.open_boxes)

    def step(self) -> None:
        """Bound the slopes of some of the open boxes, and divide those that are not proved."""
        batch, others = self.open_boxes.first(boxes_at_once(self.graph))
        box, empty = settled(self.domain, *batch.box)
        box = Box(*(np.where(empty[:, None], *ends) for ends in zip(batch.box, box, strict=True)))
        enclosure, zonotopes, _ = carried(self.graph, box, self.unit)
        tangents = slopes(enclosure, Box(self.way[None], self.way[None]), by_parts=True)
        rises = tangents[-1].low[:, 0] >= 0
        proved = empty | rises
        errors = disorder(enclosure, self.unit)[rises & ~empty]
        self.disorder = max(self.disorder, float(errors.max(initial=0.0)))
        self.certified += batch.share[proved].sum()
        left = np.flatnonzero(~proved)
        columns, divisible = self._columns(enclosure, zonotopes, tangents, left)
        self.is_complete &= bool(divisible.all())
        left, columns = left[divisible], columns[divisible]
        box = Box(box.low[left], box.high[left])
        phases = batch.phases[left]
        box, phases, parts = halves(self.domain, box, phases, np.zeros(box.low.shape), columns)
        share = np.tile(batch.share[left], 2) * parts
        lack = np.tile(np.nan_to_num(-tangents[-1].low[left, 0], nan=MOST), 2)
        # By lack and by −share: half of a step's boxes lack most, half are largest.
        self.open_boxes = others.joined(OpenBoxes(box, phases, share, lack, -share))

    def _columns(
        self, enclosure: Enclosure, zonotopes: list[Zonotope], tangents: list[Box], left: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which input or group to divide in each remaining box, and whether there is one."""
        if self.graph.inputs > MOST_DIVIDED:
            return np.zeros(len(left), int), np.zeros(len(left), bool)
        low, high = (end[left] for end in enclosure.box)
        inputs, first = low.shape[1], Zonotope.of_box(enclosure.box)
        lines = enclosing_lines(enclosure)
        forms = traced(enclosure, np.ones((1, 1)), lines)[1]
        ways = np.broadcast_to(self.way, enclosure.box.low.shape)
        promise = 1e-9 * (high - low)
        for place, node in enumerate(self.graph.nodes):
            if lines[place] is None or place not in forms:
                continue
            (z,) = enclosure.parents(place)
            (slope,) = taken(node, Box(ways, ways), tangents)
            (zonotope,) = taken(node, first, zonotopes)
            steepness = node.operation.steepness(z)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                part = (steepness.high - steepness.low) * slope.size * np.abs(forms[place][:, 0])
                part = (part / zonotope.reach)[left]
            part = np.minimum(np.nan_to_num(part, nan=0.0), MOST)
            moved = np.abs(zonotope.generators[left, :inputs])
            promise += np.matmul(moved, part[..., None])[..., 0]
        grouped = self.domain.grouped
        middle = (low + high) / 2
        divisible = (middle > low) & (middle < high) & ~grouped
        columns = [np.where(divisible, promise, -np.inf)]
        for places in self.domain.groups:
            several = (high[:, places] > 0).sum(axis=1) > 1
            total = promise[:, places].sum(axis=1)
            columns.append(np.where(several, total, -np.inf)[:, None])
        promise = np.concatenate(columns, axis=1)
        return promise.argmax(axis=1), promise.max(axis=1) > -np.inf
