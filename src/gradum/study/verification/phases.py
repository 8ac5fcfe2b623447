"""Phases of units: boxes divided by the side of its bend on which a unit lies.

A ReLU is straight on either side of 0. If a box has many inputs and few units that bend, it is
better to divide it by the side of a unit than by an input: the unit is then exact, and its side is
one more constraint on the inputs.

Source: R. Ehlers, "Formal verification of piece-wise linear feed-forward neural networks", ATVA
2017. Here, units and inputs compete by the expected gain from dividing them (`splitting`).

Shapes: B boxes, d inputs, n numbers of a node, m numbers that bend at one point, s some of these.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.core.bounds import INPUT, Box, Graph, Planes
from gradum.core.bounds.box import FLOAT64, gamma
from gradum.core.bounds.forms import Zonotope, chosen_first

ANYWHERE = Box(np.array(-np.inf), np.array(np.inf))


@dataclass(frozen=True, eq=False)
class Phases:
    """The units of a graph that bend at one point, and their phases.

    Every number has a phase on each box, in an array [B, m] of int8. In phase −1, only inputs that
    bring the number to its bend or below matter; in phase 1, only inputs that bring it to its bend
    or above; in phase 0, all inputs.
    """

    graph: Graph
    bends: dict[int, float]
    """Where the numbers of a node bend, keyed by its position. If empty, no box is divided by
    phases."""

    @classmethod
    def of(cls, graph: Graph) -> Phases:
        """Return the phases of all units except those that act directly on inputs."""
        bends = {}
        for node in graph.nodes:
            bend = node.operation.bend()
            if bend is not None and node.parents[0] != INPUT:
                bends[node.parents[0]] = bend
        return cls(graph, bends)

    @cached_property
    def columns(self) -> dict[int, slice]:
        """Which of the m phases belong to each node."""
        widths = [self.graph.widths[place] for place in self.bends]
        ends = np.cumsum([0, *widths])
        pairs = itertools.pairwise(ends)
        return {place: slice(*pair) for place, pair in zip(self.bends, pairs, strict=True)}

    @property
    def count(self) -> int:
        """The number of phases, m."""
        return sum(self.graph.widths[place] for place in self.bends)

    def certain(self, phases: np.ndarray, known: Mapping[int, Box]) -> dict[int, Box]:
        """Return the ranges of nodes [B or 1, n] in these phases, within the ranges ``known``."""
        intervals = dict(known)
        for place, columns in self.columns.items():
            phase, bend = phases[:, columns], self.bends[place]
            if phase.any():
                whole = known.get(place, ANYWHERE)
                low = np.where(phase > 0, np.maximum(bend, whole.low), whole.low)
                high = np.where(phase < 0, np.minimum(bend, whole.high), whole.high)
                intervals[place] = Box(low, high)
        return intervals

    def planes(self, phases: np.ndarray, zonotopes: list[Zonotope], box: Box) -> Planes:
        """Return planes [B, s, d] that are at most 0 at all inputs of the boxes that matter.

        They bound from below how far a number is on the wrong side of its bend: the part from the
        inputs, less the most that earlier units may add. Rows that a box does not need are −1.
        """
        chosen, here = chosen_first(phases != 0)
        if not here.any():
            nothing = np.zeros((len(phases), 0))
            return Planes(np.zeros((*nothing.shape, self.graph.inputs)), nothing, nothing)
        first = Zonotope.of_box(box)
        reach = np.einsum("bjj->bj", first.generators)
        moved, distance, radius = self._from_bends(zonotopes)
        boxes = np.arange(len(phases))[:, None]
        sign = phases[boxes, chosen].astype(float)
        scale = np.where(reach > 0, reach, 1.0)[:, None]
        coefficients = -sign[..., None] * moved[boxes, :, chosen] / scale
        constant = -sign * distance[boxes, chosen]
        constant -= (coefficients * first.centre[:, None]).sum(axis=2)
        size = (np.abs(coefficients) * np.abs(first.centre)[:, None]).sum(axis=2)
        radius = radius[boxes, chosen] + gamma(2 * reach.shape[1] + 16, FLOAT64) * size
        return Planes(
            np.where(here[..., None], coefficients, 0.0),
            np.where(here, constant, -1.0),
            np.where(here, radius, 0.0),
        )

    def _from_bends(self, zonotopes: list[Zonotope]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how far numbers are from their bends, as linear forms of the inputs' symbols.

        Returns
        -------
        ndarray [B, d, m]
            How far each input moves each number when going from its centre to its end.
        ndarray [B, m]
            How far the numbers are above their bends if all inputs are at their centres.
        ndarray [B, m]
            How much earlier units and rounding may add to this or subtract from it.
        """
        inputs = self.graph.inputs
        moved, distance, radius = [], [], []
        for place, bend in self.bends.items():
            zonotope = zonotopes[place]
            moved.append(zonotope.generators[:, :inputs])
            distance.append(zonotope.centre - bend)
            rest = np.abs(zonotope.generators[:, inputs:]).sum(axis=1) + zonotope.rest
            size = np.abs(zonotope.centre) + abs(bend) + zonotope.reach
            terms = zonotope.generators.shape[1] + 4 * inputs + 16
            radius.append(rest + gamma(terms, FLOAT64) * size)
        return (
            np.concatenate(moved, axis=2),
            np.concatenate(distance, axis=1),
            np.concatenate(radius, axis=1),
        )
