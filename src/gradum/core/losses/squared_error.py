"""Squared error, the loss of least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.checks import check_shapes
from gradum.core.losses.likelihood import Likelihood
from gradum.core.losses.loss import Link, Loss
from gradum.messages import marked


@dataclass(frozen=True)
class SquaredError(Loss):
    """Squared error, (ŷ − y)².

    The link is the identity, and there is one output. The mean over examples is the MSE, without
    the factor ½ of scikit-learn's networks.
    """

    name: ClassVar[str] = "squared_error"
    link: ClassVar[Link] = "identity"
    smooth: ClassVar[bool] = True
    quadratic: ClassVar[bool] = True
    strictly_convex: ClassVar[bool] = True
    homogeneous: ClassVar[bool] = True
    slope_formula: ClassVar[str] = "2(ŷ − y)"

    def value(self, logits: Any, target: Any) -> Any:
        """Return (ŷ − y)² of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        return (logits[:, 0] - target) ** 2

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 2(ŷ − y), float64 [n, 1]."""
        check_shapes(logits, target, outputs=1)
        return 2.0 * (np.asarray(logits, np.float64) - np.asarray(target, np.float64)[:, None])

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the constant 2, float64 [n, 1, 1]."""
        check_shapes(logits, target, outputs=1)
        return np.full((len(target), 1, 1), 2.0)

    def largest_curvature(self, outputs: int) -> float:
        """Return 2, the curvature everywhere."""
        return 2.0

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return a²/4 + a·y for slopes a [n, 1]."""
        return slope[:, 0] ** 2 / 4.0 + slope[:, 0] * target

    @property
    def likelihood(self) -> Likelihood:
        """The normal distribution with a single variance φ = σ²."""
        return NORMAL

    def formula(self, outputs: int) -> str:
        """Return (ŷ − y)²."""
        return "(ŷ − y)²"


def _log_likelihood(
    logits: np.ndarray, target: np.ndarray, weight: np.ndarray, precision: bool, dispersion: float
) -> float:
    """Return log L at Σ w (y − ŷ)² / n, the variance that maximises it, instead of at φ."""
    n = len(weight) if precision else weight.sum()
    variance = float(weight @ SquaredError().value(logits, target)) / n
    of_weights = 0.5 * np.log(weight).sum() if precision else 0.0
    return float(of_weights - 0.5 * n * (np.log(2.0 * np.pi * variance) + 1.0))


NORMAL = Likelihood(
    model=marked("Linear regression"),
    link=lambda mean: mean,
    log_likelihood=_log_likelihood,
    unit=0.5,
    pearson=lambda logits, target: target - logits,
    explained=marked("R²"),
    assumption=marked(
        "the mean is linear and all rows are independent, with errors of one variance"
    ),
    robustness=marked("the errors' variance differs from row to row"),
)
