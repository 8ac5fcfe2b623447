"""The optimum of a linear model: the one place where inference asks a solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.losses import Loss
from gradum.solvers.compact import Dense
from gradum.solvers.convex import descend
from gradum.solvers.driver import solve
from gradum.solvers.exact import LARGEST_ACCURATE, LeastSquares
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import Newton
from gradum.solvers.separation import separating_columns
from gradum.solvers.solution import Solution
from gradum.solvers.status import Status
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.covariance import FactoredCovariance
from gradum.study.inference.family import FittedModel, Weights, likelihood_of

MOST_REFINED = 1e7  # n D², up to which an inverse in twice the precision costs a moment
MOST_SEARCHED = 1e6  # entries times outputs, for which separating columns are looked for


@dataclass(frozen=True, eq=False)
class Refined:
    """What least squares' classical errors are made of, to the last digits.

    Parameters
    ----------
    squares : float
        Σ w r².
    inverse : ndarray of shape (p, p)
        (Tᵀ W T)⁻¹ of the columns as given and, last, the intercept.
    """

    squares: float
    inverse: np.ndarray

    def spread(self, dispersion: float) -> FactoredCovariance:
        """Return the classical covariance."""
        return FactoredCovariance(np.eye(len(self.inverse)), dispersion * self.inverse)


@dataclass(frozen=True, eq=False)
class Optimum:
    """The fit, its coefficients (p, k) with the intercept last, and how the solver ended.

    ``separating`` are the columns that together tell a class apart, where they could be found;
    ``refined`` is there for least squares without a penalty that are not too large.
    """

    fitted: FittedModel
    estimate: np.ndarray
    status: Status
    separating: tuple[int, ...] = ()
    refined: Refined | None = None

    @property
    def against_first(self) -> np.ndarray:
        """The coefficients (p, 1), or the differences (p, K − 1) from the first of K classes."""
        several = self.estimate.shape[1] > 1
        return self.estimate[:, 1:] - self.estimate[:, :1] if several else self.estimate

    @property
    def slope(self) -> float:
        """The largest entry of the gradient by the coefficients of columns in standard units.

        Its unit is the mean size of a row's gradient in the model that looks at no column.
        """
        fitted = self.fitted
        loss, standard, weight = fitted.loss, fitted.standard, fitted.weight
        scale = np.append(standard.scale, 1.0)[: len(self.estimate), None]
        scores = fitted.scores(clustered=True)
        gradient = sum(block.T @ scores[part] for part, block in standard.blocks())
        gradient += fitted.penalty[:, None] * scale * self.estimate
        null = fitted.null_logits
        size = (
            likelihood_of(loss).unit * (weight @ np.abs(loss.gradient(null, fitted.target))).max()
        )
        return float(np.abs(gradient).max(initial=0.0) / size) if size > 0 else 0.0


def fit(
    columns: Dense,
    standard: Standard,
    target: np.ndarray,
    weight: np.ndarray,
    kind: Weights,
    loss: Loss,
    outputs: int,
    alpha: float,
    offset: np.ndarray,
) -> Optimum:
    """Minimise Σ w loss / Σ w + alpha ½ ‖b‖²; ``standard`` is of the same columns."""
    intercept = standard.fit_intercept
    separating: tuple[int, ...] = ()
    refined = None
    if loss.quadratic:
        problem = LeastSquares(columns, target - offset, weight, fit_intercept=intercept)
        solution = problem.solve(alpha)
        refined = None if alpha else _refined(problem, solution)
    else:
        model = LinearModel.of(
            columns,
            target,
            loss,
            outputs=outputs,
            weight=weight,
            fit_intercept=intercept,
            offset=offset,
        )
        solution = solve(descend(model, Newton(), l2=alpha))
        small = columns.size * outputs <= MOST_SEARCHED
        if solution.status == Status.SEPARATED and loss.link == "logit" and small:
            separating = separating_columns(model) or ()
    layer = solution.params["layers"][0]
    logits = columns @ layer["weight"] + layer.get("bias", 0.0) + offset[:, None]
    estimate = layer["weight"]
    if intercept:
        estimate = np.vstack([estimate, layer["bias"]])
    fitted = FittedModel(standard, target, weight, kind, loss, logits, alpha, offset)
    return Optimum(fitted, estimate, solution.status, separating, refined)


def _refined(problem: LeastSquares, solution: Solution) -> Refined | None:
    rows, width = problem.columns.shape
    if rows * width > LARGEST_ACCURATE or rows * width**2 > MOST_REFINED:
        return None
    total = float(rows if problem.weight is None else problem.weight.sum())
    objective = solution.certificate.objective
    assert objective is not None
    try:
        return Refined(total * objective, problem.unscaled_covariance() / total)
    except np.linalg.LinAlgError:
        return None
