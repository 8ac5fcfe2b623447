"""Operations that are linear in their parents: products with a matrix, and sums.

Shapes: N rows, B boxes, n numbers of a node, r linear forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.box import FLOAT64, UNDERFLOW, Box, gamma
from gradum.core.bounds.forms import Lines, Pulled, Zonotope, against, over_symbols
from gradum.core.bounds.operation import Operation


@dataclass(frozen=True, eq=False)
class Affine(Operation):
    """z = y W + b."""

    weight: np.ndarray
    """Of shape [in, out]. W, in float64."""
    bias: np.ndarray
    """Of shape [out]. b."""
    roundings: int | None = None
    """How many roundings in a row a term goes through in the network's own arithmetic; by default,
    the roundings of its product, of a sum of all terms in any order, and of adding the bias."""
    size: np.ndarray | float = 0.0
    """Of shape [out], or a number. Sizes of further terms that the network adds up and whose sum is
    part of b here."""
    error: np.ndarray | float = 0.0
    """Of shape [out], or a number. How far z may differ from y W + b for any reason other than
    rounding."""

    def width(self, widths: Sequence[int]) -> int | None:
        """Return the number of W's columns, if W has a row for each of the parent's numbers."""
        fits = list(widths) == [len(self.weight)] and self.bias.shape == self.weight.shape[1:]
        return len(self.bias) if fits else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return y W + b."""
        (y,) = parents
        return y @ self.weight + self.bias

    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Multiply by Wᵀ."""
        return [gradient @ self.weight.T]

    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return the least and greatest t W; a rounded sum of terms of one sign keeps the sign."""
        (slopes,) = tangents
        up, down = np.maximum(self.weight, 0.0), np.minimum(self.weight, 0.0)
        low = slopes.low @ up + slopes.high @ down
        high = slopes.high @ up + slopes.low @ down
        falls = np.minimum(slopes.low, 0.0) @ up + np.maximum(slopes.high, 0.0) @ down
        rises = np.maximum(slopes.high, 0.0) @ up + np.minimum(slopes.low, 0.0) @ down
        error = gamma(2 * len(self.weight) + 8, FLOAT64) * (slopes.size @ np.abs(self.weight))
        return Box(np.where(falls < 0, low - error, low), np.where(rises > 0, high + error, high))

    def interval(self, *parents: Box) -> Box:
        """Return c W + b ± (r |W| + error) for centre c and radius r."""
        (y,) = parents
        centre = (y.low + y.high) / 2
        radius = np.maximum(y.high - centre, centre - y.low)
        middle = centre @ self.weight + self.bias
        reach = radius @ np.abs(self.weight) + self.error
        return Box(middle - reach, middle + reach)

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return γ (|y| |W| + |b|); in float64, γ also covers sums over W's columns."""
        (y,) = parents
        count = self._roundings
        if unit == FLOAT64:
            count = max(count, 2 * max(self.weight.shape) + 8)
        size = y.size @ np.abs(self.weight) + np.abs(self.bias) + self.size
        return gamma(count, unit) * size + UNDERFLOW[unit]

    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
    ) -> Pulled:
        """Return the forms A Wᵀ with the constants A b."""
        flat = forms.reshape(-1, forms.shape[-1]) @ self.weight.T  # one product for all boxes
        coefficients = flat.reshape(*forms.shape[:-1], len(self.weight))
        return Pulled([coefficients], forms @ self.bias, against(np.abs(forms), slack + self.error))

    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Take some columns of W, and all of the parent's numbers."""
        size, error = (
            np.broadcast_to(part, self.bias.shape)[numbers] for part in (self.size, self.error)
        )
        some = Affine(
            self.weight[:, numbers], self.bias[numbers], self._roundings, size=size, error=error
        )
        return some, [np.arange(len(self.weight))]

    def absorb(self, fixed: np.ndarray, value: np.ndarray, reach: np.ndarray) -> Affine:
        """Add the fixed numbers' contribution to the bias, and its possible error to the error."""
        weight, value, reach = self.weight[fixed], value[fixed], reach[fixed]
        return Affine(
            self.weight[~fixed],
            self.bias + value @ weight,
            self._roundings,
            size=self.size + np.abs(self.bias) + np.abs(value) @ np.abs(weight),
            error=self.error + reach @ np.abs(weight) * (1 + 1e-9),
        )

    @property
    def _roundings(self) -> int:
        return len(self.weight) + 2 if self.roundings is None else self.roundings

    @property
    def increasing(self) -> bool:
        """Whether it multiplies all numbers by one factor above 0, and adds one number to each."""
        factor = self.weight[:1, :1].sum()
        alike = np.array_equal(self.weight, factor * np.eye(*self.weight.shape))
        return bool(alike and factor > 0 and np.ptp(self.bias) == 0)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers that it maps to these values, where it is increasing."""
        return (values - self.bias) / self.weight[0, 0]

    def push(
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
    ) -> Zonotope:
        """Multiply centre and generators by W, and the rest by |W|; add the error to the rest."""
        (y,) = zonotopes
        boxes, count = y.generators.shape[:2]
        # One product for all boxes.
        flat = y.generators.reshape(boxes * count, len(self.weight)) @ self.weight
        generators = flat.reshape(boxes, count, len(self.bias))
        reach = np.abs(y.centre) + y.reach
        rest = y.rest @ np.abs(self.weight) + self.error + self.slack(FLOAT64, Box(-reach, reach))
        return Zonotope(y.centre @ self.weight + self.bias, generators, rest, y.symbols)


@dataclass(frozen=True, eq=False)
class Sum(Operation):
    """z = ± y₁ ± y₂ …, number by number."""

    signs: tuple[float, ...]
    """1 or −1 for each parent."""

    def width(self, widths: Sequence[int]) -> int | None:
        """Return the width of the parents, if all have the same."""
        fits = len(widths) == len(self.signs) and len(set(widths)) == 1
        return widths[0] if fits else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the sum."""
        return sum(sign * y for sign, y in zip(self.signs, parents, strict=True))  # type: ignore[return-value]

    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Pass the gradient on, with each parent's sign."""
        return [sign * gradient for sign in self.signs]

    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Add the least and the greatest slopes, swapped where a sign is −1."""
        low, high = self.interval(*tangents)
        pairs = zip(self.signs, tangents, strict=True)
        ends = [t if sign > 0 else Box(-t.high, -t.low) for sign, t in pairs]
        error = 2 * self.slack(FLOAT64, *tangents)
        falls = np.any([end.low < 0 for end in ends], axis=0)
        rises = np.any([end.high > 0 for end in ends], axis=0)
        return Box(np.where(falls, low - error, low), np.where(rises, high + error, high))

    def interval(self, *parents: Box) -> Box:
        """Add lows and highs, swapped where a sign is −1."""
        pairs = list(zip(self.signs, parents, strict=True))
        low = sum(sign * (y.low if sign > 0 else y.high) for sign, y in pairs)
        high = sum(sign * (y.high if sign > 0 else y.low) for sign, y in pairs)
        return Box(np.asarray(low), np.asarray(high))

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return γ Σ |y|."""
        return gamma(len(parents), unit) * np.sum([y.size for y in parents], axis=0)

    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
    ) -> Pulled:
        """Pass the forms on, with each parent's sign."""
        radius = against(np.abs(forms), slack)
        return Pulled([sign * forms for sign in self.signs], np.zeros_like(radius), radius)

    def push(
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
    ) -> Zonotope:
        """Add centres and generators, each with its parent's sign."""
        generators, symbols = over_symbols(zonotopes)
        reach = [np.abs(y.centre) + y.reach for y in zonotopes]
        rest = np.sum([y.rest for y in zonotopes], axis=0) + self.slack(
            FLOAT64, *(Box(-r, r) for r in reach)
        )
        return Zonotope(
            self.concrete(*(y.centre for y in zonotopes)), self.concrete(*generators), rest, symbols
        )

    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Take the same numbers of every parent."""
        return self, [numbers] * len(self.signs)
