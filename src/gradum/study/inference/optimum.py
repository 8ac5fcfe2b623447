"""The optimum of a linear model: the one place where inference asks a solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.losses import Loss
from gradum.solvers.driver import solve
from gradum.solvers.exact import LeastSquares
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import newton
from gradum.solvers.status import Status
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.family import Weights
from gradum.study.inference.fitted import Fitted


@dataclass(frozen=True, eq=False)
class Optimum:
    """The fit, its coefficients (p, k) with the intercept last, and how the solver ended."""

    fitted: Fitted
    estimate: np.ndarray
    status: Status

    @property
    def against_first(self) -> np.ndarray:
        """The coefficients (p, 1), or the differences (p, K − 1) from the first of K classes."""
        several = self.estimate.shape[1] > 1
        return self.estimate[:, 1:] - self.estimate[:, :1] if several else self.estimate


def fit(
    columns: np.ndarray,
    standard: Standard,
    target: np.ndarray,
    weight: np.ndarray,
    kind: Weights,
    loss: Loss,
    outputs: int,
    alpha: float,
) -> Optimum:
    """Minimise Σ w loss / Σ w + alpha ½ ‖b‖²; ``standard`` is of the same columns."""
    intercept = standard.fit_intercept
    if loss.name == "squared_error":
        problem = LeastSquares(columns, target, weight, fit_intercept=intercept)
        solution = problem.solve(alpha)
    else:
        model = LinearModel.of(
            columns, target, loss, outputs=outputs, weight=weight, fit_intercept=intercept
        )
        solution = solve(newton(model, l2=alpha))
    layer = solution.params["layers"][0]
    logits = columns @ layer["weight"] + layer.get("bias", 0.0)
    estimate = layer["weight"]
    if intercept:
        estimate = np.vstack([estimate, layer["bias"]])
    fitted = Fitted(standard, target, weight, kind, loss, logits, alpha)
    return Optimum(fitted, estimate, solution.status)
