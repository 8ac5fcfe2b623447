"""The gamma loss, for amounts whose spread grows with their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.log_link import LARGEST_LOGIT, exponential, mean_of
from gradum.core.losses.loss import array_module, check_shapes, check_values


@dataclass(frozen=True)
class Gamma:
    """Half the gamma deviance, y·e^−z + z − log y − 1, for a mean e^z.

    It is 0 where e^z = y. The link is the logarithm, under which it is convex, and not the
    canonical reciprocal. McCullagh and Nelder, Generalized Linear Models (1989), chapter 8.
    """

    name: ClassVar[str] = "gamma"
    link: ClassVar[str] = "log"
    smooth: ClassVar[bool] = True

    def outputs(self, classes: int | None = None) -> int:
        """Return 1: the logarithm of the mean."""
        return 1

    def check_target(self, target: np.ndarray) -> None:
        """Refuse values that are not above 0."""
        valid = np.isfinite(target) & (target > 0)
        remedy = "Use poisson where zeros are meant, squared_error for other numbers."
        check_values(target, valid, "above 0", remedy)

    def value(self, logits: Any, target: Any) -> Any:
        """Return half the deviance of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are other than [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        logit = logits[:, 0]
        logarithm = array_module(logits, target).log(target)
        return target * exponential(-logit) + logit - logarithm - 1.0

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the means [n], e^z."""
        return mean_of(np.asarray(logits)[:, 0])

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 1 − y·e^−z, float64 [n, 1]."""
        return 1.0 - self._ratio(logits, target)

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return y·e^−z, float64 [n, 1, 1]."""
        within = np.asarray(logits) >= -LARGEST_LOGIT
        return np.where(within, self._ratio(logits, target), 0.0)[:, :, None]

    @property
    def largest_curvature(self) -> None:
        """None: it grows with the ratio of the target to its mean."""
        return None

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return s·log s − s + (1 − s)·log y + 1 for the ratio s = 1 − a ≥ 0 of y to its mean."""
        ratio = 1.0 - slope[:, 0]
        logarithm = np.log(np.maximum(ratio, np.finfo(np.float64).tiny))
        value = ratio * logarithm - ratio + (1.0 - ratio) * np.log(target) + 1.0
        return np.where(ratio >= 0, value, np.inf)

    @staticmethod
    def _ratio(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        check_shapes(logits, target, outputs=1)
        return np.asarray(target, np.float64)[:, None] * mean_of(-np.asarray(logits, np.float64))
