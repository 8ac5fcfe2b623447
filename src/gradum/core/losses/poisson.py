"""The Poisson loss, for counts."""

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
class Poisson(Deviance):
    """Half the Poisson deviance, e^z − y·z + y·log y − y, for a mean e^z.

    It is 0 where e^z = y, and differs from the negative log-likelihood by a term that depends on y
    alone. The target is at least 0; it need not be an integer. McCullagh and Nelder, Generalized
    Linear Models (1989), chapter 6.
    """

    name: ClassVar[str] = "poisson"
    whole: ClassVar[bool] = True
    slope_formula: ClassVar[str] = "e^a − y"

    @property
    def valid(self) -> tuple[str, str]:
        """That they are at least 0."""
        return say("counts, at least 0"), say("Use squared_error for other numbers.")

    def value(self, logits: Any, target: Any) -> Any:
        """Return half the deviance of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        xp = array_module(logits, target)
        logit = logits[:, 0]
        entropy = target * xp.log(xp.where(target > 0, target, 1)) - target
        return exponential(logit) - target * logit + entropy

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return e^z − y, float64 [n, 1]."""
        check_shapes(logits, target, outputs=1)
        return mean_of(np.asarray(logits, np.float64)) - np.asarray(target, np.float64)[:, None]

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return e^z, float64 [n, 1, 1]."""
        check_shapes(logits, target, outputs=1)
        logits = np.asarray(logits, np.float64)
        return np.where(logits <= LARGEST_LOGIT, mean_of(logits), 0.0)[:, :, None]

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return μ·log μ − μ − (y·log y − y) for the mean μ = y + a ≥ 0."""
        mean = slope[:, 0] + target
        value = scipy.special.xlogy(mean, mean) - mean - scipy.special.xlogy(target, target)
        return np.where(mean >= 0, value + target, np.inf)

    @property
    def likelihood(self) -> Likelihood:
        """The Poisson distribution."""
        return POISSON

    def formula(self, outputs: int) -> str:
        """Return half the deviance, in the logit a."""
        return "e^a − y·a + y·log y − y"


def _log_likelihood(
    logits: np.ndarray, target: np.ndarray, weight: np.ndarray, precision: bool, dispersion: float
) -> float:
    mean = mean_of(logits[:, 0])
    terms = target * logits[:, 0] - mean - scipy.special.gammaln(target + 1.0)
    return float(weight @ terms)


POISSON = Likelihood(
    model=marked("Poisson regression"),
    link=np.log,
    log_likelihood=_log_likelihood,
    ratio=marked("ratio"),
    assumption=marked("rows are independent and the variance equals the mean"),
)
