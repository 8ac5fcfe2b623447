"""The place where a rung expects a number, and how far from it the number may lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Located:
    """What a rung says of n targets, on the scale on which it learns (`TargetScale`)."""

    centre: np.ndarray
    """Of shape (n,). m: the prediction, or the middle one of several quantiles."""
    below: np.ndarray
    above: np.ndarray
    """Of shape (n,). s⁻ and s⁺ > 0: how far targets may lie on either side, up to a factor that is
    the same for all rows."""

    @classmethod
    def join(cls, blocks: Iterable[Located]) -> Located:
        """Concatenate what was said of blocks of rows."""
        several = list(blocks)
        return cls(
            np.concatenate([block.centre for block in several]),
            np.concatenate([block.below for block in several]),
            np.concatenate([block.above for block in several]),
        )

    def deviations(self, target: np.ndarray) -> np.ndarray:
        """Return the deviations t of targets y (n,).

        t = (y − m) / s⁺ where y ≥ m, else (y − m) / s⁻. The targets are on the scale on which the
        rung learns.
        """
        distance = target - self.centre
        return distance / np.where(distance < 0, self.below, self.above)

    def at(self, deviation: np.ndarray | float) -> np.ndarray:
        """Return the targets (n,) whose `deviations` are those given: m + t s."""
        side = np.where(np.less(deviation, 0), self.below, self.above)
        return self.centre + deviation * side

    def at_each(self, deviations: np.ndarray) -> np.ndarray:
        """Return the targets (n, k) that have the given deviations (k,) in each row."""
        side = np.where(deviations < 0, self.below[:, None], self.above[:, None])
        return self.centre[:, None] + deviations * side

    def take(self, rows: np.ndarray) -> Located:
        """Return what was said of the given rows."""
        return Located(self.centre[rows], self.below[rows], self.above[rows])

    def scaled(self, centre: float, scale: float | np.ndarray) -> Located:
        """Return the same on the scale of centre + scale · target, for scales above 0."""
        return Located(centre + scale * self.centre, scale * self.below, scale * self.above)

    def of_exposure(self, exposure: np.ndarray | None) -> Located:
        """Return the same for means over so many units each (n,): they spread by 1/√ less."""
        if exposure is None:
            return self
        return Located(self.centre, self.below / np.sqrt(exposure), self.above / np.sqrt(exposure))

    def mirrored(self) -> Located:
        """Return the same for the targets with the opposite sign."""
        return Located(-self.centre, self.above, self.below)
