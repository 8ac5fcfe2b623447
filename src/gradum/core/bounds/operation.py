"""An operation of a graph, as bounds see it: intervals, lines, forms, zonotopes and rounding.

Shapes: B boxes, r linear forms, n numbers of a node.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.forms import Pulled
from gradum.core.bounds.generators import Zonotope
from gradum.core.bounds.lines import Lines, Slopes


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
