"""Slopes of every node along a way through the inputs, between bounds, over boxes.

Slopes are carried forward by the chain rule in interval arithmetic; where an operation bends within
a box, every slope between those of its sides counts. So a least slope of at least 0 proves that a
number never falls on the way, wherever in the box it is gone (Clarke's mean value theorem), and
slopes that are 0 prove that nothing reaches it. That is so of the network in exact arithmetic.

Source: F. H. Clarke, "Optimization and nonsmooth analysis", 1983, for slopes at kinks.

Shapes: B boxes, d inputs, n numbers of a node.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.graph import taken
from gradum.core.bounds.interval import Enclosure


def slopes(enclosure: Enclosure, way: Box) -> list[Box]:
    """Return between what the slopes of each node's numbers lie, [B, n]; NaN where they overflow.

    Parameters
    ----------
    enclosure : Enclosure
        What the nodes can be.
    way : Box [B or 1, d]
        Slopes of the inputs: from 1 to 1 for the one that rises; from −1 to 1 for those that may
        move in any way.
    """
    nodes: list[Box] = []
    way = Box(*(np.broadcast_to(end, enclosure.box.low.shape) for end in way))
    with np.errstate(over="ignore", invalid="ignore"):
        for place, node in enumerate(enclosure.graph.nodes):
            nodes.append(node.operation.tangent(taken(node, way, nodes), enclosure.parents(place)))
    return nodes
