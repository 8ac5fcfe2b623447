"""Logarithms and log-odds of probabilities, even of those that are nearly 0 or 1.

If a probability may be 0, its logarithm has no lower bound. Its interval then begins at −10³⁰,
which stands for −∞.

Shapes: N rows, B boxes, n numbers of a node.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.special

from gradum.core.bounds.box import Box
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.forms import Lines, Slopes

VAST = 1e30
LEAST_PROBABILITY = 1e-25
"""A probability below this may be 0; the limit is far above where float32 underflows."""

LEAST_REST = 2.0**-40
"""A probability closer to 1 than this may be 1: too few digits of 1 − z are left in float64."""


class OfProbability(Elementwise):
    """An increasing function that is unbounded where a probability is 0 or 1."""

    increasing: ClassVar[bool] = True

    def interval(self, *parents: Box) -> Box:
        """Take the values at both ends, or ±`VAST` where a probability may be 0 or 1."""
        (z,) = parents
        low, high = self.concrete(z.low), self.concrete(z.high)
        return Box(
            np.where(self._bottomless(z), -VAST, low), np.where(self._topless(z), VAST, high)
        )

    def lines(self, *parents: Box, slopes: Slopes | None = None) -> Lines:
        """Return a line below and a line above; where none exists, a level line at ±`VAST`.

        If only one of two given slopes is possible, both lines are level, so that they stay
        parallel.
        """
        (z,) = parents
        bottomless, topless = self._bottomless(z), self._topless(z)
        if slopes is not None:
            slopes = Slopes(*(np.where(bottomless | topless, 0.0, slope) for slope in slopes))
        lines = super().lines(z, slopes=slopes)
        below, low, lowest, above, high, highest = lines
        return Lines(
            np.where(bottomless, 0.0, below),
            np.where(bottomless, -VAST, low),
            lowest,
            np.where(topless, 0.0, above),
            np.where(topless, VAST, high),
            highest,
        )

    @abstractmethod
    def _bottomless(self, z: Box) -> np.ndarray: ...

    @abstractmethod
    def _topless(self, z: Box) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Log(OfProbability):
    """log z, of probabilities z."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return log max(z, 1e-25)."""
        return np.log(np.maximum(parents[0], LEAST_PROBABILITY))

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return 1 / z, and 0 below 1e-25."""
        inside = z > LEAST_PROBABILITY
        return np.where(inside, 1.0 / np.where(inside, z, 1.0), 0.0)

    def inflections(self) -> list[np.ndarray]:
        """Return the kink."""
        return [np.full(1, LEAST_PROBABILITY)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return the kink, and where 1 / z is the slope."""
        place = 1.0 / np.maximum(slope, np.finfo(float).tiny)
        return [np.full(1, LEAST_PROBABILITY), np.maximum(place, LEAST_PROBABILITY)]

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope below, and the slope of the middle's tangent above."""
        tangent = 2.0 / np.maximum(z.low + z.high, LEAST_PROBABILITY)
        return Slopes(self.chord_slope(z, tangent), tangent)

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 1 + |log z|: 1 for the relative error of z, and the value's own size."""
        return 1.0 + np.abs(self.concrete(z.low))

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return e to the values."""
        return np.exp(values)

    def _bottomless(self, z: Box) -> np.ndarray:
        return z.low < LEAST_PROBABILITY

    def _topless(self, z: Box) -> np.ndarray:
        return np.zeros(z.low.shape, bool)


@dataclass(frozen=True, eq=False)
class Logit(OfProbability):
    """log z / (1 − z), of probabilities z."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return log z / (1 − z), with z clipped so that it is neither 0 nor 1."""
        return scipy.special.logit(np.clip(parents[0], LEAST_REST, 1.0 - LEAST_REST))

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return 1 / z (1 − z), and 0 beyond the kinks."""
        inside = (z > LEAST_REST) & (z < 1.0 - LEAST_REST)
        z = np.where(inside, z, 0.5)
        return np.where(inside, 1.0 / (z * (1.0 - z)), 0.0)

    def inflections(self) -> list[np.ndarray]:
        """Return the kinks, and ½, where it is flattest."""
        return [np.full(1, place) for place in (LEAST_REST, 0.5, 1.0 - LEAST_REST)]

    def critical(self, slope: np.ndarray, z: Box) -> list[np.ndarray]:
        """Return the kinks, and both places where 1 / z (1 − z) is the slope."""
        root = np.sqrt(np.maximum(1.0 - 4.0 / np.maximum(slope, 4.0), 0.0))
        ends = [np.full(1, LEAST_REST), np.full(1, 1.0 - LEAST_REST)]
        return [*ends, (1.0 - root) / 2, (1.0 + root) / 2]

    def slopes(self, z: Box) -> Slopes:
        """Return the chord's slope, and that of the middle's tangent on the side that bulges."""
        middle = np.clip((z.low + z.high) / 2, LEAST_REST, 1.0 - LEAST_REST)
        tangent = 1.0 / (middle * (1.0 - middle))
        chord = self.chord_slope(z, tangent)
        return Slopes(
            np.where(z.low >= 0.5, tangent, chord), np.where(z.high <= 0.5, tangent, chord)
        )

    def sensitivity(self, z: Box) -> np.ndarray:
        """Return 1 + |log-odds|.

        Networks compute log-odds from logarithms, and so do not round 1 − z.
        """
        odds = np.maximum(np.abs(self.concrete(z.low)), np.abs(self.concrete(z.high)))
        return 1.0 + odds

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Add the rounding of 1 − z in float64, as `concrete` does it."""
        (z,) = parents
        rest = 1.0 - np.clip(z.high, 0.5, 1.0 - LEAST_REST)
        return super().slack(unit, z) + np.finfo(float).eps / rest

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities with these log-odds."""
        return scipy.special.expit(values)

    def _bottomless(self, z: Box) -> np.ndarray:
        return z.low < LEAST_REST

    def _topless(self, z: Box) -> np.ndarray:
        return z.high > 1.0 - LEAST_REST
