"""The influence of single rows: leverage, leave-one-out errors, Cook's distance.

Leaving row i out of least squares turns its residual r into exactly r / (1 − h), with h the
leverage, so no refit is needed. A row that stands for w rows is left out as a whole. Belsley, Kuh
and Welsch, Regression Diagnostics (1980), chapter 2; Cook, Technometrics 19, 1977.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.core.losses import Loss, resolve
from gradum.errors import SpecError
from gradum.margins import falling
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.covariance import OneOutput
from gradum.study.inference.family import Weights
from gradum.study.inference.optimum import fit
from gradum.study.inference.result import Influential

MOST = 5


@dataclass(frozen=True, eq=False)
class Influence:
    """Each row's pull on an unpenalised fit with one output; NaN where a row's leverage is 1."""

    leverage: np.ndarray
    """Of shape (n,). h, the diagonal of the weighted hat matrix; its sum is the number of
    coefficients."""
    residual: np.ndarray | None = None
    """Of shape (n,). y − ŷ. This and the following are for least squares only."""
    left_out_residual: np.ndarray | None = None
    """Of shape (n,). y − ŷ by the fit to all other rows, r / (1 − h)."""
    left_out_prediction: np.ndarray | None = None
    """Of shape (n,). ŷ by the fit to all other rows."""
    studentised: np.ndarray | None = None
    """Of shape (n,). √w r / (s √(1 − h)), with s the residual standard error of the fit to all
    other rows."""
    cook: np.ndarray | None = None
    """Of shape (n,). w r² h / (p s² (1 − h)²), with s of the whole fit: how far, squared, all
    predictions move when the row is left out."""

    def largest(self, numbers: np.ndarray | None = None, most: int = MOST) -> tuple:
        """Return the rows with the largest Cook's distance, or leverage, as `Influential`.

        Ties go to the first rows in the table.
        """
        numbers = np.arange(1, len(self.leverage) + 1) if numbers is None else numbers
        measure = self.leverage if self.cook is None else np.nan_to_num(self.cook)
        order = falling(measure)[:most]
        return tuple(
            Influential(
                int(numbers[row]),
                float(self.leverage[row]),
                _number(self.cook, row),
                _number(self.studentised, row),
            )
            for row in order
        )


def _number(values: np.ndarray | None, row: int) -> float | None:
    return None if values is None or np.isnan(values[row]) else float(values[row])


def influence(
    columns: Any,
    target: np.ndarray,
    loss: str | Loss = "squared_error",
    *,
    weight: np.ndarray | None = None,
    weights: Weights = "frequency",
    fit_intercept: bool = True,
) -> Influence:
    """Fit without a penalty and measure every row's influence.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
        Of full rank.
    target : ndarray of shape (n,)
    loss : str or Loss
        With one output: for classes, only two of them.
    weight : ndarray of shape (n,), optional
        Above 0.
    weights : {"frequency", "precision"}
        As for `infer`.

    Raises
    ------
    SpecError
        Columns depend on each other, or the model has several outputs.
    """
    loss, target = resolve(loss), np.asarray(target)
    outputs = loss.outputs(int(target.max()) + 1) if loss.link == "logit" else 1
    if outputs > 1:
        raise SpecError("Influence needs a single output.", "Compare two classes at a time.")
    weight = np.ones(len(target)) if weight is None else np.asarray(weight, np.float64)
    columns = np.asarray(columns, np.float64)
    standard = Standard.of(columns, weight, fit_intercept=fit_intercept)
    if standard.dependencies:
        raise SpecError("Columns depend on each other.", "Drop those that others determine.")
    nothing = np.zeros(len(target))
    fitted = fit(standard, target, weight, weights, loss, outputs, 0.0, nothing).fitted
    return influence_of(OneOutput(fitted, expected=True))


def influence_of(model: OneOutput) -> Influence:
    """Return the influence of the rows of an unpenalised fit."""
    fitted, leverage = model.fitted, np.minimum(model.leverage, 1.0)
    if not fitted.loss.quadratic:
        return Influence(leverage)
    rest = np.where(model.is_full(1.0 - leverage), np.nan, 1.0 - leverage)
    residual = fitted.target - fitted.logits[:, 0]
    square = fitted.weight * np.square(residual)
    parameters = fitted.standard.width
    degrees, left = fitted.n - parameters, square.sum()
    count = fitted.weight if fitted.kind == "frequency" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (left - square / rest) / (degrees - count)
        studentised = np.sqrt(fitted.weight) * residual / np.sqrt(without * rest)
        cook = square * leverage / (parameters * left / degrees * rest**2)
    return Influence(
        leverage,
        residual,
        residual / rest,
        fitted.target - residual / rest,
        np.where(np.isfinite(studentised), studentised, np.nan),
        cook,
    )
