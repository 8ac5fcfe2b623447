"""A network as a graph of operations, wherever the network comes from.

Shapes: N rows, d inputs, n numbers of a node, k outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from gradum.core.bounds.operation import Operation
from gradum.errors import SpecError

Values = TypeVar("Values")

INPUT = -1
"""The parent that stands for the input."""


@dataclass(frozen=True)
class Node:
    """An operation, and the nodes whose numbers it takes."""

    operation: Operation
    """The operation that is computed."""
    parents: tuple[int, ...]
    """Places of earlier nodes, in the order in which the operation takes them; −1 is the input."""
    unit: float = 1.0
    """Unit roundoff of the arithmetic in which it is computed, where this is finer than in the rest
    of the network."""


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be computed; the last one is the output.

    Raises
    ------
    SpecError
        There is no node, a node takes a later one, or shapes do not fit.
    """

    inputs: int
    """d."""
    nodes: tuple[Node, ...]
    """At least one."""

    def __post_init__(self) -> None:
        if not self.nodes:
            raise SpecError("The network has no operation.")
        assert self.widths

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How many numbers each node has."""
        widths: list[int] = []
        for place, node in enumerate(self.nodes):
            if not all(INPUT <= parent < place for parent in node.parents):
                raise SpecError(
                    "Operation {number} of the network takes a later one.", number=place + 1
                )
            taken = [self.inputs if parent == INPUT else widths[parent] for parent in node.parents]
            width = node.operation.width(taken)
            if width is None:
                raise SpecError(
                    "Operation {number} of the network does not fit what it takes, {widths}.",
                    number=place + 1,
                    widths=taken,
                )
            widths.append(width)
        return tuple(widths)

    @cached_property
    def separate(self) -> tuple[np.ndarray, ...]:
        """Which numbers of each node depend on one input each, and so have exact intervals."""
        separate: list[np.ndarray] = []
        for node, width in zip(self.nodes, self.widths, strict=True):
            known = node.operation.separate(*taken(node, np.ones(self.inputs, bool), separate))
            separate.append(np.zeros(width, bool) if known is None else known)
        return tuple(separate)

    @classmethod
    def of(cls, inputs: int, *operations: Operation) -> Graph:
        """Return the graph of operations in a row: each takes the values of the one before it."""
        nodes = (Node(operation, (place - 1,)) for place, operation in enumerate(operations))
        return cls(inputs, tuple(nodes))

    def computed_in(self, unit: float) -> Graph:
        """Return the graph as computed in an arithmetic at least as fine as this unit."""
        nodes = (replace(node, unit=min(node.unit, unit)) for node in self.nodes)
        return Graph(self.inputs, tuple(nodes))

    def then(self, other: Graph) -> Graph:
        """Return the graph that passes this one's output through another graph."""
        draft = Draft(self.inputs)
        draft.append(other, draft.append(self, INPUT))
        return draft.graph()

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs [N, k] of inputs [N, d], in float64."""
        return self.values(x)[-1]

    def values(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the numbers [N, n] of every node, in float64."""
        values: list[np.ndarray] = []
        x = np.asarray(x, np.float64)
        for node in self.nodes:
            values.append(node.operation.concrete(*taken(node, x, values)))
        return values

    def gradient(
        self, x: np.ndarray, values: Sequence[np.ndarray], forms: np.ndarray
    ) -> np.ndarray:
        """Return the gradient [N, d] of Σ_j a_j y_j with respect to the inputs of each row.

        Parameters
        ----------
        x : ndarray [N, d]
            The inputs.
        values : sequence of ndarray [N, n]
            Every node's numbers there, from `values`.
        forms : ndarray [N, k]
            a, for each row.
        """
        pending = {len(self.nodes) - 1: forms}
        for place in range(len(self.nodes) - 1, -1, -1):
            if place not in pending:
                continue
            node, above = self.nodes[place], pending.pop(place)
            gradients = node.operation.backward(above, *taken(node, x, values))
            for parent, gradient in zip(node.parents, gradients, strict=True):
                pending[parent] = pending[parent] + gradient if parent in pending else gradient
        return pending.get(INPUT, np.zeros(x.shape))


class Draft:
    """A graph under construction: nodes are added one after the other.

    Parameters
    ----------
    inputs : int
        d.
    """

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs
        self._nodes: list[Node] = []

    def add(self, operation: Operation, *parents: int, unit: float = 1.0) -> int:
        """Add a node, and return its place."""
        self._nodes.append(Node(operation, parents, unit))
        return len(self._nodes) - 1

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self._nodes)

    def append(self, graph: Graph, parent: int) -> int:
        """Add the nodes of a whole graph after one node, and return the place of its output."""
        start = len(self._nodes)
        for node in graph.nodes:
            places = (parent if place == INPUT else start + place for place in node.parents)
            self.add(node.operation, *places, unit=node.unit)
        return len(self._nodes) - 1

    def graph(self) -> Graph:
        """Return the graph so far; the node added last is its output."""
        return Graph(self._inputs, tuple(self._nodes))


def taken(node: Node, first: Values, others: Sequence[Values]) -> list[Values]:
    """Return the values of a node's parents, given the input's (``first``) and the ``others``."""
    return [first if parent == INPUT else others[parent] for parent in node.parents]
