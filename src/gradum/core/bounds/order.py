"""Comparisons of a graph's outputs, made before the increasing functions that end it.

A strictly increasing function does not change whether an output is above a threshold or above
another output. Left out, its curve loosens no bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.core.bounds.graph import Graph, Node
from gradum.core.bounds.linear import Affine

FAR = 1e30
"""In place of an infinite threshold."""


def above(graph: Graph, threshold: float) -> Graph:
    """Return a graph whose output is above 0 where the given graph's is above a threshold.

    Parameters
    ----------
    graph : Graph
        Of one output.
    threshold : float
        Infinite where every output is above it, or none.
    """
    assert graph.widths[-1] == 1
    bar = np.full(1, threshold)
    nodes = list(graph.nodes)
    while _is_peelable(nodes):
        bar = nodes.pop().operation.inverse(bar)
    return _with(graph.inputs, nodes, np.ones((1, 1)), -np.nan_to_num(bar, posinf=FAR, neginf=-FAR))


def greater(graph: Graph, first: int, others: Sequence[int]) -> Graph:
    """Return a graph that compares one output with others: above 0 where it is above the other.

    Parameters
    ----------
    graph : Graph
        The network.
    first : int
        Place of the one output.
    others : sequence of int
        Places of those that it is compared with.
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
    """Whether the last node is increasing, and all that it takes is the node before it."""
    behind = len(nodes) > 1 and nodes[-1].parents == (len(nodes) - 2,)
    return behind and nodes[-1].operation.increasing


def _with(inputs: int, nodes: list[Node], weight: np.ndarray, bias: np.ndarray) -> Graph:
    """Return the graph of some nodes and, behind the last of them, y W + b."""
    last = Node(Affine(weight, bias, roundings=2), (len(nodes) - 1,))
    return Graph(inputs, (*nodes, last))
