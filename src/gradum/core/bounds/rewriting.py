"""Graphs derived from a graph: without the numbers constant in a box, or to compare its outputs.

In a small box most codes of a column are constant, and so are columns that may not move. What they
add to a sum goes into its bias. Bounds over boxes within that box then take a fraction of the time.

Comparisons are made before the increasing functions that end a graph. A strictly increasing
function does not change whether an output is above a threshold or above another output. Once it is
left out, its curve loosens no bound.

Shapes: d inputs, n numbers of a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.arrangement import Selected
from gradum.core.bounds.box import Box
from gradum.core.bounds.enclosure import intervals
from gradum.core.bounds.graph import INPUT, Draft, Graph, Node, taken
from gradum.core.bounds.linear import Affine

FAR = 1e30
"""Stands in for an infinite threshold."""


def folded(graph: Graph, box: Box, unit: float = 0.0) -> Graph:
    """Return a graph with the same inputs and outputs that is valid only within a box.

    Its bounds there hold for the network that the graph represents, in the arithmetic with that
    unit roundoff; except for rounding, they are those of the graph itself.

    Parameters
    ----------
    box : Box [1, d]
        One box.
    unit : float
        As in `intervals`.
    """
    values: list[Box] = []  # in exact arithmetic: a point where a number is constant
    for node in graph.nodes:
        values.append(node.operation.interval(*taken(node, box, values)))
    enclosure = intervals(graph, box, unit)
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

    The other numbers have a ``value`` [n], and a ``reach`` [n] by which it may be off.
    """

    place: int
    numbers: np.ndarray
    value: np.ndarray
    reach: np.ndarray

    def has(self, numbers: np.ndarray) -> np.ndarray:
        """Return which of the given numbers are left."""
        return np.isin(numbers, self.numbers, assume_unique=True)


def _needed(graph: Graph, moves: list[np.ndarray]) -> list[np.ndarray]:
    """Return for every node the numbers that move and that others need; all for the last node."""
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
    """Return the place of a node with the wanted numbers of another, including constant ones."""
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


def above(graph: Graph, threshold: float) -> Graph:
    """Return a graph whose output is above 0 where the given graph's is above a threshold.

    Parameters
    ----------
    graph : Graph
        Of one output.
    threshold : float
        Infinite if every output is above it, or none.
    """
    assert graph.widths[-1] == 1
    bar = np.full(1, threshold)
    nodes = list(graph.nodes)
    while _is_peelable(nodes):
        bar = nodes.pop().operation.inverse(bar)
    return _with(graph.inputs, nodes, np.ones((1, 1)), -np.nan_to_num(bar, posinf=FAR, neginf=-FAR))


def greater(graph: Graph, first: int, others: Sequence[int]) -> Graph:
    """Return a graph that compares one output with others: above 0 where the one is the greater.

    Parameters
    ----------
    first : int
        Place of the one output.
    others : sequence of int
        Places of the outputs that it is compared with.
    """
    nodes = list(graph.nodes)
    while _is_peelable(nodes):
        nodes.pop()
    width = Graph(graph.inputs, tuple(nodes)).widths[-1]
    differences = np.zeros((width, len(others)))
    differences[first] = 1.0
    differences[others, np.arange(len(others))] = -1.0
    return _with(graph.inputs, nodes, differences, np.zeros(len(others)))


def _is_peelable(nodes: list[Node]) -> bool:
    """Whether the last node is increasing, and takes only the node before it."""
    behind = len(nodes) > 1 and nodes[-1].parents == (len(nodes) - 2,)
    return behind and nodes[-1].operation.increasing


def _with(inputs: int, nodes: list[Node], weight: np.ndarray, bias: np.ndarray) -> Graph:
    """Return the graph of some nodes with y W + b after the last of them."""
    last = Node(Affine(weight, bias, roundings=2), (len(nodes) - 1,))
    return Graph(inputs, (*nodes, last))
