"""Two copies of a graph that share all inputs but some, and the difference of their outputs.

The shared inputs are the same nodes for both, so that bounds see what the copies have in common.

Shapes: N points, d inputs, m of them with a second copy, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.bounds import INPUT, Affine, Box, Concatenated, Draft, Graph, Selected, Sum
from gradum.core.bounds.property import Polyhedron
from gradum.study.properties.table_domain import TableDomain
from gradum.study.verification import Domain
from gradum.study.verification.domain import Form


@dataclass(frozen=True, eq=False)
class Copies:
    """Pairs of points that differ in some inputs.

    A pair is one point of d + m inputs: those of the first, then the second's where it differs.

    Parameters
    ----------
    table : TableDomain
    changed : ndarray of int [m]
        The places of the inputs in which they differ.
    """

    table: TableDomain
    changed: np.ndarray

    def pair(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both points [N, d] of pairs [N, d + m]."""
        first = x[:, : -len(self.changed)]
        second = first.copy()
        second[:, self.changed] = x[:, first.shape[1] :]
        return first, second

    def difference(self, graph: Graph) -> Graph:
        """Return the graph from pairs to f(x′) − f(x) [k]."""
        return self._difference(graph).graph()

    def rising_difference(self, graph: Graph, width: float) -> Graph:
        """Return the graph to f(x′) − f(x) and, last, (a − a′) / width of the one input a."""
        draft = self._difference(graph)
        answers = len(draft) - 1
        inputs = graph.inputs
        weight = np.zeros((inputs + 1, 1))
        weight[[self.changed[0], inputs]] = [[1.0 / width], [-1.0 / width]]
        order = draft.add(Affine(weight, np.zeros(1)), INPUT)
        draft.add(Concatenated(), answers, order)
        return draft.graph()

    def domain(self, box: Box, unsafe: tuple[Polyhedron, ...]) -> Domain:
        """Return the pairs of points of a box [1, d]."""
        of_one, count = self.table.domain(box, unsafe), self.table.table_graph.inputs.count
        second = {int(place): count + k for k, place in enumerate(self.changed)}
        form = self.table.form
        implied = [
            (second[flag], second[place], value)
            for flag, place, value in form.implied
            if flag in second and place in second
        ]
        return Domain(
            self._doubled(of_one.low),
            self._doubled(of_one.high),
            unsafe,
            of_one.groups
            + tuple(
                np.array([second[int(place)] for place in group])
                for group in of_one.groups
                if group[0] in second
            ),
            of_one.thresholds
            + tuple((second[place], at) for place, at in of_one.thresholds if place in second),
            form=Form(
                self._doubled(form.whole), (*form.implied, *implied), self._doubled(form.tried)
            ),
        )

    def replay(self, x: np.ndarray) -> np.ndarray:
        """Return by how much the model's answers to both rows of each pair differ, [N, k]."""
        first, second = self.pair(x)
        return self.table.outputs(second) - self.table.outputs(first)

    def _doubled(self, of_inputs: np.ndarray) -> np.ndarray:
        """Return entries [d + m] of pairs from those of points [d]."""
        return np.concatenate([of_inputs, of_inputs[self.changed]])

    def _difference(self, graph: Graph) -> Draft:
        """Return a draft whose last node is f(x′) − f(x)."""
        draft = Draft(graph.inputs + len(self.changed))
        places = np.arange(graph.inputs)
        other = places.copy()
        other[self.changed] = graph.inputs + np.arange(len(self.changed))
        first, second = (
            draft.append(graph, draft.add(Selected(which), INPUT)) for which in (places, other)
        )
        draft.add(Sum((-1.0, 1.0)), first, second)
        return draft
