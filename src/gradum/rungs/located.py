"""The place where a rung expects a number, and how far from there it may lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Located:
    """What a rung says of n targets, on the scale that it learns (`TargetScale`).

    Parameters
    ----------
    centre : ndarray of shape (n,)
        m: the prediction, or the middle one of several quantiles.
    below, above : ndarray of shape (n,)
        s⁻ and s⁺ > 0: how far targets may lie on either side, up to a factor that is the same for
        all rows.
    """

    centre: np.ndarray
    below: np.ndarray
    above: np.ndarray

    @classmethod
    def join(cls, blocks: Iterable[Located]) -> Located:
        """Put what was said of some rows behind what was said of others."""
        several = list(blocks)
        return cls(
            np.concatenate([block.centre for block in several]),
            np.concatenate([block.below for block in several]),
            np.concatenate([block.above for block in several]),
        )

    def deviations(self, target: np.ndarray) -> np.ndarray:
        """Return t = (y − m) / s⁺ where y ≥ m, and (y − m) / s⁻ below, of targets y (n,).

        Targets are on the scale that the rung learns.
        """
        distance = target - self.centre
        return distance / np.where(distance < 0, self.below, self.above)

    def at(self, deviation: np.ndarray | float) -> np.ndarray:
        """Return the targets (n,) whose `deviations` are those given: m + t s."""
        side = np.where(np.less(deviation, 0), self.below, self.above)
        return self.centre + deviation * side

    def at_each(self, deviations: np.ndarray) -> np.ndarray:
        """Return the targets (n, k) of every row whose deviations are those given (k,)."""
        side = np.where(deviations < 0, self.below[:, None], self.above[:, None])
        return self.centre[:, None] + deviations * side

    def take(self, rows: np.ndarray) -> Located:
        """Return what was said of the given rows."""
        return Located(self.centre[rows], self.below[rows], self.above[rows])

    def scaled(self, centre: float, scale: float) -> Located:
        """Return the same on the scale of centre + scale · target, where the scale is above 0."""
        return Located(centre + scale * self.centre, scale * self.below, scale * self.above)

    def mirrored(self) -> Located:
        """Return the same of the targets with the other sign."""
        return Located(-self.centre, self.above, self.below)
