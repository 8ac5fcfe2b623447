"""Slopes and rounding errors of every node over boxes, carried forward through a graph.

Slopes along a way through the inputs are carried by the chain rule in interval arithmetic; where an
operation bends within a box, every slope between those of its sides counts. So if the least slope
of a number is 0 or more, the number never falls along the way, wherever in the box (Clarke's mean
value theorem); and if all its slopes are 0, the way does not reach it. Both hold for the network in
exact arithmetic.

Each operation adds its own rounding to what its parents' rounding makes of it: with the slope f′ of
an operation between its exact and its computed parents,

    |computed − exact| ≤ |f′| |parents' errors| + slack.

Sources: F. H. Clarke, "Optimization and nonsmooth analysis", 1983, for slopes at kinks; N. J.
Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002, chapter 3, for
forward errors; the mean value theorem carries them through what is not linear.

Shapes: B boxes, d inputs, n numbers of a node, k outputs.
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


def forward_error(enclosure: Enclosure, unit: float) -> np.ndarray:
    """Bound |computed − exact| of each output over boxes, [B, k]; infinite where that overflows.

    Parameters
    ----------
    enclosure : Enclosure
        Of what the network computes, with its rounding: taken for this ``unit`` or a coarser one.
    unit : float
        Unit roundoff of the arithmetic in which the network runs, in any order of summation.
    """
    return _carried(enclosure, unit, in_order=False)


def disorder(enclosure: Enclosure, unit: float) -> np.ndarray:
    """Bound by how much rounding puts outputs in the wrong order, [B, k]: half of it at most.

    Where an output never falls as an input rises, part by part (`slopes`), its computed value falls
    by no more than twice this. The scaled values and codes of a single column count by their order
    alone, since rounding moves the place at which a code steps, which may move an answer far, but
    moves it for all values alike. So this is less than `forward_error` where codes are steep.
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
