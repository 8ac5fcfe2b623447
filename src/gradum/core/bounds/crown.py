"""Enclosures of every node by linear bounds that are pulled back to the inputs: CROWN.

Before an operation that bends what it takes, such as a ReLU, each number's interval is narrowed to
what linear bounds leave of it (`planes`).

Source: H. Zhang et al., "Efficient neural network robustness certification with general activation
functions", NeurIPS 2018.

Shapes: B boxes, n numbers of a node.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.graph import INPUT, Graph
from gradum.core.bounds.interval import Enclosure
from gradum.core.bounds.planes import planes
from gradum.core.bounds.ragged import chosen_first
from gradum.core.bounds.zonotope import enclosed


def crown(graph: Graph, box: Box, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes, each unit between the two lines that are nearest to it.

    Parameters are those of `intervals`. But for rounding, no interval is wider than that of
    `intervals` or of `zonotopes`, which show what bends.
    """
    return enclosed(graph, box, unit, narrow)


def narrow(enclosure: Enclosure, place: int) -> np.ndarray:
    """Narrow those intervals of a node that a later operation bends, and all of the last node.

    Returns
    -------
    ndarray [B] of bool
        Where nothing is left of one, so that no input leads there.
    """
    graph, interval = enclosure.graph, enclosure.nodes[place]
    wanted = np.full(interval.low.shape, place == len(graph.nodes) - 1)
    for node in graph.nodes[place + 1 :]:
        if place in node.parents:
            wanted |= node.operation.bent(interval)
    wanted &= ~graph.separate[place]
    units, here = chosen_first(wanted)
    if not units.size or set(graph.nodes[place].parents) == {INPUT}:
        return np.zeros(len(wanted), bool)
    forms = np.eye(interval.low.shape[1])[units]
    below = planes(enclosure, np.concatenate([forms, -forms], axis=1), place=place)
    low, high = np.split(below.ends(enclosure.box).low, 2, axis=1)
    boxes = np.arange(len(units))[:, None]
    # Elsewhere an interval stays as it is: it must not depend on what other boxes want.
    narrower = Box(np.full(wanted.shape, -np.inf), np.full(wanted.shape, np.inf))
    narrower.low[boxes, units] = np.where(here, low, -np.inf)
    narrower.high[boxes, units] = np.where(here, -high, np.inf)
    return enclosure.narrow(place, narrower)
