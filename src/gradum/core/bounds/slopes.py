"""Bounds of the slopes of every node along a way through the inputs, over boxes.

Slopes are carried forward by the chain rule in interval arithmetic; where an operation bends within
a box, every slope between those of its sides counts. So if the least slope of a number is 0 or
more, the number never falls along the way, wherever in the box (Clarke's mean value theorem); and
if all its slopes are 0, the way does not reach it. Both hold for the network in exact arithmetic.

Source: F. H. Clarke, "Optimization and nonsmooth analysis", 1983, for slopes at kinks.

Shapes: B boxes, d inputs, n numbers of a node.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.graph import taken
from gradum.core.bounds.interval import Enclosure


def slopes(enclosure: Enclosure, way: Box, *, by_parts: bool = False) -> list[Box]:
    """Return the intervals of the slopes of each node's numbers, [B, n]; NaN where they overflow.

    Parameters
    ----------
    enclosure : Enclosure
        What the nodes can be.
    way : Box [B or 1, d]
        Slopes of the inputs: 1 to 1 for an input that rises, −1 to 1 for one that may rise or fall,
        0 to 0 for one that stays.
    by_parts : bool
        Whether each number that is made of one input alone may also rise less than it does, or not
        at all. What never falls then does so by each of its parts, in whatever order they rise:
        rounding moves the places at which codes of one column rise.
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
    """Return whether anything leads from some inputs to an output."""
    way = np.zeros(enclosure.box.low.shape)
    way[:, changed] = 1.0
    output = slopes(enclosure, Box(-way, way))[-1]
    return bool((output.low != 0).any() or (output.high != 0).any())
