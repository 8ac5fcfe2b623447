"""A graph for one box, without the numbers that are constant there.

In a small box most codes of a column are constant, and so are columns that may not move. What they
add to a sum goes into its bias. Bounding boxes within that box then takes a fraction of the time.

Shapes: d inputs, n numbers of a node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.arrangement import Selected
from gradum.core.bounds.box import Box
from gradum.core.bounds.graph import INPUT, Draft, Graph, Node, taken
from gradum.core.bounds.interval import intervals
from gradum.core.bounds.linear import Affine


def folded(graph: Graph, box: Box, unit: float = 0.0) -> Graph:
    """Return a graph of the same inputs and outputs that is valid within a box alone.

    Its bounds there hold for the network that the graph stands for, in the arithmetic of that unit
    roundoff; but for rounding, they are those of the graph itself.

    Parameters
    ----------
    graph : Graph
        The network.
    box : Box [1, d]
        One box.
    unit : float
        As in `intervals`.
    """
    values, enclosure = _exactly(graph, box), intervals(graph, box, unit)
    moves = [(low < high)[0] for low, high in values]
    draft = Draft(graph.inputs)
    inputs = np.flatnonzero(box.low[0] < box.high[0])
    first = _Rest(draft.add(Selected(inputs), INPUT), inputs, box.low[0], np.zeros(graph.inputs))
    nothing = draft.add(Selected(np.zeros(0, np.intp)), INPUT)
    rests: list[_Rest] = []
    for place, numbers in enumerate(_needed(graph, moves)):
        node, value = graph.nodes[place], values[place].low[0]
        low, high = (end[0] for end in enclosure.nodes[place])
        parents, widths = taken(node, first, rests), taken(node, graph.inputs, graph.widths)
        left = nothing
        if len(numbers):
            operation, needed = node.operation.part(numbers, widths)
            left = _fold(draft, Node(operation, (), node.unit), needed, parents)
        rests.append(_Rest(left, numbers, value, np.maximum(high - value, value - low)))
    return draft.graph()


@dataclass(frozen=True)
class _Rest:
    """What is left of a node: its place in the new graph, and which of its numbers are there.

    The others have a ``value`` [n], and a ``reach`` [n] by which it may be off.
    """

    place: int
    numbers: np.ndarray
    value: np.ndarray
    reach: np.ndarray

    def has(self, numbers: np.ndarray) -> np.ndarray:
        """Return which of some numbers are left."""
        return np.isin(numbers, self.numbers, assume_unique=True)


def _exactly(graph: Graph, box: Box) -> list[Box]:
    """Return the interval of every node in exact arithmetic: a point where a number is constant."""
    values: list[Box] = []
    for node in graph.nodes:
        values.append(node.operation.interval(*taken(node, box, values)))
    return values


def _needed(graph: Graph, moves: list[np.ndarray]) -> list[np.ndarray]:
    """Return for every node the numbers that move and that others need; for the last one, all."""
    needed = [np.zeros(width, bool) for width in graph.widths]
    moves[-1] = needed[-1] = np.ones(graph.widths[-1], bool)
    for place in range(len(graph.nodes) - 1, -1, -1):
        node, needed[place] = graph.nodes[place], needed[place] & moves[place]
        numbers, widths = np.flatnonzero(needed[place]), taken(node, graph.inputs, graph.widths)
        if len(numbers):
            _, of_parents = node.operation.part(numbers, widths)
            for parent, wanted in zip(node.parents, of_parents, strict=True):
                if parent != INPUT:
                    needed[parent][wanted] = True
    return [np.flatnonzero(numbers) for numbers in needed]


def _fold(draft: Draft, node: Node, needed: list[np.ndarray], parents: list[_Rest]) -> int:
    """Add a node that takes ``needed`` numbers of its parents, or what is left of it."""
    if len(parents) == 1:
        (parent,), (numbers,) = parents, needed
        there = parent.has(numbers)
        rest = node.operation.absorb(~there, parent.value[numbers], parent.reach[numbers])
        if rest is not None:
            place = _numbers(draft, parent, numbers[there])
            return draft.add(rest, place, unit=node.unit)
    places = (_numbers(draft, *pair) for pair in zip(parents, needed, strict=True))
    return draft.add(node.operation, *places, unit=node.unit)


def _numbers(draft: Draft, rest: _Rest, wanted: np.ndarray) -> int:
    """Return the place of a node that has the wanted numbers of another, constant ones included."""
    if np.array_equal(rest.numbers, wanted):
        return rest.place
    there = rest.has(wanted)
    places = np.searchsorted(rest.numbers, wanted[there])
    if there.all():
        return draft.add(Selected(places), rest.place)
    weight = np.zeros((len(rest.numbers), len(wanted)))
    weight[places, np.flatnonzero(there)] = 1.0
    value, error = (np.where(there, 0.0, of[wanted]) for of in (rest.value, rest.reach))
    return draft.add(Affine(weight, value, roundings=0, error=error), rest.place)
