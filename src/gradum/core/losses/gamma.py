"""The gamma loss, for amounts whose spread grows with their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.special

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes
from gradum.core.losses.deviance import LARGEST_LOGIT, Deviance, exponential, mean_of
from gradum.core.losses.likelihood import Likelihood
from gradum.messages import marked, say


@dataclass(frozen=True)
class Gamma(Deviance):
    """Half the gamma deviance, y·e^−z + z − log y − 1, for a mean e^z.

    It is 0 where e^z = y. The link is the logarithm, which makes the loss convex, and not the
    canonical reciprocal. McCullagh and Nelder, Generalized Linear Models (1989), chapter 8.
    """

    name: ClassVar[str] = "gamma"
    slope_formula: ClassVar[str] = "1 − y·e^−a"

    def takes(self, target: np.ndarray) -> np.ndarray:
        """Return which numbers are above 0."""
        return np.isfinite(target) & (target > 0)

    @property
    def valid(self) -> tuple[str, str]:
        """That they are above 0."""
        return (
            say("above 0"),
            say("Use poisson or tweedie if zeros are valid, and squared_error for other numbers."),
        )

    def value(self, logits: Any, target: Any) -> Any:
        """Return half the deviance of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        logit = logits[:, 0]
        logarithm = array_module(logits, target).log(target)
        return target * exponential(-logit) + logit - logarithm - 1.0

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 1 − y·e^−z, float64 [n, 1]."""
        return 1.0 - self._ratio(logits, target)

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return y·e^−z, float64 [n, 1, 1]."""
        within = np.asarray(logits) >= -LARGEST_LOGIT
        return np.where(within, self._ratio(logits, target), 0.0)[:, :, None]

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return s·log s − s + (1 − s)·log y + 1 for the ratio s = 1 − a ≥ 0 of y to its mean."""
        ratio = 1.0 - slope[:, 0]
        logarithm = np.log(np.maximum(ratio, np.finfo(np.float64).tiny))
        value = ratio * logarithm - ratio + (1.0 - ratio) * np.log(target) + 1.0
        return np.where(ratio >= 0, value, np.inf)

    @property
    def likelihood(self) -> Likelihood:
        """The gamma distribution with shape 1/φ and variance φ·μ²."""
        return GAMMA

    def formula(self, outputs: int) -> str:
        """Return half the deviance, in the logit a."""
        return "y·e^−a + a − log y − 1"

    @staticmethod
    def _ratio(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        check_shapes(logits, target, outputs=1)
        return np.asarray(target, np.float64)[:, None] * mean_of(-np.asarray(logits, np.float64))


def _log_likelihood(
    logits: np.ndarray, target: np.ndarray, weight: np.ndarray, precision: bool, dispersion: float
) -> float:
    shape = (weight if precision else 1.0) / dispersion
    ratio = target / mean_of(logits[:, 0])
    terms = shape * (np.log(shape * ratio) - ratio) - scipy.special.gammaln(shape) - np.log(target)
    return float((np.ones(len(weight)) if precision else weight) @ terms)


GAMMA = Likelihood(
    model=marked("Gamma regression"),
    link=np.log,
    log_likelihood=_log_likelihood,
    pearson=lambda logits, target: target / mean_of(logits) - 1.0,
    expected_curvature=lambda logits: np.ones(len(logits)),
    ratio=marked("ratio"),
    assumption=marked("rows are independent and the variance is proportional to the squared mean"),
)
