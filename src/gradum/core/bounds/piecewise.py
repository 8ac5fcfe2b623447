"""Activations made of straight pieces: the ReLU, leaks, ramps and steps.

Shapes: N rows, B boxes, n numbers of a node.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradum.core.bounds.box import FLOAT64, Box
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.forms import Slopes


@dataclass(frozen=True, eq=False)
class Leaky(Elementwise):
    """max(z, λ z) for any leak λ: 0 makes a ReLU, 1 a straight line, more than 1 steeper below."""

    slope: np.ndarray
    """Of shape [n]. λ of each unit."""

    by_number = ("slope",)

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return max(z, λ z)."""
        (z,) = parents
        return np.maximum(z, self.slope * z)

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return 1 where z ≥ λ z, and λ elsewhere."""
        return np.where(z >= self.slope * z, 1.0, self.slope)

    def inflections(self) -> list[np.ndarray]:
        """Return the kink, 0."""
        return [np.zeros(1)]

    def bend(self) -> float | None:
        """Return 0."""
        return 0.0

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope above, as f is convex, and the slope of the nearer side below.

        Of a ReLU's two slopes, 0 and 1, the nearer is the one that leaves the smaller triangle
        (Zhang et al. 2018, "Efficient neural network robustness certification with general
        activation functions").
        """
        steeper, flatter = np.maximum(1.0, self.slope), np.minimum(1.0, self.slope)
        # Where λ < 1, the right side has slope 1 and the left λ; where λ > 1, max(z, λ z) is λ z
        # on the right and z on the left. Either way the steeper side is the right one.
        below = np.where(z.high >= -z.low, steeper, flatter)
        below = np.where(z.low >= 0, steeper, np.where(z.high <= 0, flatter, below))
        crosses = (z.low < 0) & (z.high > 0)
        return Slopes(below, np.where(crosses, self.chord_slope(z, below), below))

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval contains 0."""
        return (z.low < 0) & (z.high > 0)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return |λ z|: only this product is rounded."""
        return np.abs(self.slope) * z.size


@dataclass(frozen=True, eq=False)
class Relu(Leaky):
    """max(z, 0)."""

    slope: np.ndarray = field(default_factory=lambda: np.zeros(1), init=False)

    by_number = ()


@dataclass(frozen=True, eq=False)
class Ramp(Elementwise):
    """clip(a (z − s), 0, 1) − ½, which is a step where a is large."""

    shift: np.ndarray
    """Of shape [n]. s."""
    slope: np.ndarray
    """Of shape [n]. a, not 0."""

    by_number = ("shift", "slope")

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return clip(a (z − s), 0, 1) − ½."""
        return np.clip(self.slope * (parents[0] - self.shift), 0.0, 1.0) - 0.5

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return a on the ramp and 0 beside it."""
        share = self.slope * (z - self.shift)
        return np.where((share > 0) & (share < 1), self.slope, 0.0)

    def inflections(self) -> list[np.ndarray]:
        """Return the kinks, s and s + 1/a."""
        return [self.shift, self.shift + 1.0 / self.slope]

    def steepness(self, z: Box) -> Box:
        """Return a on the ramp, 0 beside it, and both where z contains a kink, up to rounding."""
        begin, end = self._ends
        near = 8 * FLOAT64 * (np.abs(begin) + np.abs(end))
        touched = (z.high >= begin - near) & (z.low <= end + near)
        leaves = (z.low <= begin + near) | (z.high >= end - near)
        least, greatest = np.minimum(self.slope, 0.0), np.maximum(self.slope, 0.0)
        return Box(
            np.where(touched, np.where(leaves, least, self.slope), 0.0),
            np.where(touched, np.where(leaves, greatest, self.slope), 0.0),
        )

    def bent(self, z: Box) -> np.ndarray:
        """Return where the interval contains a kink."""
        begin, end = self._ends
        return ((z.low < begin) & (z.high > begin)) | ((z.low < end) & (z.high > end))

    def slopes(self, z: Box) -> Slopes:
        """Return the slopes from each end to the far kink; 0 if a level line leaves less area."""
        begin, end = self._ends
        above = _slope_above(z, begin, end)
        below = _slope_above(Box(-z.high, -z.low), -end, -begin)
        up = self.slope > 0
        return Slopes(np.where(up, below, -above), np.where(up, above, -below))

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return the error from rounding a (z − s), which is 0 away from the ramp.

        It also covers ramps whose ends meet only up to rounding, which a network treats as rising
        exactly one after the other.
        """
        (z,) = parents
        error = 8 * unit * (self.sensitivity(z) + np.abs(self.slope))
        ends = [self.slope * (end - self.shift) for end in z]
        flat = (np.maximum(*ends) < -error) | (np.minimum(*ends) > 1 + error)
        return np.where(flat, 0.0, np.minimum(error, 1.0) + 2 * unit)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 1 + |a| (|z| + |s|)."""
        return 1.0 + np.abs(self.slope) * (z.size + np.abs(self.shift))

    def disorder(self, unit: float, *parents: Box) -> np.ndarray:
        """Return 0: a difference, a product with a constant and a limit each keep the order."""
        return np.zeros(1)

    @property
    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        kinks = self.shift, self.shift + 1.0 / self.slope
        return np.minimum(*kinks), np.maximum(*kinks)


def _slope_above(z: Box, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the slope of a line above a ramp that rises from 0 at ``begin`` to 1 at ``end``.

    The line is the chord up to the end of the ramp. If the interval extends further, the chord is
    extended too, unless a level line at 1 leaves less area.
    """
    top = np.minimum(z.high, end)
    run, span = top - z.low, np.maximum(end - begin, np.finfo(float).tiny)
    with np.errstate(over="ignore"):  # for a ramp whose ends coincide
        low, high = (np.clip((place - begin) / span, 0.0, 1.0) for place in (z.low, top))
    chord = np.divide(high - low, run, out=np.zeros(run.shape), where=run > 0)
    return np.where(low + chord * (z.high - z.low) / 2 <= 1.0, chord, 0.0)
