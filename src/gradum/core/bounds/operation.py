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
        """Return how many numbers it makes of parents of these widths; None if they do not fit."""

    @abstractmethod
    def concrete(self, *parents: np.ndarray) -> np.ndarray:
        """Return its values [N, n] of its parents', in float64."""

    @abstractmethod
    def backward(self, gradient: np.ndarray, *parents: np.ndarray) -> list[np.ndarray]:
        """Return the gradient [N, ·] by each parent's numbers, given that by its values [N, n]."""

    @abstractmethod
    def tangent(self, tangents: Sequence[Box], parents: Sequence[Box]) -> Box:
        """Return an interval [B, n] of the slopes of its values along a way through the inputs.

        Where it bends, the slopes on both sides count, and all between them. An end that is 0
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
        """Return the interval of its values, in exact arithmetic but for what `slack` covers."""

    def separate(self, *parents: np.ndarray) -> np.ndarray | None:
        """Return which of its numbers are made of one input each, or None if none is known to be.

        The interval of such a number is as narrow as it can be. ``parents`` are the same flags of
        the parents' numbers.
        """
        return None

    @abstractmethod
    def part(
        self, numbers: np.ndarray, widths: Sequence[int]
    ) -> tuple[Operation, list[np.ndarray]]:
        """Return an operation that makes some of its numbers, and what that takes of each parent.

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
            What those are, and how far they may be off; the entries of the others do not matter.

        Returns
        -------
        Operation or None
            It takes the other numbers alone; None if the operation always needs all of them.
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
        """Return an interval of its slopes over the interval z, if it has `lines`."""
        raise NotImplementedError

    def bend(self) -> float | None:
        """Return the place of its only bend, if it is straight on both sides of one place."""
        return None

    def bent(self, z: Box) -> np.ndarray:
        """Return where [1 or B, n] a narrower interval of the parent would give tighter bounds."""
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

    def disorder(self, unit: float, *parents: Box) -> np.ndarray:
        """Return [B, n], how far rounding puts values that are made of one number out of order.

        As f rises from z to z′, its computed value falls by no more than twice this. A single
        difference, product or limit keeps the order, because rounding itself is monotone.
        """
        return self.slack(unit, *parents)

    @abstractmethod
    def pull(
        self, forms: np.ndarray, slack: np.ndarray, parents: Sequence[Box], lines: Lines | None
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
        self, zonotopes: Sequence[Zonotope], parents: Sequence[Box], lines: Lines | None, fresh: int
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
