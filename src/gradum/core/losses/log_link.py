"""The exponential as the inverse of a logarithmic link, held so that it never overflows."""

from __future__ import annotations

from typing import Any

from gradum.core.losses.loss import array_module

LARGEST_LOGIT = 60.0
"""Beyond e^60 ≈ 10²⁶ no mean is real; a loss goes on in a straight line, and stays convex."""


def mean_of(logit: Any) -> Any:
    """Return e^z, for z up to `LARGEST_LOGIT`; it stays there."""
    xp = array_module(logit)
    return xp.exp(xp.minimum(logit, LARGEST_LOGIT))


def exponential(logit: Any) -> Any:
    """Return e^z, and beyond `LARGEST_LOGIT` its tangent there; its derivative is `mean_of`."""
    xp = array_module(logit)
    return mean_of(logit) * (1.0 + xp.maximum(logit - LARGEST_LOGIT, 0.0))
