"""Activations that act on each number by itself, bounded by two lines.

Shapes: B boxes, r linear forms, n numbers of a node.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from gradum.core.bounds.box import FLOAT64, UNDERFLOW, Box, gamma
from gradum.core.bounds.forms import Lines, Pulled, Slopes, Zonotope, against, chosen_first
from gradum.core.bounds.operation import Operation

ROUNDINGS = 16
"""The largest assumed error of one elementwise function, in units of roundoff.

NumPy, SciPy, XLA and ONNX Runtime compute a logistic function, a tanh or a square root to within a
few units, but none of them promises this.
"""


@dataclass(frozen=True, eq=False)
class Elementwise(Operation):
    """A function f of each number by itself, which two lines bound.

    A line of any slope s lies below f if its intercept is the least f(z) − s z. The least is at an
    end of the interval, at a kink, or where f′(z) = s. So every slope gives valid lines, and the
    choice of slopes is a matter of tightness alone.
    """

    by_number: ClassVar[tuple[str, ...]] = ()
    """Names of its arrays that have an entry for each number, or one for all."""

    @abstractmethod
    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return f′(z); at a kink, the slope on either side of it."""

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return candidates [B, n] for the places where f(z) − slope z is least or greatest.

        Candidates may lie outside the interval z, and are then moved to its nearer end. By default,
        they are the kinks, as of straight pieces.
        """
        return self.inflections()

    @abstractmethod
    def slopes(self, z: Box) -> Slopes:
        """Choose slopes of lines below and above f on an interval."""

    def bent(self, z: Box) -> np.ndarray:
        """Tell where [B, n] f is not straight on an interval: everywhere, unless f knows better.

        A narrower interval would help there.
        """
        return np.ones(z.low.shape, bool)

    @abstractmethod
    def sensitivity(self, z: Box) -> np.ndarray:
        """Return S [B, n] so that rounding each step of f once moves f by at most u S."""

    @abstractmethod
    def inflections(self) -> list[np.ndarray]:
        """Return the places, one or [n], where f′ jumps or turns; between them f′ is monotone."""

    def steepness(self, z: Box) -> Box:
        """Return an interval of f′ over the interval z, which includes both slopes of a kink."""
        places = [z.low, z.high]
        for place in self.inflections():
            sides = np.nextafter(place, -np.inf), np.nextafter(place, np.inf)
            places += [np.clip(side, z.low, z.high) for side in (*sides, place)]
        slopes = self.derivative(np.array(places))
        return Box(slopes.min(axis=0), slopes.max(axis=0))

    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return f′ times the slopes; rounding changes the size of products, never their sign."""
        (slopes,), (z,) = tangents, parents
        steepness = self.steepness(z)
        ends = np.array([one * other for one in steepness for other in slopes])
        low, high = ends.min(axis=0), ends.max(axis=0)
        error = 4 * ROUNDINGS * FLOAT64
        return Box(low - error * np.abs(low), high + error * np.abs(high))

    def width(self, widths: Sequence[int]) -> int | None:
        """Return the width of the one parent."""
        return widths[0] if len(widths) == 1 else None

    def separate(self, *parents: np.ndarray) -> np.ndarray:
        """Return the flags of the parent's numbers."""
        return parents[0]

    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Take the same numbers of its parent, and their entries in its own arrays."""
        arrays = {name: getattr(self, name) for name in self.by_number}
        parts = {name: array[numbers] for name, array in arrays.items() if len(array) > 1}
        return replace(self, **parts), [numbers]

    def interval(self, *parents: Box) -> Box:
        """Take the least and the greatest f(z) at the ends, at kinks and where f′(z) = 0."""
        (z,) = parents
        values = self.concrete(self._candidates(np.zeros(1), z))
        return Box(values.min(axis=0), values.max(axis=0))

    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Multiply by f′."""
        return [gradient * self.derivative(*parents)]

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return the error that `ROUNDINGS` roundings can cause."""
        (z,) = parents
        return ROUNDINGS * unit * self.sensitivity(z) + UNDERFLOW[unit]

    def lines(self, *parents: Box, slopes: Slopes | None = None) -> Lines:
        """Return a line below and a line above f, valid on the interval in exact arithmetic."""
        (z,) = parents
        below, above = slopes or self.slopes(z)
        places = self._candidates(below, z)
        lowest = _chosen(places, np.argmin(self.concrete(places) - below * places, axis=0))
        places = self._candidates(above, z)
        highest = _chosen(places, np.argmax(self.concrete(places) - above * places, axis=0))
        low = self.concrete(lowest) - below * lowest - self._intercept_error(z, below)
        high = self.concrete(highest) - above * highest + self._intercept_error(z, above)
        return Lines(below, low, lowest, above, high, highest)

    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
    ) -> Pulled:
        """Take the line below where A ≥ 0, the line above where A < 0.

        With mean slope c, mean intercept m and their half differences d and h, the form of z
        becomes A c + |A| d, and the constant A m − |A| h.
        """
        (z,), (below, low, _, above, high, _) = parents, lines or self.lines(*parents)
        mean, difference = (below + above) / 2, (below - above) / 2
        middle = (low + high) / 2
        half = np.maximum(high - middle, middle - low) + slack
        steepness = np.abs(below) + np.abs(above)
        error = gamma(forms.shape[-1] + 8, FLOAT64)
        half = half + error * (steepness * z.size + np.abs(middle) + half)
        sizes = np.abs(forms)
        constant, radius = against(forms, middle), against(sizes, half)
        coefficients = forms * mean[:, None]
        if difference.any():
            coefficients += sizes * difference[:, None]
        return Pulled([coefficients], constant, radius)

    def push(
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
    ) -> Zonotope:
        """Follow the middle between the lines; each unit that bends gets a generator of its own."""
        (y,), (z,), (slope, low, _, _, high, _) = zonotopes, parents, lines or self.lines(*parents)
        middle = (low + high) / 2
        steepness = np.abs(slope)
        half = np.maximum(high - middle, middle - low) + steepness * y.rest
        size = steepness * (np.abs(y.centre) + y.reach) + np.abs(middle) + half
        half = half + gamma(y.generators.shape[1] + 8, FLOAT64) * size + UNDERFLOW[FLOAT64]
        bent = np.broadcast_to(self.bent(z), half.shape)
        units, here = chosen_first(bent)
        boxes, count = np.arange(len(half))[:, None], y.generators.shape[1]
        generators = np.zeros((len(half), count + units.shape[1], half.shape[1]))
        np.multiply(y.generators, slope[:, None], out=generators[:, :count])
        generators[boxes, count + np.arange(units.shape[1]), units] = np.where(
            here, half[boxes, units], 0.0
        )
        symbols = np.concatenate([y.symbols, fresh + np.arange(units.shape[1])])
        return Zonotope(slope * y.centre + middle, generators, np.where(bent, 0.0, half), symbols)

    def chord_slope(self, z: Box, otherwise: np.ndarray) -> np.ndarray:
        """Return the slope from end to end of an interval; where it is a point, the other slope."""
        width = z.high - z.low
        rise = self.concrete(z.high) - self.concrete(z.low)
        return np.divide(rise, width, out=otherwise.copy(), where=width > 0)

    def _candidates(self, slope: np.ndarray, z: Box) -> np.ndarray:
        """Return the ends and the critical places between them, [candidates, B, n]."""
        inner = (np.clip(point, z.low, z.high) for point in self.critical(slope, z))
        return np.array([z.low, z.high, *inner])

    def _intercept_error(self, z: Box, slope: np.ndarray) -> np.ndarray:
        error = ROUNDINGS * FLOAT64 * (self.sensitivity(z) + np.abs(slope) * z.size)
        return error + UNDERFLOW[FLOAT64]


def _chosen(candidates: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.take_along_axis(candidates, which[None], axis=0)[0]
