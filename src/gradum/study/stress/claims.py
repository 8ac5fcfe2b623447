"""Claims about the copies of a row: their class is the row's, or their number stays near it.

Shapes: n rows, b boxes, k outputs of a graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from gradum.core.bounds import Box, Graph
from gradum.core.bounds.property import Polyhedron
from gradum.study.certified.table_graph import TableGraph


class Claims(Protocol):
    """That the answers of n rows stay."""

    @property
    def kinds(self) -> np.ndarray:
        """The kind of each row (n,): the claims of one kind are about the same graph."""
        ...

    def graph(self, row: int) -> Graph:
        """Return the graph that a row's claim is about."""
        ...

    def hold(self, outputs: Box, rows: np.ndarray) -> np.ndarray:
        """Return whether claims of rows (b,) of one kind hold for all outputs in boxes [b, k]."""
        ...

    def unsafe(self, row: int) -> tuple[Polyhedron, ...]:
        """Return the outputs that contradict a row's claim."""
        ...


@dataclass(frozen=True, eq=False)
class ClassStays:
    """Each row's class (n,), a place among the labels, stays the one that is predicted."""

    table_graph: TableGraph
    kinds: np.ndarray

    def graph(self, row: int) -> Graph:
        """Return the margins of the class over all others."""
        return self._margins(int(self.kinds[row]))

    def hold(self, outputs: Box, rows: np.ndarray) -> np.ndarray:
        """Return whether all margins are above 0 (b,)."""
        del rows
        return np.all(outputs.low > 0, axis=1)

    def unsafe(self, row: int) -> tuple[Polyhedron, ...]:
        """Return where a margin is not above 0."""
        margins = np.eye(self.graph(row).widths[-1])
        return tuple(Polyhedron(margin[None], np.zeros(1)) for margin in margins)

    @cache  # noqa: B019 - as long as the claims
    def _margins(self, label: int) -> Graph:
        return self.table_graph.margin(label)


@dataclass(frozen=True, eq=False)
class NumberStays:
    """Each row's number (n,) moves by less than ``far``, which is above 0."""

    table_graph: TableGraph
    present: np.ndarray
    far: float

    @property
    def kinds(self) -> np.ndarray:
        """One kind: all claims are about the graph to the number."""
        return np.zeros(len(self.present), np.intp)

    def graph(self, row: int) -> Graph:
        """Return the graph to the number."""
        del row
        return self.table_graph.answer

    def hold(self, outputs: Box, rows: np.ndarray) -> np.ndarray:
        """Return whether both ends (b,) lie near enough."""
        low, high = self._limits
        return (outputs.low[:, 0] > low[rows]) & (outputs.high[:, 0] < high[rows])

    def unsafe(self, row: int) -> tuple[Polyhedron, ...]:
        """Return the numbers that are too low, and those that are too high."""
        low, high = (float(limit[row]) for limit in self._limits)
        one = np.ones((1, 1))
        return Polyhedron(one, np.array([low])), Polyhedron(-one, np.array([-high]))

    @property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what numbers must stay above and below: a little less than ``far`` away."""
        near = self.far - 4 * np.spacing(np.abs(self.present) + self.far)
        return self.present - near, self.present + near
