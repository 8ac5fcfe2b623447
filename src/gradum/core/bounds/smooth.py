"""Smooth activations that are not S-shaped: SELU, GELU, the cosine.

Shapes: N rows, B boxes, n numbers of a node.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.special

from gradum.core.bounds.box import Box
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.forms import Slopes

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

GELU_FLAT = 40.0
"""The |z| beyond which the slope of a GELU is 0 or 1 in float64."""

GELU_BISECTIONS = 48
"""Halvings of an interval of length up to 40, which leave less than 2e-13."""


@dataclass(frozen=True, eq=False)
class Selu(Elementwise):
    """γ z for z ≥ 0, γ α (eᶻ − 1) below (Klambauer et al., NeurIPS 2017)."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return γ max(z, 0) + γ α (e^min(z, 0) − 1)."""
        (z,) = parents
        below = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0.0))
        return np.where(z > 0, SELU_SCALE * z, below)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return γ, or γ α eᶻ below 0."""
        return SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0.0)))

    def inflections(self) -> list[np.ndarray]:
        """Return its kink, 0."""
        return [np.zeros(1)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return its kink, 0, and where γ α eᶻ is the slope."""
        share = np.maximum(slope / (SELU_SCALE * SELU_ALPHA), np.finfo(float).tiny)
        return [np.zeros(1), np.minimum(np.log(share), 0.0)]

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval reaches below 0."""
        return z.low < 0

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope, and below 0 the middle tangent's for the lower line."""
        chord = self.chord_slope(z, np.full(z.low.shape, SELU_SCALE))
        middle = np.minimum((z.low + z.high) / 2, 0.0)
        tangent = SELU_SCALE * SELU_ALPHA * np.exp(middle)
        return Slopes(np.where(z.high <= 0, tangent, chord), chord)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return γ max(|z|, α): values are up to γ z, or γ α below 0."""
        return SELU_SCALE * np.maximum(z.size, SELU_ALPHA)


@dataclass(frozen=True, eq=False)
class Gelu(Elementwise):
    """z Φ(z), with the normal distribution function Φ (Hendrycks & Gimpel 2016)."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return z Φ(z)."""
        (z,) = parents
        return z * scipy.special.ndtr(z)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return Φ(z) + z φ(z)."""
        return scipy.special.ndtr(z) + z * np.exp(-(z**2) / 2.0) / math.sqrt(2.0 * math.pi)

    def inflections(self) -> list[np.ndarray]:
        """Return ±√2, where f″ is 0."""
        return [np.full(1, -math.sqrt(2.0)), np.full(1, math.sqrt(2.0))]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Bisect for the slope on each of the three intervals on which f′ is monotone."""
        ends = (-GELU_FLAT, -math.sqrt(2.0), math.sqrt(2.0), GELU_FLAT)
        places = []
        for low, high, sign in zip(ends, ends[1:], (-1.0, 1.0, -1.0), strict=False):
            near, far = np.full(slope.shape, low), np.full(slope.shape, high)
            for _ in range(GELU_BISECTIONS):
                middle = (near + far) / 2
                before = sign * (self.derivative(middle) - slope) < 0
                near, far = np.where(before, middle, near), np.where(before, far, middle)
            places.append(near)
        return places

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope, and that of the middle's tangent on the side that bulges."""
        chord = self.chord_slope(z, self.derivative(z.low))
        tangent = self.derivative((z.low + z.high) / 2)
        convex = (z.low >= -math.sqrt(2.0)) & (z.high <= math.sqrt(2.0))
        concave = (z.high <= -math.sqrt(2.0)) | (z.low >= math.sqrt(2.0))
        return Slopes(np.where(convex, tangent, chord), np.where(concave, tangent, chord))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 1 + |z|: values are up to z."""
        return 1.0 + z.size


@dataclass(frozen=True, eq=False)
class Cosine(Elementwise):
    """cos 2πa(z − s)."""

    shift: np.ndarray
    """Of shape [n]. s."""
    slope: np.ndarray
    """Of shape [n]. a, not 0."""

    by_number = ("shift", "slope")

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return cos 2πt, where t = a(z − s) is measured from the nearest whole number."""
        turns = self.slope * (parents[0] - self.shift)
        return np.cos(2 * math.pi * (turns - np.rint(turns)))

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return −2πa sin 2πt, where t = a(z − s)."""
        turns = self.slope * (z - self.shift)
        return -2 * math.pi * self.slope * np.sin(2 * math.pi * (turns - np.rint(turns)))

    def inflections(self) -> list[np.ndarray]:
        """Return none: there are infinitely many, and `steepness` does not need them."""
        return []

    def steepness(self, z: Box) -> Box:
        """Return the slopes at both ends, or the steepest slopes where one lies in between."""
        first, last = self._turns(z)
        slopes = [self.derivative(end) for end in z]
        steepest = 2 * math.pi * np.abs(self.slope)
        # The steepest places are t = ¼ + k/2; 1e-6 allows for the rounding of either end.
        steep = np.floor(2 * last + 0.5 + 1e-6) >= np.ceil(2 * first - 0.5 - 1e-6) + 1
        error = 1e-12 * steepest * (1.0 + np.abs(first) + np.abs(last))
        low, high = np.minimum(*slopes) - error, np.maximum(*slopes) + error
        return Box(np.where(steep, -steepest, low), np.where(steep, steepest, high))

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return the first and the last place of each kind at which f′ is the slope.

        Places of one kind are a period apart, and f(z) − slope z changes by the same amount each
        time.
        """
        sine = np.clip(-slope / (2 * math.pi * self.slope), -1.0, 1.0)
        phase = np.arcsin(sine) / (2 * math.pi)
        first, last = self._turns(z)
        places = []
        for turn in (phase, 0.5 - phase):
            for whole in (np.ceil(first - turn), np.floor(last - turn)):
                places.append(self.shift + (turn + whole) / self.slope)
        return places

    def slopes(self, z: Box) -> Slopes:
        """Return the slopes of chord and tangent within one arc, and 0 beyond half a turn."""
        first, last = self._turns(z)
        chord = self.chord_slope(z, np.zeros(z.low.shape))
        chord = np.where(last - first > 0.5, 0.0, chord)
        turns = (first + last) / 2
        tangent = -2 * math.pi * self.slope * np.sin(2 * math.pi * (turns - np.rint(turns)))
        hill = (np.rint(first) == np.rint(last)) & (np.abs(first - np.rint(first)) <= 0.25)
        hill &= np.abs(last - np.rint(last)) <= 0.25
        valley = (np.floor(first) == np.floor(last)) & (np.abs(first % 1 - 0.5) <= 0.25)
        valley &= np.abs(last % 1 - 0.5) <= 0.25
        return Slopes(np.where(valley, tangent, chord), np.where(hill, tangent, chord))

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 4 + 2π |a| (|z| + |s|): 4 for the cosine itself, and the size of the angle."""
        return 4.0 + 2 * math.pi * np.abs(self.slope) * (z.size + np.abs(self.shift))

    def _turns(self, z: Box) -> tuple[np.ndarray, np.ndarray]:
        ends = [self.slope * (end - self.shift) for end in z]
        return np.minimum(*ends), np.maximum(*ends)
