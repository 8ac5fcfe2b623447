"""An operation of a graph, as bounds see it: intervals, lines, forms, zonotopes and rounding.

Shapes: B boxes, r linear forms, n numbers of a node.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.forms import Lines, Pulled, Slopes, Zonotope


class Operation(ABC):
    """A function of the numbers of one or several parents, row by row."""

    @abstractmethod
    def width(self, widths: Sequence[int]) -> int | None:
        """Return its width, given the widths of its parents; None if these do not fit."""

    @abstractmethod
    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return its values [N, n] given its parents' values, in float64."""

    @abstractmethod
    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Return the gradients [N, ·] for its parents' numbers, given that for its own [N, n]."""

    @abstractmethod
    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return an interval [B, n] of the slopes of its values along a way through the inputs.

        Where it bends, the slopes on both sides and all between them count. An end that is 0
        because no slope has the other sign stays 0 in spite of rounding.

        Parameters
        ----------
        tangents : sequence of Box
            Slopes of the parents' numbers along the way.
        parents : sequence of Box
            Where the parents' numbers lie.
        """

    @abstractmethod
    def interval(self, *parents: Box) -> Box:
        """Return the interval of its values, exact except for the rounding that `slack` covers."""

    def separate(self, *parents: np.ndarray) -> np.ndarray | None:
        """Return which of its numbers depend on one input each, or None if none is known to.

        The interval of such a number is as narrow as it can be. ``parents`` are the same flags for
        the parents' numbers.
        """
        return None

    @abstractmethod
    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Return an operation for some of its numbers, and which numbers of each parent that takes.

        Parameters
        ----------
        numbers : ndarray of int
            Rising.
        widths : sequence of int
            How many numbers each parent has.
        """

    def absorb(self, fixed: np.ndarray, value: np.ndarray, reach: np.ndarray) -> Operation | None:
        """Return what is left of the operation once some of its parent's numbers are fixed.

        Parameters
        ----------
        fixed : ndarray of bool [n]
            Which of the parent's numbers are fixed.
        value, reach : ndarray [n]
            Their values, and how far these may be off; the entries of the other numbers do not
            matter.

        Returns
        -------
        Operation or None
            The operation on the other numbers alone; None if it always needs all of them.
        """
        return None

    @property
    def increasing(self) -> bool:
        """Whether it applies one strictly increasing function to each of its numbers.

        It then has an ``inverse``.
        """
        return False

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers that it maps to these values, where it is `increasing`."""
        raise NotImplementedError

    def steepness(self, z: Box) -> Box:
        """Return an interval of its slopes over the interval z, if it has `lines`."""
        raise NotImplementedError

    def bend(self) -> float | None:
        """Return the place of its bend, if it has only one and is straight on both sides."""
        return None

    def bent(self, z: Box) -> np.ndarray:
        """Tell where [1 or B, n] a narrower interval of the parent would give tighter bounds."""
        return np.zeros((1, z.low.shape[-1]), bool)

    def lines(self, *parents: Box, slopes: Slopes | None = None) -> Lines | None:
        """Return the lines that bound it; None if it is linear itself."""
        return None

    @abstractmethod
    def slack(self, unit: float, *parents: Box) -> np.ndarray:
        """Return how far [B, n] rounding with this unit roundoff can move its values.

        The unit is `rounding.FLOAT64` or `rounding.FLOAT32`. In float64 the result also covers the
        rounding of `interval`, and of a linear operation's `pull`.
        """

    def disorder(self, unit: float, *parents: Box) -> np.ndarray:
        """Return how far [B, n] rounding puts values of one number out of order.

        If f rises from z to z′, its computed value falls by at most twice this. A single
        difference, product or limit keeps the order, because rounding itself is monotone.
        """
        return self.slack(unit, *parents)

    @abstractmethod
    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
    ) -> Pulled:
        """Bound linear forms A z [B or 1, r, n] of its values from below, by forms of its parents.

        Parameters
        ----------
        forms : ndarray
            A.
        slack : ndarray [B, n]
            How far its values may be off, in each direction.
        parents : sequence of Box
            Where the parents' numbers lie.
        lines : Lines or None
            The lines that bound an elementwise operation.
        """

    @abstractmethod
    def push(
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
    ) -> Zonotope:
        """Carry zonotopes of its parents forward to one that contains its exact values.

        Parameters
        ----------
        zonotopes : sequence of Zonotope
            The zonotopes that contain the parents' numbers.
        parents : sequence of Box
            The boxes that contain the parents' numbers as well.
        lines : Lines or None
            The lines that bound an elementwise operation, both with the same slope.
        fresh : int
            The first symbol that no node uses yet, for generators of its own.
        """
