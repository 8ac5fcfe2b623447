"""An operation of a graph, as bounds see it: values, intervals, lines and rounding.

Shapes: B boxes, r linear forms, n numbers of a node.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gradum.core.bounds.rounding import FLOAT64, UNDERFLOW, gamma


class Box(NamedTuple):
    """Numbers low ≤ z ≤ high, both of shape [B, n]."""

    low: np.ndarray
    high: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest |z|."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def widened(self, slack: np.ndarray) -> Box:
        """Return an interval that reaches further by so much, and by the rounding of that."""
        slack = slack + 2 * FLOAT64 * (self.size + slack) + UNDERFLOW[FLOAT64]
        return Box(self.low - slack, self.high + slack)


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


class Zonotope(NamedTuple):
    """Numbers centre + Σ ε_g generators_g, each |ε_g| ≤ 1, give or take ``rest``.

    ``centre`` and ``rest`` are [B, n], ``generators`` [B, g, n]. ``symbols`` [g], rising, number
    the ε: the same number means the same ε in every node of a graph. The first d are those of the
    inputs.
    """

    centre: np.ndarray
    generators: np.ndarray
    rest: np.ndarray
    symbols: np.ndarray

    @classmethod
    def of_box(cls, box: Box) -> Zonotope:
        """Return a box [B, d] as one, with a generator for each number."""
        centre = (box.low + box.high) / 2
        reach = np.maximum(box.high - centre, centre - box.low)
        inputs = centre.shape[1]
        generators = np.eye(inputs) * reach[:, None]
        return cls(centre, generators, 2 * FLOAT64 * reach, np.arange(inputs))

    @property
    def reach(self) -> np.ndarray:
        """How far [B, n] they reach from the centre, but for rounding."""
        return np.abs(self.generators).sum(axis=1) + self.rest

    def widened(self, slack: np.ndarray) -> Zonotope:
        """Return one that reaches further by so much [B or 1, n]."""
        return self._replace(rest=self.rest + slack)

    def ends(self) -> Box:
        """Return the interval of each number, rounded outward."""
        reach = self.reach
        rounding = gamma(self.generators.shape[1] + 8, FLOAT64) * (np.abs(self.centre) + reach)
        return Box(self.centre - reach, self.centre + reach).widened(rounding)


def over_symbols(zonotopes: Sequence[Zonotope]) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the generators of several zonotopes over all symbols that any has, and the symbols."""
    symbols = zonotopes[0].symbols
    for other in zonotopes[1:]:
        if not np.array_equal(other.symbols, symbols):
            symbols = np.union1d(symbols, other.symbols)
    filled = []
    for centre, generators, _, own in zonotopes:
        if len(own) < len(symbols):
            missing, present = generators, np.searchsorted(symbols, own)
            generators = np.zeros((len(centre), len(symbols), centre.shape[1]))
            generators[:, present] = missing
        filled.append(generators)
    return filled, symbols


def chosen_first(wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places [B, most] of what each row of [B, n] wants, and which of them it does.

    A row that wants fewer than the most of any is filled up with places that it does not want.
    """
    most = int(wanted.sum(axis=1).max(initial=0))
    places = np.argsort(~wanted, axis=1, kind="stable")[:, :most]
    return places, np.take_along_axis(wanted, places, axis=1)


class Operation(ABC):
    """A function of the numbers of one or several parents, row by row."""

    @abstractmethod
    def width(self, widths: Sequence[int]) -> int | None:
        """Return how many numbers it makes of parents of such widths; None where it takes none."""

    @abstractmethod
    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return its values [N, n] of its parents', in float64."""

    @abstractmethod
    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Return the gradient [N, ·] by each parent's numbers, of one by its own values [N, n]."""

    @abstractmethod
    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return between what [B, n] its values' slopes along a way lie, given its parents' slopes.

        Where it bends, slopes to either side count, and all between them. An end that is 0 because
        nothing has the other sign is 0 in spite of rounding.

        Parameters
        ----------
        tangents : sequence of Box
            Slopes of the parents' numbers along the way.
        parents : sequence of Box
            Where the parents' numbers lie.
        """

    @abstractmethod
    def interval(self, *parents: Box) -> Box:
        """Return the interval of its values, in exact arithmetic but for what `slack` covers."""

    def separate(self, *parents: np.ndarray) -> np.ndarray | None:
        """Tell which numbers are each made of one input, given that of its parents' numbers.

        None where they are not, or need not be; their intervals are as narrow as can be.
        """
        return None

    @abstractmethod
    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Return the operation that makes some of its numbers, and which of each parent's it takes.

        Parameters
        ----------
        numbers : ndarray of int
            Rising.
        widths : sequence of int
            How many numbers each parent has.
        """

    def absorb(self, fixed: np.ndarray, value: np.ndarray, reach: np.ndarray) -> Operation | None:
        """Return the operation of its parent's other numbers, where some are as good as fixed.

        Parameters
        ----------
        fixed : ndarray of bool [n]
            Which of the parent's.
        value, reach : ndarray [n]
            What they are, and how far they may be off; of the others, anything.

        Returns
        -------
        Operation or None
            None where it takes all numbers in any case.
        """
        return None

    @property
    def increasing(self) -> bool:
        """Whether it is one strictly increasing function of all its numbers, each by itself.

        It then has an ``inverse``.
        """
        return False

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers that it makes these of, where it is `increasing`."""
        raise NotImplementedError

    def steepness(self, z: Box) -> Box:
        """Return between what its slope lies on an interval, where it has `lines`."""
        raise NotImplementedError

    def bend(self) -> float | None:
        """Return the one place where it bends a number, and is straight on either side, if so."""
        return None

    def bent(self, z: Box) -> np.ndarray:
        """Tell where [1 or B, n] narrower intervals of a parent would give tighter bounds."""
        return np.zeros((1, z.low.shape[-1]), bool)

    def lines(self, *parents: Box, slopes: Slopes | None = None) -> Lines | None:
        """Return the lines that it is put between; None where it is linear itself."""
        return None

    @abstractmethod
    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return [B, n], by how much rounding with such a unit roundoff can move its values.

        The unit is `rounding.FLOAT64` or `rounding.FLOAT32`. In float64 it also covers the rounding
        of `interval`, and of a linear operation's `pull`.
        """

    @abstractmethod
    def pull(
        self,
        forms: np.ndarray,
        slack: np.ndarray,
        parents: Sequence[Box],
        lines: Lines | None,
    ) -> Pulled:
        """Bound linear forms A z [B or 1, r, n] of its values from below by forms of its parents'.

        Parameters
        ----------
        forms : ndarray
            A.
        slack : ndarray [B, n]
            How far its values may be off, in each direction.
        parents : sequence of Box
            Where the parents' numbers lie.
        lines : Lines or None
            Those that an elementwise operation is put between.
        """

    @abstractmethod
    def push(
        self,
        zonotopes: Sequence[Zonotope],
        parents: Sequence[Box],
        lines: Lines | None,
        fresh: int,
    ) -> Zonotope:
        """Carry zonotopes of its parents forward to one that its exact values lie in.

        Parameters
        ----------
        zonotopes : sequence of Zonotope
            What the parents lie in.
        parents : sequence of Box
            Where the parents' numbers lie, too.
        lines : Lines or None
            Those that an elementwise operation is put between, of one slope.
        fresh : int
            The first symbol that no node has yet, for generators of its own.
        """


def against(forms: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return A z [B, r] of linear forms A [B or 1, r, n] and numbers z [B or 1, n]."""
    return np.matmul(forms, z[..., None])[..., 0]
