"""Scales, limits and curves through known points, before and after a network.

Shapes: N rows, B boxes, n numbers of a node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.forms import Slopes


@dataclass(frozen=True, eq=False)
class Standardised(Elementwise):
    """(z − c) / s."""

    centre: np.ndarray
    """Of shape [n]. c."""
    scale: np.ndarray
    """Of shape [n]. s > 0."""

    by_number = ("centre", "scale")

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return (z − c) / s."""
        return (parents[0] - self.centre) / self.scale

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return 1 / s."""
        return np.broadcast_to(1.0 / self.scale, z.shape)

    def inflections(self) -> list[np.ndarray]:
        """Return none: the function is straight everywhere."""
        return []

    def bent(self, z: Box) -> np.ndarray:
        """Return False: the function is straight everywhere."""
        return np.zeros(z.low.shape, bool)

    def slopes(self, z: Box) -> Slopes:
        """Return 1 / s."""
        slope = np.broadcast_to(1.0 / self.scale, z.low.shape)
        return Slopes(slope, slope)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return |f(z)|: z and c count as exact, so only two operations are rounded."""
        return np.maximum(*map(np.abs, map(self.concrete, z)))

    def disorder(self, unit: float, *parents: Box) -> np.ndarray:
        """Return 0: a difference keeps the order, and so does division by a scale above 0."""
        return np.zeros(1)


@dataclass(frozen=True, eq=False)
class Interpolated(Elementwise):
    """A curve of straight pieces between places, level before the first and after the last."""

    at: np.ndarray
    """Of shape [p]. The places, rising."""
    values: np.ndarray
    """Of shape [p]. The curve's values there."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the curve's values."""
        return np.interp(parents[0], self.at, self.values)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return the slope of the piece, and 0 outside the curve."""
        slopes = np.concatenate([[0.0], np.diff(self.values) / np.diff(self.at), [0.0]])
        return slopes[np.searchsorted(self.at, z)]

    def inflections(self) -> list[np.ndarray]:
        """Return the places."""
        return [np.full(1, place) for place in self.at]

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval contains a place."""
        return np.any((z.low[..., None] < self.at) & (self.at < z.high[..., None]), axis=-1)

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope."""
        chord = self.chord_slope(z, np.zeros(z.low.shape))
        return Slopes(chord, chord)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return the largest value plus the steepest slope times the size of z."""
        steepest = np.abs(np.diff(self.values) / np.diff(self.at)).max(initial=0.0)
        return np.abs(self.values).max() + steepest * (z.size + np.abs(self.at).max())


@dataclass(frozen=True, eq=False)
class Limited(Elementwise):
    """min(max(z, l), h), which rounds nothing, however far apart the limits are."""

    low: float
    high: float
    """l ≤ h."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return min(max(z, l), h)."""
        return np.clip(parents[0], self.low, self.high)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return 1 between the limits, and 0 elsewhere."""
        return np.where((z > self.low) & (z < self.high), 1.0, 0.0)

    def inflections(self) -> list[np.ndarray]:
        """Return both limits."""
        return [np.full(1, self.low), np.full(1, self.high)]

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval contains a limit."""
        return np.any([(z.low < end) & (end < z.high) for end in (self.low, self.high)], axis=0)

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope."""
        chord = self.chord_slope(z, self.derivative(z.low))
        return Slopes(chord, chord)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return the largest |value| over z, since lines add up nothing else."""
        return np.maximum(*map(np.abs, map(self.concrete, z)))


@dataclass(frozen=True, eq=False)
class BentScale(Elementwise):
    """c + ∫₀ᶻ s(t) dt; the slope s is linear from s_l at l to s_h at h, and constant outside."""

    increasing: ClassVar[bool] = True

    low: float
    high: float
    """l < h."""
    slope_low: float
    slope_high: float
    """s_l and s_h, above 0."""
    intercept: float
    """c, its value at 0."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the integral, from the value at l."""
        start = self.intercept - self._from_low(np.zeros(1))[0]
        return start + self._from_low(parents[0])

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return s(z)."""
        share = (np.clip(z, self.low, self.high) - self.low) / (self.high - self.low)
        return self.slope_low + share * (self.slope_high - self.slope_low)

    def inflections(self) -> list[np.ndarray]:
        """Return both ends."""
        return [np.full(1, self.low), np.full(1, self.high)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return both ends, and the place where s equals the slope."""
        rise = self.slope_high - self.slope_low
        share = (slope - self.slope_low) / rise if rise else np.zeros(1)
        place = self.low + np.clip(share, 0.0, 1.0) * (self.high - self.low)
        return [np.full(1, self.low), np.full(1, self.high), place]

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval overlaps (l, h)."""
        return (z.low < self.high) & (z.high > self.low)

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope, and that of the middle's tangent on the side that bulges."""
        tangent = self.derivative((z.low + z.high) / 2)
        chord = self.chord_slope(z, tangent)
        convex = self.slope_high >= self.slope_low
        return Slopes(tangent, chord) if convex else Slopes(chord, tangent)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return a bound of the sizes of all terms of the sum."""
        steepest = max(self.slope_low, self.slope_high)
        reach = z.size + 2 * max(abs(self.low), abs(self.high))
        return 1.0 + abs(self.intercept) + 4 * steepest * reach

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Invert the two straight pieces and the parabola between them."""
        start = self.intercept - self._from_low(np.zeros(1))[0]
        rest = np.asarray(values) - start
        top = self._from_low(np.full(1, self.high))[0]
        quadratic = (self.slope_high - self.slope_low) / (2 * (self.high - self.low))
        inner = np.clip(rest, 0.0, top)
        root = np.sqrt(np.maximum(self.slope_low**2 + 4 * quadratic * inner, 0.0))
        place = self.low + 2 * inner / (self.slope_low + root)
        below, above = np.minimum(rest, 0.0), np.maximum(rest - top, 0.0)
        return place + below / self.slope_low + above / self.slope_high

    def _from_low(self, z: np.ndarray) -> np.ndarray:
        """Return the integral from l to z."""
        inside = np.clip(z, self.low, self.high)
        mean = (self.slope_low + self.derivative(inside)) / 2
        below, above = np.minimum(z - self.low, 0.0), np.maximum(z - self.high, 0.0)
        return self.slope_low * below + mean * (inside - self.low) + self.slope_high * above
