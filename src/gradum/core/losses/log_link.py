"""The exponential as the inverse of a logarithmic link, held so that it never overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradum.core.losses.loss import array_module

LARGEST_LOGIT = 60.0
"""Beyond e^60 ≈ 10²⁶ no mean is real; a loss goes on in a straight line, and stays convex."""


LEAST_MEAN = 1e-6
"""A smaller one is no place to start from."""


def mean_of(logit: Any) -> Any:
    """Return e^z, for z up to `LARGEST_LOGIT`; it stays there."""
    xp = array_module(logit)
    return xp.exp(xp.minimum(logit, LARGEST_LOGIT))


def log_of_mean(target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
    """Return the logarithm of the mean target, [k]; weights sum to 1."""
    return np.full(outputs, np.log(max(float(weight @ target), LEAST_MEAN)))


def exponential(logit: Any) -> Any:
    """Return e^z, and beyond `LARGEST_LOGIT` its tangent there; its derivative is `mean_of`."""
    xp = array_module(logit)
    return mean_of(logit) * (1.0 + xp.maximum(logit - LARGEST_LOGIT, 0.0))
