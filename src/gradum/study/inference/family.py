"""Linear models whose loss is a likelihood: curvature, deviance, null model, dispersion, optimum.

McCullagh and Nelder, Generalized Linear Models (1989), chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.optimize

from gradum.core.losses import LOSSES, Likelihood, Loss, resolve
from gradum.errors import SpecError
from gradum.messages import listed
from gradum.study.inference.collinearity import Standard

Weights = Literal["frequency", "precision"]


def likelihood_of(loss: str | Loss) -> Likelihood:
    """Return the likelihood whose negative logarithm is a loss, given the loss or its name.

    Raises
    ------
    SpecError
        The loss has no likelihood or does not exist; the message names the losses that have one.
    """
    loss = resolve(loss)
    if loss.likelihood is not None:
        return loss.likelihood
    known = [name for name, other in LOSSES.items() if other.likelihood is not None]
    shown = repr(loss.name) if loss in LOSSES.values() else repr(loss)
    raise SpecError(
        "The loss {loss} is no likelihood with a known covariance.",
        "Choose one of {names}.",
        loss=shown,
        names=listed(known),
    )


def curvature(loss: Loss, logits: np.ndarray, target: np.ndarray, *, expected: bool) -> np.ndarray:
    """Return the second derivative by the single logit (n,): Fisher's expected or the observed.

    They differ only where the link is not canonical: for gamma, they are 1 and y / μ.
    """
    likelihood = likelihood_of(loss)
    if expected and likelihood.expected_curvature is not None:
        return likelihood.expected_curvature(logits[:, 0])
    return likelihood.unit * loss.hessian(logits, target)[:, 0, 0]


def deviance(loss: Loss, logits: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """Return Σ w · 2 (log-likelihood of a perfect fit − log-likelihood) · dispersion."""
    return float(2.0 * likelihood_of(loss).unit * (weight @ loss.value(logits, target)))


def null_logits(
    loss: Loss,
    target: np.ndarray,
    weight: np.ndarray,
    outputs: int,
    offset: np.ndarray,
    *,
    fit_intercept: bool,
) -> np.ndarray:
    """Return the logits (n, k) of the model that looks at no column, only at the offset."""
    level = np.zeros(outputs)
    if fit_intercept and offset.any():
        level = np.array([_level(loss, target, weight, offset)])
    elif fit_intercept:
        mean = weight @ target / weight.sum()
        if outputs > 1:
            level = np.log(np.bincount(target, weight, minlength=outputs) / weight.sum())
        else:
            level = np.array([likelihood_of(loss).link(mean)])
    return offset[:, None] + level


def _level(loss: Loss, target: np.ndarray, weight: np.ndarray, offset: np.ndarray) -> float:
    """Return the best intercept next to an offset, where the slope by it changes sign."""
    if loss.quadratic:
        return float(weight @ (target - offset) / weight.sum())

    def slope(level: float) -> float:
        return float(weight @ loss.gradient((offset + level)[:, None], target)[:, 0])

    # Without offset, the intercept is the link of the mean; some row's offset moves it most.
    plain = null_logits(loss, target, weight, 1, np.zeros_like(offset), fit_intercept=True)[0, 0]
    low, high = plain - offset.max() - 1.0, plain - offset.min() + 1.0
    return float(scipy.optimize.root_scalar(slope, bracket=(low, high), xtol=1e-14).root)


def dispersion(
    loss: Loss, logits: np.ndarray, target: np.ndarray, weight: np.ndarray, residual_degrees: float
) -> float:
    """Return Pearson's Σ w (y − μ)² / V(μ) / (n − p), or 1 where the family fixes it."""
    pearson = likelihood_of(loss).pearson
    if pearson is None:
        return 1.0
    residual = pearson(logits[:, 0], target)
    return float(weight @ np.square(residual)) / residual_degrees


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A linear model at its optimum, with the parts of its covariance."""

    standard: Standard
    """The columns of the n rows."""
    target: np.ndarray
    """Of shape (n,)."""
    weight: np.ndarray
    """Of shape (n,). Above 0."""
    kind: Weights
    loss: Loss
    logits: np.ndarray
    """Of shape (n, k). The logits at the optimum."""
    alpha: float
    offset: np.ndarray
    """Of shape (n,). The given part of the logits; 0 where there is none."""

    @property
    def n(self) -> float:
        """The number of observations: the total frequency, or the number of rows."""
        return float(self.weight.sum()) if self.kind == "frequency" else float(len(self.weight))

    @property
    def outputs(self) -> int:
        """1, or the number of classes K > 2."""
        return self.logits.shape[1]

    @cached_property
    def null_logits(self) -> np.ndarray:
        """The logits (n, k) of the model that looks at no column."""
        return null_logits(
            self.loss,
            self.target,
            self.weight,
            self.outputs,
            self.offset,
            fit_intercept=self.standard.fit_intercept,
        )

    @cached_property
    def penalty(self) -> np.ndarray:
        """Curvature of the penalty by a coefficient of the standardised columns (p,)."""
        penalty = np.zeros(self.standard.width)
        scale = self.standard.scale
        penalty[: len(scale)] = (
            likelihood_of(self.loss).unit * self.alpha * self.weight.sum() / scale**2
        )
        return penalty

    def scores(self, *, clustered: bool) -> np.ndarray:
        """Return the gradients by the logits (n, k), weighted so that their squares add up."""
        gradient = likelihood_of(self.loss).unit * self.loss.gradient(self.logits, self.target)
        single = self.kind == "precision" or clustered
        return (self.weight if single else np.sqrt(self.weight))[:, None] * gradient
