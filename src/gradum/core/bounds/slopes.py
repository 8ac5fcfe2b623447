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


def slopes(enclosure: Enclosure, way: Box) -> list[Box]:
    """Return the intervals of the slopes of each node's numbers, [B, n]; NaN where they overflow.

    Parameters
    ----------
    enclosure : Enclosure
        What the nodes can be.
    way : Box [B or 1, d]
        Slopes of the inputs: 1 to 1 for an input that rises, −1 to 1 for one that may rise or fall,
        0 to 0 for one that stays.
    """
    nodes: list[Box] = []
    way = Box(*(np.broadcast_to(end, enclosure.box.low.shape) for end in way))
    with np.errstate(over="ignore", invalid="ignore"):
        for place, node in enumerate(enclosure.graph.nodes):
            nodes.append(node.operation.tangent(taken(node, way, nodes), enclosure.parents(place)))
    return nodes
