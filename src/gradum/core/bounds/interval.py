"""Intervals of every node over boxes of inputs, each taken from its parents' intervals.

Shapes: B boxes, d inputs, n numbers of a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.box import FLOAT64, Box
from gradum.core.bounds.graph import Graph, Node, taken


@dataclass(frozen=True)
class Enclosure:
    """What every node of a graph can be over boxes of inputs.

    Parameters
    ----------
    graph : Graph
        The network.
    box : Box [B, d]
        The inputs.
    nodes : list of Box [B, n]
        What each node can be, in the order of the graph.
    slacks : list of ndarray [B or 1, n]
        How far rounding can move each node's numbers from what exact arithmetic makes of its
        parents', in either direction: the network's own rounding and that of the bounds.
    """

    graph: Graph
    box: Box
    nodes: list[Box]
    slacks: list[np.ndarray]

    @property
    def output(self) -> Box:
        """What the outputs can be."""
        return self.nodes[-1]

    def parents(self, place: int) -> list[Box]:
        """Return what the parents of a node can be."""
        return taken(self.graph.nodes[place], self.box, self.nodes)

    def extend(self, node: Node, unit: float) -> None:
        """Enclose the next node by what its parents can be."""
        parents = taken(node, self.box, self.nodes)
        slack = node.operation.slack(FLOAT64, *parents)
        if unit:
            slack = slack + node.operation.slack(min(unit, node.unit), *parents)
        interval = node.operation.interval(*parents)
        self.slacks.append(np.broadcast_to(slack, interval.low.shape))
        self.nodes.append(interval.widened(slack))

    def narrow(self, place: int, interval: Box) -> np.ndarray:
        """Keep what a node's interval has in common with another one that holds.

        Returns
        -------
        ndarray [B] of bool
            Where they have nothing in common, so that no input leads there. The higher of both lows
            is kept then.
        """
        low, high = self.nodes[place]
        low, high = np.maximum(low, interval.low), np.minimum(high, interval.high)
        self.nodes[place] = Box(low, np.maximum(low, high))
        return np.logical_or.reduce(low > high, axis=1)

    def on(self, box: Box, which: np.ndarray) -> Enclosure:
        """Return the enclosure of some of the boxes, each cut to a part of it.

        Parameters
        ----------
        box : Box [b, d]
            The parts.
        which : ndarray
            The boxes that they are parts of, as a mask [B] or as places [b].
        """
        nodes = [Box(node.low[which], node.high[which]) for node in self.nodes]
        return Enclosure(self.graph, box, nodes, [slack[which] for slack in self.slacks])

    @classmethod
    def joined(cls, parts: Sequence[Enclosure]) -> Enclosure:
        """Put together enclosures of one graph over consecutive stretches of boxes."""
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
    graph : Graph
        The network.
    box : Box [B, d]
        Inputs, low ≤ high, all finite.
    unit : float
        Unit roundoff of the arithmetic in which the network runs, `rounding.FLOAT32` or
        `rounding.FLOAT64`, in any order of summation; 0 where it is meant exactly.
    """
    enclosure = Enclosure(graph, box, [], [])
    for node in graph.nodes:
        enclosure.extend(node, unit)
    return enclosure
