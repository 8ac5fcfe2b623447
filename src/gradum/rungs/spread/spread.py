"""The spread of a number about its prediction: how far it may lie on either side, by row.

The logarithm of each side's spread is a sum of curves, each of one feature: the prediction, or one
dense input of the rung,

    log s(x) = level + Σ_j rise_j(v_j),    v_0 the prediction, v_1 … v_d the dense inputs.

Every curve is piecewise linear between a few points and flat beyond the outermost ones. The sum is
clamped to the range that it has on the rows that it was fitted to. So a spread is above 0 and
finite for any row, however far from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import msgspec
import numpy as np
from msgspec import structs


class SpreadCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one feature adds to the logarithm of a spread."""

    feature: int
    """0 for the prediction, j for the j-th dense input."""
    at: tuple[float, ...]
    """Rising values of the feature."""
    rise: tuple[float, ...]
    """What the curve adds at each of them."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return what the curve adds for values (n,) of the feature."""
        return np.interp(values, self.at, self.rise)

    @property
    def is_sound(self) -> bool:
        """Whether the curve is finite, at rising values of the feature."""
        finite = bool(np.isfinite((*self.at, *self.rise)).all())
        rising = all(low < high for low, high in pairwise(self.at))
        return finite and rising and len(self.at) == len(self.rise) > 0


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The spread on one side of the prediction."""

    level: float
    """The logarithm of the spread where no curve adds anything."""
    low: float
    high: float
    """Bounds on the logarithm."""
    curves: tuple[SpreadCurve, ...] = ()
    """Empty if the spread is the same for all rows."""

    @classmethod
    def constant(cls, spread: float) -> Side:
        """Return the side with the same spread for all rows."""
        level = float(np.log(spread))
        return cls(level, level, level)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the spread (n,) of rows with these features (n, 1 + d)."""
        logarithm = np.full(len(features), self.level)
        for curve in self.curves:
            logarithm = logarithm + curve(features[:, curve.feature])
        return np.exp(np.clip(logarithm, self.low, self.high))

    def times(self, factor: float) -> Side:
        """Return the side with every spread multiplied by a factor above 0."""
        more = float(np.log(factor))
        return Side(self.level + more, self.low + more, self.high + more, self.curves)

    def is_sound(self, inputs: int) -> bool:
        """Whether all rows of so many dense inputs have a spread that is above 0 and finite."""
        with np.errstate(over="ignore"):
            ends = np.exp([self.low, self.high])
        known = all(0 <= curve.feature <= inputs and curve.is_sound for curve in self.curves)
        bounded = bool(np.isfinite(ends).all()) and 0 < ends[0] <= ends[1]
        return known and bounded and bool(np.isfinite(self.level))


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The spreads below and above the prediction, on the scale that a rung learns.

    Of the rows that the spreads were fitted to, about one in twenty lies farther below its
    prediction than its lower spread, and one in twenty farther above it than its upper spread.
    """

    below: Side
    above: Side

    def times(self, factor: float) -> Spread:
        """Return the spreads multiplied by a factor above 0."""
        return Spread(self.below.times(factor), self.above.times(factor))

    @property
    def looks_at_inputs(self) -> bool:
        """Whether any curve is a function of a dense input."""
        return any(curve.feature for side in (self.below, self.above) for curve in side.curves)

    def of_inputs(self, places: Mapping[int, int]) -> Spread:
        """Return the spreads for dense inputs in other places; those without one are left out."""
        return Spread(*(_moved(side, {0: 0, **places}) for side in (self.below, self.above)))

    def is_sound(self, inputs: int) -> bool:
        """Whether it can be computed for rows of so many dense inputs."""
        return self.below.is_sound(inputs) and self.above.is_sound(inputs)


def _moved(side: Side, places: Mapping[int, int]) -> Side:
    curves = tuple(
        structs.replace(curve, feature=places[curve.feature])
        for curve in side.curves
        if curve.feature in places
    )
    return structs.replace(side, curves=curves)
