"""Operations that only arrange numbers: they put them side by side, or select some.

Shapes: N rows, B boxes, n numbers of a node, r linear forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.core.bounds.box import FLOAT64, Box, gamma
from gradum.core.bounds.forms import Lines, Pulled, Zonotope, against, over_symbols
from gradum.core.bounds.operation import Operation


@dataclass(frozen=True, eq=False)
class Concatenated(Operation):
    """The numbers of its parents, one parent after the other."""

    def width(self, widths: Sequence[int]) -> int | None:
        """Return the sum of the parents' widths."""
        return sum(widths) if widths else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the parents side by side."""
        return np.concatenate(parents, axis=-1)

    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Give each parent its own part of the gradient."""
        ends = np.cumsum([y.shape[-1] for y in parents])
        return np.split(gradient, ends[:-1], axis=-1)

    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return the parents' slopes side by side."""
        return self.interval(*tangents)

    def interval(self, *parents: Box) -> Box:
        """Return the parents' intervals side by side."""
        low = np.concatenate([y.low for y in parents], axis=-1)
        return Box(low, np.concatenate([y.high for y in parents], axis=-1))

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return 0: nothing is computed."""
        return np.zeros(1)

    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
    ) -> Pulled:
        """Give each parent its own part of the forms."""
        ends = np.cumsum([y.low.shape[-1] for y in parents])
        nothing = np.zeros(forms.shape[:-1])
        return Pulled(np.split(forms, ends[:-1], axis=-1), nothing, nothing)

    def push(
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
    ) -> Zonotope:
        """Put the parents' zonotopes side by side."""
        generators, symbols = over_symbols(zonotopes)
        return Zonotope(
            np.concatenate([y.centre for y in zonotopes], axis=-1),
            np.concatenate(generators, axis=-1),
            np.concatenate([y.rest for y in zonotopes], axis=-1),
            symbols,
        )

    def separate(self, *parents: np.ndarray) -> np.ndarray:
        """Return the flags of the parents' numbers."""
        return np.concatenate(parents)

    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Take the wanted numbers of each parent."""
        starts = np.cumsum([0, *widths])
        whose = np.searchsorted(starts, numbers, side="right") - 1
        return self, [numbers[whose == k] - start for k, start in enumerate(starts[:-1])]


@dataclass(frozen=True, eq=False)
class Selected(Operation):
    """Some numbers of its parent, in any order, perhaps several times."""

    places: np.ndarray
    """Integers of shape [n]. Where each number stands among the parent's."""

    def width(self, widths: Sequence[int]) -> int | None:
        """Return how many numbers are selected, if the parent has them all."""
        fits = len(widths) == 1 and bool((self.places < widths[0]).all())
        return len(self.places) if fits else None

    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return the numbers."""
        return parents[0][..., self.places]

    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return their slopes."""
        return self.interval(*tangents)

    def interval(self, *parents: Box) -> Box:
        """Return their intervals."""
        (y,) = parents
        return Box(y.low[..., self.places], y.high[..., self.places])

    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Add up the gradients of each number of the parent over all places that selected it."""
        (y,) = parents
        added = np.zeros(y.shape)
        np.add.at(added.T, self.places, gradient.T)
        return [added]

    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return 0: nothing is computed."""
        return np.zeros(1)

    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
    ) -> Pulled:
        """Add up the forms of each number of the parent over all places that selected it."""
        width = parents[0].low.shape[-1]
        order, present, starts = self._sorted
        coefficients = np.zeros((*forms.shape[:-1], width))
        if len(starts):
            coefficients[..., present] = np.add.reduceat(forms[..., order], starts, axis=-1)
        radius = against(np.abs(forms), slack)
        if len(starts) < len(order):
            size = against(np.abs(forms), parents[0].size[..., self.places])
            radius = radius + gamma(len(order), FLOAT64) * size
        return Pulled([coefficients], np.zeros_like(radius), radius)

    def push(
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
    ) -> Zonotope:
        """Take the same numbers of centre, generators and rest."""
        (y,) = zonotopes
        centre, generators, rest = y.centre, y.generators, y.rest
        places = self.places
        return Zonotope(centre[..., places], generators[..., places], rest[..., places], y.symbols)

    def separate(self, *parents: np.ndarray) -> np.ndarray:
        """Return the flags of the selected numbers."""
        return parents[0][self.places]

    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Take only those of the parent's numbers that are still needed."""
        needed, places = np.unique(self.places[numbers], return_inverse=True)
        return Selected(places), [needed]

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The order that sorts the places, the distinct places, and where each of them begins."""
        order = np.argsort(self.places, kind="stable")
        return order, *np.unique(self.places[order], return_index=True)
