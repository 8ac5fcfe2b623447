"""Enclosures of every node by zonotopes, carried forward from the inputs.

A zonotope is a linear image of a cube. Each number of a node is a linear form of the inputs and of
the distances of earlier units that bend from their lines. So what the numbers of a layer have in
common cancels in the next layer; intervals forget it. The work grows with the number of units that
bend, which is small for small boxes.

Sources: K. Ghorbal, E. Goubault & S. Putot, "The zonotope abstract domain Taylor1+", CAV 2009;
G. Singh et al., "Fast and effective robustness certification", NeurIPS 2018.

Shapes: B boxes, d inputs, n numbers of a node, g generators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.enclosure import Enclosure
from gradum.core.bounds.forms import Lines, Slopes, Zonotope
from gradum.core.bounds.graph import Graph, taken
from gradum.core.bounds.operation import Operation

COEFFICIENTS_AT_ONCE = 200_000
"""How many coefficients of a layer's generators stay in a processor's cache."""

MOST_DIVIDED = 4000
"""The most inputs that have generators, which take the square of their number, and that a search
divides. Without them, a layer right behind the inputs has the same intervals, and only what its
numbers have in common is lost."""


Narrowing = Callable[[Enclosure, int], np.ndarray]
"""Takes an enclosure so far and the place of its last node, narrows that node's interval, and
returns [B] where nothing is left of it."""


def zonotopes(graph: Graph, box: Box, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes, with two parallel lines as the bounds of each unit.

    Parameters are those of `intervals`; except for rounding, no interval is wider than there. The
    intervals are wider than those of `crown`, but only a little where boxes are small. `lower` of
    this enclosure uses the nearest lines, which need not be parallel.
    """
    return enclosed(graph, box, unit)


def enclosed(graph: Graph, box: Box, unit: float, narrow: Narrowing | None = None) -> Enclosure:
    """Return `zonotopes`, narrowing each node further, if asked, before the next one."""
    step, parts = boxes_at_once(graph), []
    for start in range(0, max(len(box.low), 1), step):  # one empty stretch if there are no boxes
        part = Box(box.low[start : start + step], box.high[start : start + step])
        parts.append(carried(graph, part, unit, narrow=narrow).enclosure)
    return Enclosure.joined(parts)


class Carried(NamedTuple):
    """An enclosure, and the zonotope of every node.

    The first d generators of each node say how far the inputs move its numbers, unless there are
    more than `MOST_DIVIDED`. ``empty`` [B] of bool marks the boxes in which no input leads to where
    nodes are assumed to lie (``certain``).
    """

    enclosure: Enclosure
    zonotopes: list[Zonotope]
    empty: np.ndarray


def carried(
    graph: Graph,
    box: Box,
    unit: float = 0.0,
    *,
    certain: Mapping[int, Box] | None = None,
    narrow: Narrowing | None = None,
) -> Carried:
    """Return `enclosed` for all boxes at once, with the zonotopes that it came from.

    Parameters
    ----------
    graph, box, unit
        As in `intervals`.
    certain : mapping of int to Box [B, n], optional
        Where nodes are assumed to lie, by their places; inputs that lead elsewhere do not matter.
    narrow : callable, optional
        As in `enclosed`.
    """
    enclosure, zonotopes = Enclosure(graph, box, [], []), []
    few = graph.inputs <= MOST_DIVIDED
    first, fresh = (Zonotope.of_box if few else Zonotope.around)(box), graph.inputs
    empty = np.zeros(len(box.low), bool)
    for place, node in enumerate(graph.nodes):
        enclosure.extend(node, unit)
        parents = enclosure.parents(place)
        lines = _parallel_lines(node.operation, *parents)
        zonotope = node.operation.push(taken(node, first, zonotopes), parents, lines, fresh)
        fresh = max(fresh, int(zonotope.symbols.max(initial=-1)) + 1)
        zonotopes.append(zonotope.widened(enclosure.slacks[place]))
        empty |= enclosure.narrow(place, zonotopes[place].ends())
        if certain is not None and place in certain:
            empty |= enclosure.narrow(place, certain[place])
        if narrow is not None:
            empty |= narrow(enclosure, place)
    return Carried(enclosure, zonotopes, empty)


def boxes_at_once(graph: Graph) -> int:
    """Return how many boxes to bound together for the greatest speed."""
    return max(1, COEFFICIENTS_AT_ONCE // _coefficients(graph))


def _coefficients(graph: Graph) -> int:
    """Return how many coefficients the linear forms of a layer over the previous layer may have."""
    widest = graph.inputs
    for node, width, separate in zip(graph.nodes, graph.widths, graph.separate, strict=True):
        if not separate.all():
            widths = taken(node, graph.inputs, graph.widths)
            widest = max(widest, width * max(widths))
    return widest


def _parallel_lines(operation: Operation, *parents: Box) -> Lines | None:
    """Return parallel lines below and above, with the slope of the nearest line above."""
    lines = operation.lines(*parents)
    if lines is None:
        return None
    return operation.lines(*parents, slopes=Slopes(lines.upper_slope, lines.upper_slope))
