"""The operations that a graph is made of: linear ones first, then elementwise activations.

Shapes: N rows, B boxes, n numbers of a node, r linear forms.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.special

from gradum.core.bounds.operation import (
    Elementwise,
    Interval,
    Lines,
    Operation,
    Pulled,
    Slopes,
    against,
)
from gradum.core.bounds.rounding import UNDERFLOW, gamma
from gradum.core.models.activations import SELU_ALPHA, SELU_SCALE
from gradum.core.models.input_layer import SMOOTH_CLIP

BISECTIONS = 12
"""For tangents, whose slopes need not be exact."""

GELU_FLAT, GELU_BISECTIONS = 40.0, 48
"""Beyond ±40, its slope is 0 or 1 in float64; halved 48 times, that is 3e-13."""


@dataclass(frozen=True, eq=False)
class Affine(Operation):
    """z = y W + b.

    Parameters
    ----------
    weight : ndarray [in, out]
        W, in float64.
    bias : ndarray [out]
        b.
    """

    weight: np.ndarray
    bias: np.ndarray

    def width(self, widths: Sequence[int]) -> int | None:
        """Return the columns of W, if its rows are the parent's numbers."""
        fits = list(widths) == [len(self.weight)] and self.bias.shape == self.weight.shape[1:]
        return len(self.bias) if fits else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return y W + b."""
        (y,) = parents
        return y @ self.weight + self.bias

    def interval(self, *parents: Interval) -> Interval:
        """Return c W + b ± r |W|, of centre c and radius r."""
        (y,) = parents
        centre = (y.low + y.high) / 2
        radius = np.maximum(y.high - centre, centre - y.low)
        middle = centre @ self.weight + self.bias
        reach = radius @ np.abs(self.weight)
        return Interval(middle - reach, middle + reach)

    def slack(self, unit: float, *parents: Interval) -> np.ndarray:
        """Return γ (|y| |W| + |b|), with room for sums over W's rows and over its columns."""
        (y,) = parents
        rounding = gamma(2 * max(self.weight.shape) + 8, unit)
        return rounding * (y.size @ np.abs(self.weight) + np.abs(self.bias)) + UNDERFLOW[unit]

    def pull(
        self,
        forms: np.ndarray,
        slack: np.ndarray,
        parents: Sequence[Interval],
        lines: Lines | None,
    ) -> Pulled:
        """Return A Wᵀ, and A b beside it."""
        flat = forms.reshape(-1, forms.shape[-1]) @ self.weight.T  # one product for all boxes
        coefficients = flat.reshape(*forms.shape[:-1], len(self.weight))
        return Pulled([coefficients], forms @ self.bias, against(np.abs(forms), slack))


@dataclass(frozen=True, eq=False)
class Sum(Operation):
    """z = ± y₁ ± y₂ …, number by number.

    Parameters
    ----------
    signs : tuple of float
        1 or −1 for each parent.
    """

    signs: tuple[float, ...]

    def width(self, widths: Sequence[int]) -> int | None:
        """As many as each parent has."""
        fits = len(widths) == len(self.signs) and len(set(widths)) == 1
        return widths[0] if fits else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the sum."""
        return sum(sign * y for sign, y in zip(self.signs, parents, strict=True))  # type: ignore[return-value]

    def interval(self, *parents: Interval) -> Interval:
        """Add lows and highs, changed over where a sign is −1."""
        pairs = list(zip(self.signs, parents, strict=True))
        low = sum(sign * (y.low if sign > 0 else y.high) for sign, y in pairs)
        high = sum(sign * (y.high if sign > 0 else y.low) for sign, y in pairs)
        return Interval(np.asarray(low), np.asarray(high))

    def slack(self, unit: float, *parents: Interval) -> np.ndarray:
        """Return γ Σ |y|."""
        return gamma(len(parents), unit) * np.sum([y.size for y in parents], axis=0)

    def pull(
        self,
        forms: np.ndarray,
        slack: np.ndarray,
        parents: Sequence[Interval],
        lines: Lines | None,
    ) -> Pulled:
        """Hand the forms on, with each parent's sign."""
        radius = against(np.abs(forms), slack)
        return Pulled([sign * forms for sign in self.signs], np.zeros_like(radius), radius)


@dataclass(frozen=True, eq=False)
class Concatenated(Operation):
    """The numbers of its parents, one parent after the other."""

    def width(self, widths: Sequence[int]) -> int | None:
        """As many as all parents have together."""
        return sum(widths) if widths else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the parents side by side."""
        return np.concatenate(parents, axis=-1)

    def interval(self, *parents: Interval) -> Interval:
        """Return the parents' intervals side by side."""
        low = np.concatenate([y.low for y in parents], axis=-1)
        return Interval(low, np.concatenate([y.high for y in parents], axis=-1))

    def slack(self, unit: float, *parents: Interval) -> np.ndarray:
        """Nothing is computed."""
        return np.zeros(1)

    def pull(
        self,
        forms: np.ndarray,
        slack: np.ndarray,
        parents: Sequence[Interval],
        lines: Lines | None,
    ) -> Pulled:
        """Hand each parent its own part of the forms."""
        ends = np.cumsum([y.low.shape[-1] for y in parents])
        nothing = np.zeros(forms.shape[:-1])
        return Pulled(np.split(forms, ends[:-1], axis=-1), nothing, nothing)


@dataclass(frozen=True, eq=False)
class Leaky(Elementwise):
    """max(z, λ z) for any leak λ: 0 makes it a ReLU, 1 a straight line, more than 1 steeper below.

    Parameters
    ----------
    slope : ndarray [n]
        λ of each unit.
    """

    slope: np.ndarray

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return max(z, λ z)."""
        (z,) = parents
        return np.maximum(z, self.slope * z)

    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Its kink is at 0."""
        return [np.zeros(1)]

    def slopes(self, z: Interval) -> Slopes:
        """Above the chord (it is convex); below, of the two sides' lines, that nearer to f.

        Of a ReLU's 0 and 1 that is the one that leaves the smaller triangle (Zhang et al. 2018,
        "Efficient neural network robustness certification with general activation functions").
        """
        steeper, flatter = np.maximum(1.0, self.slope), np.minimum(1.0, self.slope)
        # Where λ < 1, the right side has slope 1 and the left λ; where λ > 1, max(z, λ z) is λ z
        # on the right and z on the left. Either way the steeper side is the right one.
        below = np.where(z.high >= -z.low, steeper, flatter)
        below = np.where(z.low >= 0, steeper, np.where(z.high <= 0, flatter, below))
        crosses = (z.low < 0) & (z.high > 0)
        return Slopes(below, np.where(crosses, _chord_slope(self, z, below), below))

    def bent(self, z: Interval) -> np.ndarray:
        """Tell where 0 lies within."""
        return (z.low < 0) & (z.high > 0)

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Only λ z is rounded."""
        return np.abs(self.slope) * z.size


@dataclass(frozen=True, eq=False)
class Relu(Leaky):
    """max(z, 0)."""

    slope: np.ndarray = field(default_factory=lambda: np.zeros(1), init=False)


class SShaped(Elementwise):
    """An activation that is convex up to 0 and concave from there, symmetric about (0, f(0))."""

    @abstractmethod
    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Return f′(z)."""

    @abstractmethod
    def turning(self, slope: np.ndarray) -> np.ndarray:
        """Return the z ≥ 0 where f′(z) is this, of slopes within (0, f′(0)]."""

    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Return the places on both sides of 0 where f′(z) is the slope."""
        steepest = self.derivative(np.zeros(1))
        there = slope > 0
        place = self.turning(np.where(there, np.minimum(slope, steepest), steepest))
        place = np.where(there, place, np.inf)
        return [-place, place]

    def bent(self, z: Interval) -> np.ndarray:
        """Tell that it is straight nowhere."""
        return np.ones(z.low.shape, bool)

    def slopes(self, z: Interval) -> Slopes:
        """Return those of chords, and of tangents that touch the near side and meet the far end."""
        above = self._slope_above(z)
        return Slopes(self._slope_above(Interval(-z.high, -z.low)), above)

    def _slope_above(self, z: Interval) -> np.ndarray:
        """Bisect for the tangent at d ≥ 0 through (low, f(low)); the middle's where low ≥ 0."""
        chord, start = _chord_slope(self, z, self.derivative(z.high)), self.concrete(z.low)
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

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Values are up to 1."""
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

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Values are up to 1."""
        return np.ones(1)


@dataclass(frozen=True, eq=False)
class SmoothClip(SShaped):
    """z / √(1 + (z/3)²), as `gradum.core.models.input_layer` clips scaled columns.

    In float32 its square overflows beyond |z| = 5e19, which no slack covers.
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

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Values are up to 3, and never larger than z."""
        return np.minimum(z.size, SMOOTH_CLIP)


@dataclass(frozen=True, eq=False)
class Selu(Elementwise):
    """γ z for z ≥ 0, γ α (eᶻ − 1) below (Klambauer et al., NeurIPS 2017)."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return γ max(z, 0) + γ α (e^min(z, 0) − 1)."""
        (z,) = parents
        below = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0.0))
        return np.where(z > 0, SELU_SCALE * z, below)

    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Return its kink, 0, and where γ α eᶻ is the slope."""
        share = np.maximum(slope / (SELU_SCALE * SELU_ALPHA), np.finfo(float).tiny)
        return [np.zeros(1), np.minimum(np.log(share), 0.0)]

    def bent(self, z: Interval) -> np.ndarray:
        """Tell where something of the interval lies below 0."""
        return z.low < 0

    def slopes(self, z: Interval) -> Slopes:
        """Return the chord's, and below 0 that of the tangent in the middle for the lower line."""
        chord = _chord_slope(self, z, np.full(z.low.shape, SELU_SCALE))
        middle = np.minimum((z.low + z.high) / 2, 0.0)
        tangent = SELU_SCALE * SELU_ALPHA * np.exp(middle)
        return Slopes(np.where(z.high <= 0, tangent, chord), chord)

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Values are up to γ z, or γ α below 0."""
        return SELU_SCALE * np.maximum(z.size, SELU_ALPHA)


@dataclass(frozen=True, eq=False)
class Gelu(Elementwise):
    """z Φ(z), of the normal distribution function Φ (Hendrycks & Gimpel 2016)."""

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return z Φ(z)."""
        (z,) = parents
        return z * scipy.special.ndtr(z)

    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Bisect for the slope on each of the three stretches on which f′ is monotone."""
        ends = (-GELU_FLAT, -math.sqrt(2.0), math.sqrt(2.0), GELU_FLAT)
        places = []
        for low, high, sign in zip(ends, ends[1:], (-1.0, 1.0, -1.0), strict=False):
            near, far = np.full(slope.shape, low), np.full(slope.shape, high)
            for _ in range(GELU_BISECTIONS):
                middle = (near + far) / 2
                before = sign * (_gelu_slope(middle) - slope) < 0
                near, far = np.where(before, middle, near), np.where(before, far, middle)
            places.append(near)
        return places

    def bent(self, z: Interval) -> np.ndarray:
        """Tell that it is straight nowhere."""
        return np.ones(z.low.shape, bool)

    def slopes(self, z: Interval) -> Slopes:
        """Return the chord's, and the middle's tangent on the side to which f bulges."""
        chord = _chord_slope(self, z, _gelu_slope(z.low))
        tangent = _gelu_slope((z.low + z.high) / 2)
        convex = (z.low >= -math.sqrt(2.0)) & (z.high <= math.sqrt(2.0))
        concave = (z.high <= -math.sqrt(2.0)) | (z.low >= math.sqrt(2.0))
        return Slopes(np.where(convex, tangent, chord), np.where(concave, tangent, chord))

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Values are up to z."""
        return 1.0 + z.size


def _gelu_slope(z: np.ndarray) -> np.ndarray:
    return scipy.special.ndtr(z) + z * np.exp(-(z**2) / 2.0) / math.sqrt(2.0 * math.pi)


def _chord_slope(operation: Operation, z: Interval, otherwise: np.ndarray) -> np.ndarray:
    """Return the slope from end to end of an interval, another where it is a point."""
    width = z.high - z.low
    rise = operation.concrete(z.high) - operation.concrete(z.low)
    return np.divide(rise, width, out=otherwise.copy(), where=width > 0)


@dataclass(frozen=True, eq=False)
class Ramp(Elementwise):
    """clip(a (z − s), 0, 1) − ½; where a is large, a step.

    Parameters
    ----------
    shift : ndarray [n]
        s.
    slope : ndarray [n]
        a, not 0.
    """

    shift: np.ndarray
    slope: np.ndarray

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return clip(a (z − s), 0, 1) − ½."""
        return np.clip(self.slope * (parents[0] - self.shift), 0.0, 1.0) - 0.5

    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Its kinks are at s and s + 1/a."""
        return [self.shift, self.shift + 1.0 / self.slope]

    def bent(self, z: Interval) -> np.ndarray:
        """Tell where a kink lies within."""
        begin, end = self._ends
        return ((z.low < begin) & (z.high > begin)) | ((z.low < end) & (z.high > end))

    def slopes(self, z: Interval) -> Slopes:
        """From each end to the far kink, or level, whichever leaves the smaller area."""
        begin, end = self._ends
        above = _slope_above(z, begin, end)
        below = _slope_above(Interval(-z.high, -z.low), -end, -begin)
        up = self.slope > 0
        return Slopes(np.where(up, below, -above), np.where(up, above, -below))

    def slack(self, unit: float, *parents: Interval) -> np.ndarray:
        """Return what rounding a (z − s) does, which is nothing away from the ramp."""
        (z,) = parents
        error = 4 * unit * self.sensitivity(z)
        ends = [self.slope * (end - self.shift) for end in z]
        flat = (np.maximum(*ends) < -error) | (np.minimum(*ends) > 1 + error)
        return np.where(flat, 0.0, np.minimum(error, 1.0)) + 2 * unit

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Return 1 + |a| (|z| + |s|)."""
        return 1.0 + np.abs(self.slope) * (z.size + np.abs(self.shift))

    @property
    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        kinks = self.shift, self.shift + 1.0 / self.slope
        return np.minimum(*kinks), np.maximum(*kinks)


def _slope_above(z: Interval, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the slope of a line above a ramp that rises from 0 at ``begin`` to 1 at ``end``.

    Its chord up to the ramp's end; over an interval that goes on beyond, the chord is lengthened,
    unless a level line at 1 leaves the smaller area.
    """
    top = np.minimum(z.high, end)
    run, span = top - z.low, end - begin
    low, high = (np.clip((place - begin) / span, 0.0, 1.0) for place in (z.low, top))
    chord = np.divide(high - low, run, out=np.zeros(run.shape), where=run > 0)
    return np.where(low + chord * (z.high - z.low) / 2 <= 1.0, chord, 0.0)


@dataclass(frozen=True, eq=False)
class Cosine(Elementwise):
    """cos 2πa(z − s).

    Parameters
    ----------
    shift : ndarray [n]
        s.
    slope : ndarray [n]
        a, not 0.
    """

    shift: np.ndarray
    slope: np.ndarray

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return cos 2πt of t's distance from a whole number."""
        turns = self.slope * (parents[0] - self.shift)
        return np.cos(2 * math.pi * (turns - np.rint(turns)))

    def critical(self, slope: np.ndarray, z: Interval) -> list[np.ndarray]:
        """Return the first and the last place of each kind where f′ is the slope.

        Between them f(z) − slope z changes evenly from place to place, one period apart.
        """
        sine = np.clip(-slope / (2 * math.pi * self.slope), -1.0, 1.0)
        phase = np.arcsin(sine) / (2 * math.pi)
        first, last = self._turns(z)
        places = []
        for turn in (phase, 0.5 - phase):
            for whole in (np.ceil(first - turn), np.floor(last - turn)):
                places.append(self.shift + (turn + whole) / self.slope)
        return places

    def bent(self, z: Interval) -> np.ndarray:
        """Tell that it is straight nowhere."""
        return np.ones(z.low.shape, bool)

    def slopes(self, z: Interval) -> Slopes:
        """Return chord and tangent on one arc; level lines beyond half a turn."""
        first, last = self._turns(z)
        chord = _chord_slope(self, z, np.zeros(z.low.shape))
        chord = np.where(last - first > 0.5, 0.0, chord)
        turns = (first + last) / 2
        tangent = -2 * math.pi * self.slope * np.sin(2 * math.pi * (turns - np.rint(turns)))
        hill = (np.rint(first) == np.rint(last)) & (np.abs(first - np.rint(first)) <= 0.25)
        hill &= np.abs(last - np.rint(last)) <= 0.25
        valley = (np.floor(first) == np.floor(last)) & (np.abs(first % 1 - 0.5) <= 0.25)
        valley &= np.abs(last % 1 - 0.5) <= 0.25
        return Slopes(np.where(valley, tangent, chord), np.where(hill, tangent, chord))

    def sensitivity(self, z: Interval) -> np.ndarray:
        """Return 1 + 2π |a| (|z| + |s|), the size of the angle."""
        return 1.0 + 2 * math.pi * np.abs(self.slope) * (z.size + np.abs(self.shift))

    def _turns(self, z: Interval) -> tuple[np.ndarray, np.ndarray]:
        ends = [self.slope * (end - self.shift) for end in z]
        return np.minimum(*ends), np.maximum(*ends)
