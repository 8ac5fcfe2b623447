"""Measures of intervals and of quantiles, in units of the target's deviation.

Nothing but NumPy is needed, so that other libraries' environments can import it.
"""

from __future__ import annotations

import numpy as np

ALPHA = 0.1
LEVELS = (np.arange(100) + 0.5) / 100
"""Levels of the quantiles whose mean pinball loss, doubled, is the CRPS."""


def interval_score(target: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Return mean width plus 2/α times the distance of targets outside (Gneiting, Raftery 2007)."""
    outside = np.maximum(low - target, 0.0) + np.maximum(target - high, 0.0)
    return float(np.mean(high - low + 2 / ALPHA * outside))


def crps(target: np.ndarray, quantiles: np.ndarray) -> float:
    """Return the mean CRPS of quantiles (n, 100) at `LEVELS`: twice their mean pinball loss."""
    above = target[:, None] - quantiles
    return float(2 * np.mean(np.maximum(LEVELS * above, (LEVELS - 1) * above)))


def measured(
    target: np.ndarray, low: np.ndarray, high: np.ndarray, deviation: float
) -> dict[str, float]:
    """Return score and width in units of the target's deviation, and the share covered."""
    return {
        "score": interval_score(target, low, high) / deviation,
        "width": float(np.mean(high - low)) / deviation,
        "coverage": float(np.mean((low <= target) & (target <= high))),
    }
