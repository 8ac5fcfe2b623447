"""Losses with a logarithmic link, whose inverse is bounded so that it never overflows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_values
from gradum.core.losses.loss import Link, Loss
from gradum.messages import say

LARGEST_LOGIT = 60.0
"""No real mean is beyond e^60 ≈ 10²⁶; from there a loss is a straight line, and so stays convex."""


LEAST_MEAN = 1e-6
"""A smaller mean is a bad starting point."""


class Deviance(Loss):
    """Half the deviance of an exponential family with a logarithmic link, for a mean e^z."""

    link: ClassVar[Link] = "log"
    smooth: ClassVar[bool] = True
    strictly_convex: ClassVar[bool] = True
    judged_by: ClassVar[str] = "deviance"

    def takes(self, target: np.ndarray) -> np.ndarray:
        """Return which numbers are at least 0."""
        return np.isfinite(target) & (target >= 0)

    def check_target(self, target: np.ndarray) -> None:
        """Refuse values that it does not take, and a target without any value above 0."""
        super().check_target(target)
        some = np.full(len(target), bool((target > 0).any()))
        check_values(
            target, some, say("above 0 somewhere"), say("The best mean of zeros is 0: no model.")
        )

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the means [n], e^z."""
        return mean_of(logits[:, 0])

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the logarithm of the mean."""
        return log_of_mean(target, weight, outputs)

    def cost(self, predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the deviance of each row [n]; a mean of 0 or below counts as e^−60."""
        logits = np.log(np.maximum(np.asarray(predicted, np.float64), np.exp(-LARGEST_LOGIT)))
        return 2.0 * super().cost(logits, target)


def mean_of(logit: Any) -> Any:
    """Return e^z, which is constant from z = `LARGEST_LOGIT` on."""
    xp = array_module(logit)
    return xp.exp(xp.minimum(logit, LARGEST_LOGIT))


def log_of_mean(target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
    """Return the logarithm of the mean target, [k]; weights sum to 1."""
    return np.full(outputs, np.log(max(float(weight @ target), LEAST_MEAN)))


def exponential(logit: Any) -> Any:
    """Return e^z, and beyond `LARGEST_LOGIT` the tangent there; the derivative is `mean_of`."""
    xp = array_module(logit)
    return mean_of(logit) * (1.0 + xp.maximum(logit - LARGEST_LOGIT, 0.0))
