"""Sums over training rows that do not fit in memory."""

from __future__ import annotations

import numpy as np

from gradum.rungs.target_scale import TargetScale


class Totals:
    """Weights, targets and their squares summed up over the training rows.

    Parameters
    ----------
    classes : int
        K; 0 for a regression.
    log : bool
        Whether the logarithm of the target is learned.
    """

    def __init__(self, classes: int, *, log: bool) -> None:
        self._log = log
        self._by_class = np.zeros(classes)
        self._sums = np.zeros(3)  # of weight, weight · (t − origin), weight · (t − origin)²
        self._origin: float | None = None
        self._low, self._high, self._rows = np.inf, -np.inf, 0

    def add(self, target: np.ndarray, weight: np.ndarray) -> None:
        """Add rows."""
        self._rows += len(target)
        if len(self._by_class):
            self._by_class += np.bincount(target, weight, len(self._by_class))
            return
        if not len(target):
            return
        self._low = min(self._low, float(target.min()))
        self._high = max(self._high, float(target.max()))
        learned = np.log(target) if self._log else target
        if self._origin is None:
            self._origin = float(learned.mean())  # near the mean: nothing cancels
        moved = learned - self._origin
        self._sums += [weight.sum(), weight @ moved, weight @ moved**2]

    @property
    def by_class(self) -> np.ndarray:
        """Weight of each class (K,), of mean 1 a row."""
        return self._by_class * (self._rows / self._by_class.sum())

    @property
    def scale(self) -> TargetScale:
        """The scale of a regression's target, as `TargetScale.fit` has it of rows in memory."""
        total, first, second = self._sums
        mean = first / total
        deviation = float(np.sqrt(max(second / total - mean**2, 0.0)))
        centre = float((self._origin or 0.0) + mean)
        return TargetScale(centre, deviation or 1.0, self._low, self._high, self._log)
