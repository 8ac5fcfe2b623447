"""Probabilities of classes as operations of a graph, and the convex functions in them.

Shapes: K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.forms import Slopes
from gradum.core.bounds.graph import Graph
from gradum.core.bounds.linear import Affine
from gradum.core.bounds.s_shaped import Sigmoid

LARGEST_EXPONENT = 600.0
"""eᶻ overflows float64 at 709; below this limit, sums of products do not overflow either."""


@dataclass(frozen=True, eq=False)
class Exp(Elementwise):
    """e^min(z, 600), which is constant beyond z = 600."""

    increasing: ClassVar[bool] = True

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return e^min(z, 600)."""
        return np.exp(np.minimum(parents[0], LARGEST_EXPONENT))

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return eᶻ, and 0 beyond 600."""
        return np.where(z < LARGEST_EXPONENT, self.concrete(z), 0.0)

    def inflections(self) -> list[np.ndarray]:
        """Return the kink."""
        return [np.full(1, LARGEST_EXPONENT)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return the kink, and where eᶻ is the slope."""
        place = np.log(np.maximum(slope, np.finfo(float).tiny))
        return [np.full(1, LARGEST_EXPONENT), np.minimum(place, LARGEST_EXPONENT)]

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope above, and the slope of the middle's tangent below."""
        tangent = self.concrete((z.low + z.high) / 2)
        return Slopes(tangent, self.chord_slope(z, tangent))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return eᶻ (1 + |z|): the effect of rounding z grows with |z|."""
        return self.concrete(z.high) * (1.0 + np.minimum(z.size, LARGEST_EXPONENT))

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return the logarithms; −∞ for values of 0 and below, which no exponential has."""
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(values, 0.0))


@dataclass(frozen=True, eq=False)
class Reciprocal(Elementwise):
    """1 / max(z, 1), for sums z that are 1 or more up to rounding."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return 1 / max(z, 1)."""
        return 1.0 / np.maximum(parents[0], 1.0)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return −1 / z², and 0 below 1."""
        return np.where(z > 1.0, -(self.concrete(z) ** 2), 0.0)

    def inflections(self) -> list[np.ndarray]:
        """Return the kink, 1."""
        return [np.ones(1)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return its kink, 1, and where −1 / z² is the slope."""
        steep = np.maximum(-slope, np.finfo(float).tiny)
        return [np.ones(1), np.maximum(1.0 / np.sqrt(steep), 1.0)]

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval reaches above 1."""
        return z.high > 1.0

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope above, and the slope of the middle's tangent below."""
        middle = np.sqrt(np.maximum(z.low, 1.0)) * np.sqrt(np.maximum(z.high, 1.0))
        tangent = -1.0 / middle**2
        return Slopes(tangent, self.chord_slope(z, tangent))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return twice the largest value, as the relative error of z counts as well."""
        return 2.0 * self.concrete(z.low)


def probabilities(outputs: int) -> Graph:
    """Return the graph from logits to the probability of each class [K].

    Two classes have one logit f, and the probabilities σ(−f) and σ(f). More classes have one logit
    each.
    """
    if outputs > 1:
        return softmax(outputs)
    both = Affine(np.array([[-1.0, 1.0]]), np.zeros(2))
    return Graph.of(1, both, Sigmoid())


def softmax(classes: int) -> Graph:
    """Return the graph from logits [K] to their softmax.

    p_k = 1 / (1 + Σ_(j ≠ k) exp(f_j − f_k)): differences of logits vary less over a box than the
    logits do, and 1 / z is convex, as eᶻ is.
    """
    pairs = [(k, j) for k in range(classes) for j in range(classes) if j != k]
    differences, sums = np.zeros((classes, len(pairs))), np.zeros((len(pairs), classes))
    for pair, (k, j) in enumerate(pairs):
        differences[[j, k], pair] = 1.0, -1.0
        sums[pair, k] = 1.0
    return Graph.of(
        classes,
        Affine(differences, np.zeros(len(pairs)), roundings=2),
        Exp(),
        Affine(sums, np.ones(classes), roundings=classes),
        Reciprocal(),
    )
