"""Mean and variance of all that was seen so far, merged batch by batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class RunningMoments(NamedTuple):
    """How many rows there were, and the mean and the variance of each column (d,).

    NumPy merges them, in float64; what they scale may be JAX's.
    """

    count: Any
    mean: Any
    variance: Any

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> RunningMoments:
        """Return those of no rows: mean 0 and variance 1."""
        return cls(np.zeros(()), np.zeros(shape), np.ones(shape))

    def merged(self, rows: np.ndarray) -> RunningMoments:
        """Return those of the rows (n, d) too.

        T. Chan, G. Golub and R. LeVeque, Updating formulae and a pairwise algorithm for computing
        sample variances, 1979.
        """
        n, rows = len(rows), rows.astype(np.float64)
        count = self.count + n
        gap = rows.mean(axis=0) - self.mean
        between = gap**2 * self.count * n / count
        squares = self.variance * self.count + rows.var(axis=0) * n + between
        return RunningMoments(count, self.mean + gap * n / count, squares / count)

    @property
    def scale(self) -> Any:
        """The standard deviation, or what stands for it in a column that hardly varies."""
        return (self.variance + 1e-8) ** 0.5
