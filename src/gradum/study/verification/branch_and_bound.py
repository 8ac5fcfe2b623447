"""Branch and bound over boxes of inputs, those that are worst or came nearest first.

Boxes are bounded many at a time. A box that is not excluded is cut to the part that can lead to
unsafe outputs, and divided in two. The points where bounds are least are tried as counterexamples.

Source: R. Bunel et al., "Branch and bound for piecewise linear neural network verification", JMLR
2020, for the scheme.

Shapes: B boxes, d inputs, r constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradum.core.bounds import Box, Graph
from gradum.core.bounds.zonotope import boxes_at_once
from gradum.messages import marked
from gradum.study.verification.bounding import Bounded, Bounding
from gradum.study.verification.domain import Constraints, Domain
from gradum.study.verification.projected_descent import attack, descend
from gradum.study.verification.splitting import OpenBoxes, halves, promises

Refuted = tuple[np.ndarray, np.ndarray]
"""A counterexample [d] and its output [k]."""

SEARCHING = marked("searching for a proof or a counterexample")
"""What is told to whoever waits."""

FIRST_ATTACK, FIRST_OF_WIDE = 64, 8
"""After how many boxes a search first attacks; the second number is for layers so wide that boxes
are bounded one by one, which takes longer than an attack from as many points."""
MOST_POINTS = 2048
"""The most points of an attack. There is an attack each time that the boxes have doubled, with as
many points as there were boxes; half of these are the tried points that came nearest."""


@dataclass(eq=False)
class BranchAndBound:
    """A search in progress."""

    bounding: Bounding
    """How boxes are bounded."""
    confirm: Callable[[np.ndarray], Refuted | None]
    """From points [N, d] to the first counterexample among them with its output, or None."""
    rng: np.random.Generator
    """The generator for the attacks during the search."""
    open_boxes: OpenBoxes = field(init=False)
    """The boxes that are still open."""
    boxes: int = field(default=0, init=False)
    """How many boxes were bounded."""
    stuck: int = field(default=0, init=False)
    """How many boxes can neither be excluded nor divided any further."""
    stuck_share: float = field(default=0.0, init=False)
    """The share of these boxes in the domain's volume."""
    _next_attack: int = field(init=False)

    def __post_init__(self) -> None:
        self.open_boxes = OpenBoxes.whole(self.domain.box, self.bounding.units.count)
        self._next_attack = FIRST_ATTACK if boxes_at_once(self.graph) > 1 else FIRST_OF_WIDE

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.bounding.units.graph

    @property
    def domain(self) -> Domain:
        """The domain of its inputs."""
        return self.bounding.domain

    @property
    def constraints(self) -> Constraints:
        """The domain's unsafe outputs."""
        return self.bounding.constraints

    @property
    def certified(self) -> float:
        """A lower bound of the share of the domain's volume without unsafe outputs."""
        return max(0.0, 1.0 - float(self.open_boxes.share.sum()) - self.stuck_share)

    def step(self) -> Refuted | None:
        """Bound the next open boxes and divide what is left; return a counterexample, if any."""
        batch, others = self.open_boxes.first(boxes_at_once(self.graph))
        result = self.bounding(batch.box, batch.phases)
        self.boxes += len(batch)
        left = np.flatnonzero(~result.excluded.all(axis=1))
        if not len(left):
            self.open_boxes = others
            return None
        lacks = np.where(result.excluded, -np.inf, self.constraints.lacks(result.lower))[left]
        polyhedra = lacks.argmax(axis=1)
        rows = self.constraints.nearest_row(result.lower[left], polyhedra)
        refuted, margins = self._tried(result, left, rows)
        if refuted is not None:
            return refuted
        promise = promises(self.domain, self.bounding.units, result, left, rows)
        share = batch.share[left] * _kept(self.domain, batch.box, result.box)[left]
        divisible, lack = promise.max(axis=1) > -np.inf, lacks.max(axis=1)
        # The rest of a box may be a point, which has not been bounded as such.
        again = ~divisible & _is_cut(batch.box, result.box)[left]
        self.stuck += int((~divisible & ~again).sum())
        self.stuck_share += float(share[~divisible & ~again].sum())
        kept = left[again]
        box = Box(*(ends[kept] for ends in result.box))
        others = others.joined(
            OpenBoxes(box, batch.phases[kept], share[again], lack[again], margins[again])
        )
        left, rows, columns = (of[divisible] for of in (left, rows, promise.argmax(axis=1)))
        slopes = result.planes.coefficients[left, rows]
        box = Box(*(ends[left] for ends in result.box))
        box, phases, parts = halves(self.domain, box, batch.phases[left], slopes, columns)
        share, lack, margin = (np.tile(of[divisible], 2) for of in (share, lack, margins))
        self.open_boxes = others.joined(OpenBoxes(box, phases, share * parts, lack, margin))
        return None

    def _tried(
        self, result: Bounded, left: np.ndarray, rows: np.ndarray
    ) -> tuple[Refuted | None, np.ndarray]:
        """Try two points of each box: the minimum of a row's plane, and the middle.

        Return a counterexample, and the smaller margin [b] of both points.
        """
        box = Box(*(ends[left] for ends in result.box))
        slopes = result.planes.coefficients[left, rows]
        least = self.domain.least(slopes, box)
        levels = self.domain.least_levels(slopes, box)
        middle = self.domain.one_hot((box.low + box.high) / 2, levels)
        points = self.domain.snapped(np.concatenate([least, middle]))
        margins = self.constraints.margins(self.graph(points)).min(axis=1)
        order = np.argsort(margins, kind="stable")
        hits = points[order[margins[order] <= 0]]
        if not len(hits) and self.boxes >= self._next_attack:
            self._next_attack = 2 * self.boxes
            count = min(self.boxes, MOST_POINTS)
            hits = descend(self.graph, self.domain, points[order[: count // 2]])
            if not len(hits):
                hits = attack(self.graph, self.domain, self.rng, count - count // 2)
        return self.confirm(hits), margins.reshape(2, -1).min(axis=0)


def _is_cut(before: Box, after: Box) -> np.ndarray:
    """Return which boxes [B] were cut."""
    return ((before.low != after.low) | (before.high != after.high)).any(axis=1)


def _kept(domain: Domain, before: Box, after: Box) -> np.ndarray:
    """Return the share [B] of each box that is left after a cut."""
    width, left = (box.high - box.low + domain.whole for box in (before, after))
    share = np.divide(left, width, out=np.ones_like(width), where=(width > 0) & ~domain.grouped)
    share = share.prod(axis=1)
    for places in domain.groups:
        allowed, kept = ((box.high[:, places] > 0).sum(axis=1) for box in (before, after))
        share = share * kept / allowed
    return share
