"""A numeric target as the models see it, and the way back to its own units."""

from __future__ import annotations

import msgspec
import numpy as np


class TargetScale(msgspec.Struct, frozen=True):
    """Models learn (t - centre) / scale, where t is the target, or its logarithm.

    The way back from a prediction f is t = centre + scale f; from the logarithm it is
    exp(t) times Duan's smearing factor, the mean of exp(residual) over the training rows,
    since the exponential of a mean is not the mean of the exponential
    (Duan, JASA 78, 1983).

    Parameters
    ----------
    centre, scale : float
        Over the training rows, in units of t: the mean and the standard deviation or, for
        quantiles, the median and the mean distance from it.
    low, high : float
        Smallest and largest training target, in the target's own units.
    log : bool
        Whether t is the logarithm of the target.
    smearing : float
        Duan's factor; 1 without the logarithm.
    """

    centre: float
    scale: float
    low: float
    high: float
    log: bool = False
    smearing: float = 1.0

    @classmethod
    def fit(
        cls, target: np.ndarray, weight: np.ndarray, *, log: bool, robust: bool = False
    ) -> TargetScale:
        """Measure the training rows: target (n,) and weight (n,); ``robust`` by the median."""
        values = np.log(target) if log else target
        if robust:
            centre = float(np.quantile(values, 0.5, weights=weight, method="inverted_cdf"))
            scale = float(np.average(np.abs(values - centre), weights=weight))
        else:
            centre = float(np.average(values, weights=weight))
            scale = float(np.sqrt(np.average(np.square(values - centre), weights=weight)))
        return cls(centre, scale or 1.0, float(target.min()), float(target.max()), log)

    def forward(self, target: np.ndarray) -> np.ndarray:
        """Bring targets to the models' scale."""
        return ((np.log(target) if self.log else target) - self.centre) / self.scale

    def inverse(self, scaled: np.ndarray, *, clamp: bool) -> np.ndarray:
        """Bring predictions back; ``clamp`` holds them within the training targets."""
        values = self.centre + self.scale * scaled
        if self.log:
            # A straight line goes on for ever, and its exponential leaves this world: beyond the
            # training targets it may rise and fall by their range once more, not further.
            low, high = np.log(self.low), np.log(self.high)
            values = np.clip(values, 2 * low - high, 2 * high - low)
            values = np.exp(values) * self.smearing
        return np.clip(values, self.low, self.high) if clamp else values

    def largest(self, scaled: float) -> float:
        """Return a bound of predictions whose scaled ones are up to that size; perhaps infinite."""
        straight = abs(self.centre) + self.scale * scaled
        if not self.log:
            return straight
        farthest = np.exp(2 * np.log(self.high) - np.log(self.low))
        return straight + float(self.smearing * farthest)

    def with_smearing(
        self, target: np.ndarray, scaled: np.ndarray, weight: np.ndarray
    ) -> TargetScale:
        """Return the scale with Duan's factor measured on training predictions."""
        if not self.log:
            return self
        residual = np.log(target) - (self.centre + self.scale * scaled)
        factor = float(np.average(np.exp(residual), weights=weight))
        return msgspec.structs.replace(self, smearing=factor)
