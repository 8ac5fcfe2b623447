"""Linear bounds of every node over boxes of inputs, pulled back through the graph (CROWN).

A linear form of a node, A z, is bounded from below by linear forms of the node's parents, and those
again, until a linear form of the inputs is left, whose least over a box is at a vertex. Whatever
the numbers of a layer have in common so cancels, where intervals forget it.

Sources: H. Zhang et al., "Efficient neural network robustness certification with general activation
functions", NeurIPS 2018; K. Xu et al., "Automatic perturbation analysis for scalable certified
robustness and beyond", NeurIPS 2020, for graphs.

Shapes: B boxes, d inputs, n numbers of a node, r linear forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from gradum.core.bounds.graph import INPUT, Graph
from gradum.core.bounds.interval import Enclosure
from gradum.core.bounds.operation import Interval, Slopes, against, least
from gradum.core.bounds.rounding import FLOAT64, UNDERFLOW, gamma

FORMS_AT_ONCE = 400_000
"""Coefficients of linear forms that are held at once: they stay in a processor's cache."""


def crown(graph: Graph, box: Interval, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes, by linear bounds where an operation bends what it takes.

    Parameters are those of `intervals`; no interval is wider than there, but for rounding.
    """
    return Enclosure.joined([_crown(graph, part, unit) for part in _stretches(graph, box)])


def _crown(graph: Graph, box: Interval, unit: float) -> Enclosure:
    enclosure = Enclosure(graph, box, [], [])
    for node in graph.nodes:
        for parent in node.parents:
            if parent != INPUT:
                _narrow(enclosure, parent, node.operation.bent(enclosure.nodes[parent]))
        enclosure.extend(node, unit)
    _narrow(enclosure, len(graph.nodes) - 1, np.ones(enclosure.output.low.shape, bool))
    return enclosure


def _stretches(graph: Graph, box: Interval) -> Iterator[Interval]:
    """Yield boxes a few at a time."""
    step = max(1, FORMS_AT_ONCE // (2 * max(graph.widths) ** 2))
    for start in range(0, len(box.low), step):
        yield Interval(box.low[start : start + step], box.high[start : start + step])


def _narrow(enclosure: Enclosure, place: int, wanted: np.ndarray) -> None:
    """Take linear bounds of those numbers of a node that are wanted [B, n] for some box."""
    units = np.flatnonzero(wanted.any(axis=0))
    if not len(units) or set(enclosure.graph.nodes[place].parents) == {INPUT}:
        return
    low, high = enclosure.nodes[place]
    forms = np.eye(low.shape[1])[units]
    bounds = lower(enclosure, np.concatenate([forms, -forms]), place=place)
    low[:, units] = np.maximum(low[:, units], bounds[:, : len(units)])
    high[:, units] = np.minimum(high[:, units], -bounds[:, len(units) :])


class Planes(NamedTuple):
    """Linear forms A x + constant of the inputs, A of shape [B, r, d], constant [B, r]."""

    coefficients: np.ndarray
    constant: np.ndarray

    def lower(self, box: Interval) -> np.ndarray:
        """Return the least [B, r] over boxes, rounded down."""
        bound = least(self.coefficients, box) + self.constant
        size = against(np.abs(self.coefficients), box.size) + np.abs(self.constant)
        return bound - gamma(box.low.shape[1] + 8, FLOAT64) * size - UNDERFLOW[FLOAT64]


def lower(
    enclosure: Enclosure,
    forms: np.ndarray,
    slopes: Mapping[int, Slopes] | None = None,
    place: int = -1,
) -> np.ndarray:
    """Bound linear forms of a node's numbers from below over every box.

    Parameters
    ----------
    enclosure : Enclosure
        What the nodes before it can be.
    forms : ndarray [r, n]
        A.
    slopes : mapping of int to Slopes, optional
        Of the lines that elementwise nodes are put between, by their place in the graph; any are
        valid. Their own choice where there are none.
    place : int
        The node; the output by default.

    Returns
    -------
    ndarray [B, r]
        No more than the least A z over the box, in the arithmetic that the enclosure is for.
    """
    return planes(enclosure, forms, slopes, place).lower(enclosure.box)


def planes(
    enclosure: Enclosure,
    forms: np.ndarray,
    slopes: Mapping[int, Slopes] | None = None,
    place: int = -1,
) -> Planes:
    """Return linear forms of the inputs below those of a node's numbers, on each box.

    See `lower`; rounding is part of their constants.
    """
    graph, box = enclosure.graph, enclosure.box
    place %= len(graph.nodes)
    pending = {place: forms[None]}
    constant, size = np.zeros((1, len(forms))), np.zeros((1, len(forms)))
    for current in range(place, -1, -1):
        if current not in pending:
            continue
        node = graph.nodes[current]
        pulled = node.operation.pull(
            pending.pop(current),
            enclosure.slacks[current],
            enclosure.parents(current),
            slopes.get(current) if slopes else None,
        )
        constant, size = constant + pulled.constant, size + np.abs(pulled.constant)
        for parent, added in zip(node.parents, pulled.coefficients, strict=True):
            if parent in pending:
                added = pending[parent] + added
                reach = (box if parent == INPUT else enclosure.nodes[parent]).size
                size = size + against(np.abs(added), reach)
            pending[parent] = added
    rounding = gamma(2 * len(graph.nodes) + 4, FLOAT64) * size
    shape = (len(box.low), len(forms))
    nothing = np.zeros((1, len(forms), graph.inputs))
    coefficients = np.broadcast_to(pending.get(INPUT, nothing), (*shape, graph.inputs))
    return Planes(coefficients, np.broadcast_to(constant - rounding, shape))
