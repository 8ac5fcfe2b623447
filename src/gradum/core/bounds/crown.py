"""Enclosures of every node by linear bounds: CROWN, and the faster one by parallel lines.

Before an operation that bends what it takes, such as a ReLU, each number's interval is narrowed to
what linear bounds leave of it, which are pulled back to the inputs from there (`planes`).

Shapes: B boxes, d inputs, n numbers of a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradum.core.bounds.graph import INPUT, Graph, taken
from gradum.core.bounds.interval import Enclosure, intervals
from gradum.core.bounds.operation import Box, Lines, Operation, Slopes
from gradum.core.bounds.planes import planes

COEFFICIENTS_AT_ONCE = 200_000
"""Of the linear forms of a layer: so many stay in a processor's cache."""

LinesOf = Callable[..., Lines | None]
Ends = Callable[..., Box]


def crown(graph: Graph, box: Box, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes, each unit between the two lines that are nearest to it.

    Parameters are those of `intervals`; no interval is wider than there, but for rounding.

    Source: H. Zhang et al., NeurIPS 2018.
    """
    return _enclosed(graph, box, unit, _nearest_lines, _from_below_and_above)


def zonotopes(graph: Graph, box: Box, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes, each unit between two parallel lines.

    Upper and lower bounds then have their coefficients in common, which takes a quarter of the time
    of `crown`; intervals are wider, by little where boxes are small. `lower` on top of it uses the
    nearest lines again.

    Source: G. Singh et al., "Fast and effective robustness certification", NeurIPS 2018, with the
    slopes that are chords.
    """
    return _enclosed(graph, box, unit, _parallel_lines, _from_both_sides)


def _nearest_lines(operation: Operation, *parents: Box) -> Lines | None:
    return operation.lines(*parents)


def _parallel_lines(operation: Operation, *parents: Box) -> Lines | None:
    lines = operation.lines(*parents)
    slope = None if lines is None else lines.upper_slope
    return lines if slope is None else operation.lines(*parents, slopes=Slopes(slope, slope))


def _from_below_and_above(
    enclosure: Enclosure, forms: np.ndarray, lines: list[Lines | None], place: int
) -> Box:
    both = planes(enclosure, np.concatenate([forms, -forms]), lines, place)
    low, high = np.split(both.ends(enclosure.box).low, 2, axis=1)
    return Box(low, -high)


def _from_both_sides(
    enclosure: Enclosure, forms: np.ndarray, lines: list[Lines | None], place: int
) -> Box:
    return planes(enclosure, forms, lines, place).ends(enclosure.box)


def _enclosed(graph: Graph, box: Box, unit: float, lines_of: LinesOf, ends: Ends) -> Enclosure:
    parts = [_part(graph, part, unit, lines_of, ends) for part in _stretches(graph, box, unit)]
    return Enclosure.joined(parts)


def _stretches(graph: Graph, box: Box, unit: float) -> Iterator[Box]:
    """Yield boxes a few at a time; where there are none, those none."""
    step = max(1, COEFFICIENTS_AT_ONCE // _coefficients(intervals(graph, box, unit)))
    for start in range(0, max(len(box.low), 1), step):
        yield Box(box.low[start : start + step], box.high[start : start + step])


def _coefficients(enclosure: Enclosure) -> int:
    """Return how many coefficients the forms of a layer have on one box, at most."""
    graph, widest, most = enclosure.graph, [], 1
    for node, width in zip(graph.nodes, graph.widths, strict=True):
        for parent in node.parents:
            if parent != INPUT:
                wanted = _wanted(graph, parent, node.operation.bent(enclosure.nodes[parent]))
                most = max(most, len(wanted) * widest[parent])
        widest.append(max(width, *taken(node, graph.inputs, widest)))
    return max(most, graph.widths[-1] * widest[-1])


def _wanted(graph: Graph, place: int, bent: np.ndarray) -> np.ndarray:
    """Return the numbers of a node whose intervals are to be narrowed and can be."""
    if set(graph.nodes[place].parents) == {INPUT}:
        return np.zeros(0, np.intp)
    return np.flatnonzero(bent.any(axis=0) & ~graph.separate[place])


def _part(graph: Graph, box: Box, unit: float, lines_of: LinesOf, ends: Ends) -> Enclosure:
    enclosure, lines = Enclosure(graph, box, [], []), []

    def narrow(place: int, wanted: np.ndarray) -> None:
        """Narrow the intervals of those numbers of a node that are wanted [B, n] for some box."""
        units = _wanted(graph, place, wanted)
        if not len(units):
            return
        low, high = enclosure.nodes[place]
        forms = np.eye(low.shape[1])[units]
        narrower = ends(enclosure, forms, lines, place)
        # Elsewhere an interval stays as it is: it must not depend on what other boxes want.
        here = wanted[:, units]
        low[:, units] = np.where(here, np.maximum(low[:, units], narrower.low), low[:, units])
        high[:, units] = np.where(here, np.minimum(high[:, units], narrower.high), high[:, units])

    for node in graph.nodes:
        for parent in node.parents:
            if parent != INPUT:
                narrow(parent, node.operation.bent(enclosure.nodes[parent]))
        enclosure.extend(node, unit)
        lines.append(lines_of(node.operation, *enclosure.parents(len(lines))))
    narrow(len(graph.nodes) - 1, np.ones(enclosure.output.low.shape, bool))
    return enclosure
