"""What bounds ask of an operation of a graph, and what all elementwise operations share.

Shapes: B boxes, r linear forms, n numbers of a node.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradum.core.bounds.rounding import FLOAT64, UNDERFLOW, gamma

STEPS = 16
"""Roundings, in units of roundoff, that one elementwise function is taken to be off by at most.

NumPy, SciPy, XLA and ONNX Runtime compute a logistic function, a tanh or a square root within a
few; none promises it.
"""


class Interval(NamedTuple):
    """Numbers low ≤ z ≤ high, both of shape [B, n]."""

    low: np.ndarray
    high: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest |z|."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def widened(self, slack: np.ndarray) -> Interval:
        """Return an interval that reaches further by so much, and by the rounding of that."""
        slack = slack + 2 * FLOAT64 * (self.size + slack) + UNDERFLOW[FLOAT64]
        return Interval(self.low - slack, self.high + slack)


class Lines(NamedTuple):
    """A line below and a line above a function, each with slopes and intercepts [B, n].

    They touch it at the places ``lower_touch`` and ``upper_touch``, but for rounding.
    """

    lower_slope: np.ndarray
    lower_intercept: np.ndarray
    lower_touch: np.ndarray
    upper_slope: np.ndarray
    upper_intercept: np.ndarray
    upper_touch: np.ndarray


class Slopes(NamedTuple):
    """Slopes [B, n] of a line below and a line above a function."""

    lower: np.ndarray
    upper: np.ndarray


class Pulled(NamedTuple):
    """Linear forms A z of a node, pulled back to its parents.

    A z ≥ Σ A_p z_p + constant − radius for all that the parents can be, exactly: ``radius`` covers
    rounding. Where the lines below and above are parallel, A z ≤ Σ A_p z_p + constant + radius too.
    """

    coefficients: list[np.ndarray]
    constant: np.ndarray
    radius: np.ndarray


class Operation(ABC):
    """A function of the numbers of one or several parents, row by row."""

    @abstractmethod
    def width(self, widths: Sequence[int]) -> int | None:
        """Return how many numbers it makes of parents of such widths; None where it takes none."""

    @abstractmethod
    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return its values [N, n] of its parents', in float64."""

    @abstractmethod
    def interval(self, *parents: Interval) -> Interval:
        """Return the interval of its values, in exact arithmetic but for what `slack` covers."""

    def bent(self, z: Interval) -> np.ndarray:
        """Tell where [1 or B, n] narrower intervals of a parent would give tighter bounds."""
        return np.zeros((1, z.low.shape[-1]), bool)

    def lines(self, *parents: Interval, slopes: Slopes | None = None) -> Lines | None:
        """Return the lines that it is put between; None where it is linear itself."""
        return None

    @abstractmethod
    def slack(self, unit: float, *parents: Interval) -> np.ndarray:
        """Return [B, n], by how much rounding with such a unit roundoff can move its values.

        The unit is `rounding.FLOAT64` or `rounding.FLOAT32`. In float64 it also covers the rounding
        of `interval`, and of a linear operation's `pull`.
        """

    @abstractmethod
    def pull(
        self,
        forms: np.ndarray,
        slack: np.ndarray,
        parents: Sequence[Interval],
        lines: Lines | None,
    ) -> Pulled:
        """Bound linear forms A z [B or 1, r, n] of its values from below by forms of its parents'.

        Parameters
        ----------
        forms : ndarray
            A.
        slack : ndarray [B, n]
            How far its values may be off, in each direction.
        parents : sequence of Interval
            Where the parents' numbers lie.
        lines : Lines or None
            Those that an elementwise operation is put between.
        """


def against(forms: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return A z [B, r] of linear forms A [B or 1, r, n] and numbers z [B or 1, n]."""
    return np.matmul(forms, z[..., None])[..., 0]


@dataclass(frozen=True, eq=False)
class Elementwise(Operation):
    """A function f of each number by itself, which is put between two lines.

    A line of any slope s lies below f where its intercept is the least of f(z) − s z. That is at an
    end of the interval, at a kink, or where f′(z) = s; so every slope gives valid lines, and a
    choice of slopes is a matter of tightness alone.
    """

    @abstractmethod
    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Return candidates [B, n] for where f(z) − slope z is least or greatest within.

        They may lie outside the interval, and are then taken back to its ends.
        """

    @abstractmethod
    def slopes(self, z: Interval) -> Slopes:
        """Choose slopes of lines below and above f on an interval."""

    @abstractmethod
    def bent(self, z: Interval) -> np.ndarray:
        """Tell where [B, n] f is not straight on an interval, so that a narrower one would help."""

    @abstractmethod
    def sensitivity(self, z: Interval) -> np.ndarray:
        """Return [B, n]: one rounding of each step in f moves it by no more than u times this."""

    def width(self, widths: Sequence[int]) -> int | None:
        """As many as the one parent has."""
        return widths[0] if len(widths) == 1 else None

    def interval(self, *parents: Interval) -> Interval:
        """Take the least and the greatest f(z) at ends, kinks and where f′(z) = 0."""
        (z,) = parents
        values = self.concrete(self._candidates(np.zeros(1), z))
        return Interval(values.min(axis=0), values.max(axis=0))

    def slack(self, unit: float, *parents: Interval) -> np.ndarray:
        """Return what STEPS roundings do."""
        (z,) = parents
        return STEPS * unit * self.sensitivity(z) + UNDERFLOW[unit]

    def lines(self, *parents: Interval, slopes: Slopes | None = None) -> Lines:
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
        self,
        forms: np.ndarray,
        slack: np.ndarray,
        parents: Sequence[Interval],
        lines: Lines | None,
    ) -> Pulled:
        """Take the line below where A ≥ 0, the line above where A < 0.

        With mean slope and intercept c, m and half differences d, h that is A c + |A| d of z, and
        A m − |A| h beside it.
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

    def _candidates(self, slope: np.ndarray, z: Interval) -> np.ndarray:
        """Return the ends and what lies critical between them, as [candidates, B, n]."""
        inner = (np.clip(point, z.low, z.high) for point in self.critical(slope, z))
        return np.array([z.low, z.high, *inner])

    def _intercept_error(self, z: Interval, slope: np.ndarray) -> np.ndarray:
        error = STEPS * FLOAT64 * (self.sensitivity(z) + np.abs(slope) * z.size)
        return error + UNDERFLOW[FLOAT64]


def _chosen(candidates: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.take_along_axis(candidates, which[None], axis=0)[0]
