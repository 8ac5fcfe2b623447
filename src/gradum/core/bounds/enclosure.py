"""Enclosures of every node over boxes, and the slopes and rounding errors carried forward on them.

A node's intervals are computed from its parents'. Slopes along a way through the inputs are carried
by the chain rule in interval arithmetic; where an operation bends within a box, every slope between
the slopes of its sides counts. So if the least slope of a number is 0 or more, the number never
falls along the way, anywhere in the box (Clarke's mean value theorem); and if all its slopes are 0,
the way does not affect it. Both hold for the network in exact arithmetic.

Each operation adds its own rounding to the error that it passes on from its parents. With the slope
f′ of an operation between its exact and its computed parents,

    |computed − exact| ≤ |f′| |parents' errors| + slack.

Sources: F. H. Clarke, "Optimization and nonsmooth analysis", 1983, for slopes at kinks; N. J.
Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002, chapter 3, for
forward errors; the mean value theorem carries these errors through what is not linear.

Shapes: B boxes, d inputs, n numbers of a node, k outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.box import FLOAT64, Box
from gradum.core.bounds.graph import Graph, Node, taken


@dataclass(frozen=True)
class Enclosure:
    """The values that every node of a graph can have over boxes of inputs."""

    graph: Graph
    box: Box
    """Of shape [B, d]. The inputs."""
    nodes: list[Box]
    """Each of shape [B, n]. The values that each node can have, in the order of the graph."""
    slacks: list[np.ndarray]
    """Each of shape [B or 1, n]. How far rounding can move each node's numbers, in either
    direction, from the exact results of its parents' numbers: the network's own rounding and that
    of the bounds."""

    @property
    def output(self) -> Box:
        """The values that the outputs can have."""
        return self.nodes[-1]

    def parents(self, place: int) -> list[Box]:
        """Return the values that the parents of a node can have."""
        return taken(self.graph.nodes[place], self.box, self.nodes)

    def extend(self, node: Node, unit: float) -> None:
        """Enclose the next node, from the values that its parents can have."""
        parents = taken(node, self.box, self.nodes)
        slack = node.operation.slack(FLOAT64, *parents)
        if unit:
            slack = slack + node.operation.slack(min(unit, node.unit), *parents)
        interval = node.operation.interval(*parents)
        self.slacks.append(np.broadcast_to(slack, interval.low.shape))
        self.nodes.append(interval.widened(slack))

    def narrow(self, place: int, interval: Box) -> np.ndarray:
        """Intersect a node's interval with another valid one.

        Returns
        -------
        ndarray [B] of bool
            Where the two do not intersect, so that no input leads there. The higher of the two lows
            is kept then.
        """
        low, high = self.nodes[place]
        low, high = np.maximum(low, interval.low), np.minimum(high, interval.high)
        self.nodes[place] = Box(low, np.maximum(low, high))
        return np.logical_or.reduce(low > high, axis=1)

    def on(self, box: Box, which: np.ndarray) -> Enclosure:
        """Return the enclosure of some of the boxes, each reduced to a part of itself.

        Parameters
        ----------
        box : Box [b, d]
            The parts.
        which : ndarray
            The boxes that these are parts of, as a mask [B] or as places [b].
        """
        nodes = [Box(node.low[which], node.high[which]) for node in self.nodes]
        return Enclosure(self.graph, box, nodes, [slack[which] for slack in self.slacks])

    @classmethod
    def joined(cls, parts: Sequence[Enclosure]) -> Enclosure:
        """Join enclosures of one graph over consecutive stretches of boxes."""
        box, *nodes = (
            Box(*map(np.concatenate, zip(*stretches, strict=True)))
            for stretches in zip(*([part.box, *part.nodes] for part in parts), strict=True)
        )
        slacks = map(np.concatenate, zip(*(part.slacks for part in parts), strict=True))
        return cls(parts[0].graph, box, nodes, list(slacks))


def intervals(graph: Graph, box: Box, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes by interval arithmetic.

    Parameters
    ----------
    box : Box [B, d]
        Inputs, low ≤ high, all finite.
    unit : float
        Unit roundoff of the arithmetic in which the network runs, `rounding.FLOAT32` or
        `rounding.FLOAT64`, in any order of summation; 0 for exact arithmetic.
    """
    enclosure = Enclosure(graph, box, [], [])
    for node in graph.nodes:
        enclosure.extend(node, unit)
    return enclosure


def slopes(enclosure: Enclosure, way: Box, *, by_parts: bool = False) -> list[Box]:
    """Return intervals [B, n] of the slopes of each node's numbers; NaN where they overflow.

    Parameters
    ----------
    enclosure : Enclosure
        The values that the nodes can have.
    way : Box [B or 1, d]
        Slopes of the inputs: 1 to 1 for an input that rises, −1 to 1 for one that may rise or fall,
        0 to 0 for one that stays.
    by_parts : bool
        Whether each number that depends on one input alone may also rise less than it does, or not
        at all. A number whose slopes are then never below 0 does not fall by any of its parts, in
        whatever order they rise. This matters since rounding moves the places at which codes of one
        column rise.
    """
    nodes: list[Box] = []
    way = Box(*(np.broadcast_to(end, enclosure.box.low.shape) for end in way))
    with np.errstate(over="ignore", invalid="ignore"):
        for place, node in enumerate(enclosure.graph.nodes):
            slope = node.operation.tangent(taken(node, way, nodes), enclosure.parents(place))
            if by_parts:
                part = enclosure.graph.separate[place]
                slope = Box(
                    np.where(part, np.minimum(slope.low, 0.0), slope.low),
                    np.where(part, np.maximum(slope.high, 0.0), slope.high),
                )
            nodes.append(slope)
    return nodes


def reaches(enclosure: Enclosure, changed: np.ndarray) -> bool:
    """Return whether any of the changed inputs affects an output."""
    way = np.zeros(enclosure.box.low.shape)
    way[:, changed] = 1.0
    output = slopes(enclosure, Box(-way, way))[-1]
    return bool((output.low != 0).any() or (output.high != 0).any())


def forward_error(enclosure: Enclosure, unit: float) -> np.ndarray:
    """Bound |computed − exact| of each output over boxes, [B, k]; infinite on overflow.

    Parameters
    ----------
    enclosure : Enclosure
        The network's, with its rounding: computed for this ``unit`` or a coarser one.
    unit : float
        Unit roundoff of the arithmetic in which the network runs, in any order of summation.
    """
    return _carried(enclosure, unit, in_order=False)


def disorder(enclosure: Enclosure, unit: float) -> np.ndarray:
    """Return a bound on half of how far rounding can put outputs in the wrong order, [B, k].

    Where an output never falls as an input rises, part by part (`slopes`), its computed value falls
    by no more than twice this. The scaled values and codes of a single column count by their order
    alone: rounding moves the place at which a code steps, which may move an answer far, but it
    moves that place for all values alike. So this is less than `forward_error` where codes are
    steep.
    """
    return _carried(enclosure, unit, in_order=True)


def _carried(enclosure: Enclosure, unit: float, *, in_order: bool) -> np.ndarray:
    graph, nothing = enclosure.graph, np.zeros(enclosure.box.low.shape)
    errors: list[Box] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for place, node in enumerate(graph.nodes):
            parents, finest = enclosure.parents(place), min(unit, node.unit)
            carried = node.operation.tangent(
                taken(node, Box(nothing, nothing), errors), parents
            ).size
            own = node.operation.slack(finest, *parents)
            if in_order:
                part = graph.separate[place]
                own = np.where(part, node.operation.disorder(finest, *parents), own)
            error = np.nan_to_num(carried + own, nan=np.inf, posinf=np.inf)
            errors.append(Box(-error, error))
    return errors[-1].high
