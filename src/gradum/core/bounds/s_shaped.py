"""Activations that are convex up to 0 and concave from there.

Shapes: N rows, B boxes, n numbers of a node.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import scipy.special

from gradum.core.bounds.box import FLOAT64, Box
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.forms import Slopes

SMOOTH_CLIP = 3.0
"""The bound of the smooth clipping of z, as in `gradum.core.models.input_layer`."""

OVERFLOWING = 1e150
"""A |z| whose square nearly overflows float64."""

BISECTIONS = 12
"""Steps towards the slope of a tangent; the slope need not be exact."""


class SShaped(Elementwise):
    """An activation that is convex up to 0 and concave from there, symmetric about (0, f(0))."""

    @abstractmethod
    def turning(self, slope: np.ndarray) -> np.ndarray:
        """Return the z ≥ 0 at which f′(z) is the slope; the slope lies in (0, f′(0)]."""

    def inflections(self) -> list[np.ndarray]:
        """Return 0, where f is steepest."""
        return [np.zeros(1)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return the places on both sides of 0 where f′(z) is the slope."""
        steepest = self.derivative(np.zeros(1))
        there = slope > 0
        place = self.turning(np.where(there, np.minimum(slope, steepest), steepest))
        place = np.where(there, place, np.inf)
        return [-place, place]

    def slopes(self, z: Box) -> Slopes:
        """Return the slopes of chords, or of tangents through the end on the other side of 0."""
        above = self._slope_above(z)
        return Slopes(self._slope_above(Box(-z.high, -z.low)), above)

    def _slope_above(self, z: Box) -> np.ndarray:
        """Bisect for the tangent at a z ≥ 0 through (low, f(low)); use the middle's if low ≥ 0."""
        chord, start = self.chord_slope(z, self.derivative(z.high)), self.concrete(z.low)
        near, far = np.maximum(z.low, 0.0), np.maximum(z.high, 0.0)
        for _ in range(BISECTIONS):
            middle = (near + far) / 2
            short = self.concrete(middle) - start < self.derivative(middle) * (middle - z.low)
            near, far = np.where(short, middle, near), np.where(short, far, middle)
        tangent = self.derivative(np.where(z.low >= 0, (z.low + z.high) / 2, far))
        return np.where(self.derivative(z.high) >= chord, chord, tangent)


@dataclass(frozen=True, eq=False)
class Sigmoid(SShaped):
    """1 / (1 + e⁻ᶻ)."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return 1 / (1 + e⁻ᶻ)."""
        return scipy.special.expit(parents[0])

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return σ(z) σ(−z)."""
        return scipy.special.expit(z) * scipy.special.expit(-z)

    def turning(self, slope: np.ndarray) -> np.ndarray:
        """Return 2 arcosh(1 / (2 √slope)), for σ′(z) = 1 / (4 cosh²(z/2))."""
        return 2 * np.arccosh(np.maximum(0.5 / np.sqrt(slope), 1.0))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 1, the largest |value|."""
        return np.ones(1)


@dataclass(frozen=True, eq=False)
class Tanh(SShaped):
    """The hyperbolic tangent."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return tanh(z)."""
        return np.tanh(parents[0])

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return 1 / cosh²(z), as 4 σ(2z) σ(−2z), which does not overflow."""
        return 4 * scipy.special.expit(2 * z) * scipy.special.expit(-2 * z)

    def turning(self, slope: np.ndarray) -> np.ndarray:
        """Return arcosh(1 / √slope)."""
        return np.arccosh(np.maximum(1.0 / np.sqrt(slope), 1.0))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 1, the largest |value|."""
        return np.ones(1)


@dataclass(frozen=True, eq=False)
class SmoothClip(SShaped):
    """z / √(1 + (z/3)²), as `gradum.core.models.input_layer` clips scaled columns.

    Networks compute it in float64, because in float32 z² would overflow beyond |z| = 5e19.
    """

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return z / √(1 + (z/3)²)."""
        (z,) = parents
        return z / np.hypot(1.0, z / SMOOTH_CLIP)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return (1 + (z/3)²) ** −3/2."""
        return np.hypot(1.0, z / SMOOTH_CLIP) ** -3.0

    def turning(self, slope: np.ndarray) -> np.ndarray:
        """Return 3 √(slope ** −2/3 − 1)."""
        return SMOOTH_CLIP * np.sqrt(np.maximum(slope ** (-2 / 3) - 1.0, 0.0))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return the smaller of |z| and 3: no value is larger."""
        return np.minimum(z.size, SMOOTH_CLIP)

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Add the largest value where z² may overflow, since the computed value is then 0."""
        (z,) = parents
        return super().slack(unit, z) + np.where(z.size > OVERFLOWING, SMOOTH_CLIP, 0.0)

    def disorder(self, unit: float, *parents: Box) -> np.ndarray:
        """Return the disorder in float64; a cast to float32 keeps the order."""
        return self.slack(min(unit, FLOAT64), *parents)
