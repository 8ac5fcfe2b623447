"""CROWN: linear forms of a node, bounded by linear forms of the inputs, and enclosures from these.

A linear form A z of a node is bounded by linear forms of the node's parents, these by forms of
their parents, and so on, until a linear form of the inputs is left, which is least at a vertex of a
box. In this way, what the numbers of a layer have in common cancels; intervals forget it. Before an
operation that bends its inputs, such as a ReLU, these bounds narrow each number's interval.

Sources: H. Zhang et al., "Efficient neural network robustness certification with general activation
functions", NeurIPS 2018 (CROWN); K. Xu et al., "Automatic perturbation analysis for scalable
certified robustness and beyond", NeurIPS 2020, for graphs.

Shapes: B boxes, d inputs, n numbers of a node, r linear forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gradum.core.bounds.box import FLOAT64, UNDERFLOW, Box, gamma
from gradum.core.bounds.enclosure import Enclosure
from gradum.core.bounds.forms import Lines, against, chosen_first
from gradum.core.bounds.graph import INPUT, Graph
from gradum.core.bounds.zonotope import enclosed


class Planes(NamedTuple):
    """A linear form A x + constant of the inputs for each form of a node, A of shape [B, r, d].

    On its box, a form is at least A x + constant − radius, both [B, r]; where parallel lines bound
    every elementwise node, it is at most A x + constant + radius.
    """

    coefficients: np.ndarray
    constant: np.ndarray
    radius: np.ndarray

    def ends(self, box: Box) -> Box:
        """Return the least and the greatest values [B, r] over boxes, rounded outward."""
        centre = (box.low + box.high) / 2
        reach = np.maximum(box.high - centre, centre - box.low)
        sizes = np.abs(self.coefficients)
        middle = against(self.coefficients, centre) + self.constant
        radius = against(sizes, reach) + self.radius
        size = against(sizes, box.size) + np.abs(self.constant) + self.radius
        rounding = gamma(2 * box.low.shape[1] + 16, FLOAT64) * size
        return Box(middle - radius, middle + radius).widened(rounding + UNDERFLOW[FLOAT64])


def lower(
    enclosure: Enclosure, forms: np.ndarray, lines: Sequence[Lines | None] | None = None
) -> np.ndarray:
    """Bound linear forms A [r, k] of the outputs from below over every box; see `planes`.

    Returns
    -------
    ndarray [B, r]
        At most the least A z over the box, in the arithmetic that the enclosure is for.
    """
    return planes(enclosure, forms, lines).ends(enclosure.box).low


def planes(
    enclosure: Enclosure,
    forms: np.ndarray,
    lines: Sequence[Lines | None] | None = None,
    place: int | None = None,
) -> Planes:
    """Pull linear forms of a node's numbers back to the inputs, on each box.

    Parameters
    ----------
    enclosure : Enclosure
        The values that the nodes before it can have.
    forms : ndarray [r, n] or [B, r, n]
        A, the same for all boxes or one for each.
    lines : sequence of Lines or None, optional
        The lines that bound each node, valid on the enclosure; by default the tightest that each
        node knows (`enclosing_lines`).
    place : int, optional
        The node; the output by default.
    """
    return traced(enclosure, forms, lines, place)[0]


def traced(
    enclosure: Enclosure,
    forms: np.ndarray,
    lines: Sequence[Lines | None] | None = None,
    place: int | None = None,
) -> tuple[Planes, dict[int, np.ndarray]]:
    """Return `planes`, and the linear forms [B or 1, r, n] of every node on the way."""
    graph, box = enclosure.graph, enclosure.box
    place = len(graph.nodes) - 1 if place is None else place
    lines = enclosing_lines(enclosure) if lines is None else lines
    pending, passed = {place: forms[None] if forms.ndim == 2 else forms}, {}
    shape = (len(box.low), forms.shape[-2])
    constant, radius, size = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for current in range(place, -1, -1):
        if current not in pending:
            continue
        node = graph.nodes[current]
        passed[current] = pending.pop(current)
        pulled = node.operation.pull(
            passed[current], enclosure.slacks[current], enclosure.parents(current), lines[current]
        )
        constant += pulled.constant
        radius += pulled.radius
        size += np.abs(pulled.constant) + pulled.radius
        for parent, added in zip(node.parents, pulled.coefficients, strict=True):
            if parent in pending:
                added = pending[parent] + added
                reach = (box if parent == INPUT else enclosure.nodes[parent]).size
                size += against(np.abs(added), reach)
            pending[parent] = added
    radius += gamma(2 * len(graph.nodes) + 8, FLOAT64) * size
    coefficients = pending.get(INPUT, np.zeros((1, 1, graph.inputs)))
    coefficients = np.broadcast_to(coefficients, (*shape, graph.inputs))
    return Planes(coefficients, constant, radius), passed


def enclosing_lines(enclosure: Enclosure) -> list[Lines | None]:
    """Return the lines that each elementwise node chooses for its bounds."""
    return [
        node.operation.lines(*enclosure.parents(place))
        for place, node in enumerate(enclosure.graph.nodes[: len(enclosure.nodes)])
    ]


def crown(graph: Graph, box: Box, unit: float = 0.0) -> Enclosure:
    """Enclose every node over boxes, with the two lines nearest to each unit as its bounds.

    Parameters are those of `intervals`. Except for rounding, no interval is wider than that of
    `intervals` or of `zonotopes`, which show which units bend.
    """
    return enclosed(graph, box, unit, narrow)


def narrow(enclosure: Enclosure, place: int) -> np.ndarray:
    """Narrow a node's intervals that a later operation bends, and all those of the last node.

    Returns
    -------
    ndarray [B] of bool
        Where nothing is left of an interval, so that no input leads there.
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
    # Other intervals stay as they are: they must not depend on which ones other boxes narrow.
    narrower = Box(np.full(wanted.shape, -np.inf), np.full(wanted.shape, np.inf))
    narrower.low[boxes, units] = np.where(here, low, -np.inf)
    narrower.high[boxes, units] = np.where(here, -high, np.inf)
    return enclosure.narrow(place, narrower)
