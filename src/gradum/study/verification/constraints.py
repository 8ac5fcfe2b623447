"""The unsafe outputs of a domain as one matrix: a row for each constraint of each polyhedron.

Shapes: N points, B boxes, k outputs, p polyhedra, r constraints of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.property import Polyhedron


@dataclass(frozen=True, eq=False)
class Constraints:
    """Outputs with C y ≤ c, polyhedron by polyhedron.

    Parameters
    ----------
    coefficients : ndarray [r, k]
        C.
    limits : ndarray [r]
        c.
    starts : ndarray [p]
        The first row of each polyhedron.
    """

    coefficients: np.ndarray
    limits: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, unsafe: Sequence[Polyhedron], outputs: int) -> Constraints:
        """Stack the rows of polyhedra; one without rows gets 0 y ≤ 0, which always holds."""
        nothing = Polyhedron(np.zeros((1, outputs)), np.zeros(1))
        filled = [polyhedron if len(polyhedron.limits) else nothing for polyhedron in unsafe]
        counts = [len(polyhedron.limits) for polyhedron in filled]
        return cls(
            np.concatenate([polyhedron.coefficients for polyhedron in filled]),
            np.concatenate([polyhedron.limits for polyhedron in filled]),
            np.cumsum([0, *counts[:-1]]),
        )

    @property
    def owners(self) -> np.ndarray:
        """The polyhedron [r] of each row."""
        counts = np.diff([*self.starts, len(self.limits)])
        return np.repeat(np.arange(len(self.starts)), counts)

    def margins(self, y: np.ndarray) -> np.ndarray:
        """Return max (C y − c) [N, p] of each polyhedron: 0 or less where y belongs to it."""
        return np.maximum.reduceat(self.excess(y), self.starts, axis=1)

    def excess(self, y: np.ndarray) -> np.ndarray:
        """Return C y − c [N, r]."""
        return y @ self.coefficients.T - self.limits

    def lacks(self, lower: np.ndarray) -> np.ndarray:
        """Return how much [B, p] lower bounds [B, r] of C y lack to exclude each polyhedron.

        Where the lack is negative, a row has a bound above its limit, and the polyhedron is
        excluded.
        """
        return np.minimum.reduceat(self.limits - lower, self.starts, axis=1)

    def nearest_row(self, lower: np.ndarray, polyhedron: np.ndarray) -> np.ndarray:
        """Return which row [B] of a polyhedron [B] lacks least."""
        lacks = np.where(self.owners == polyhedron[:, None], self.limits - lower, np.inf)
        return lacks.argmin(axis=1)
