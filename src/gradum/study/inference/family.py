"""Curvature, deviance, null model and dispersion of a linear model whose loss is a likelihood.

McCullagh and Nelder, Generalized Linear Models (1989), chapter 2.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.optimize

from gradum.core.losses import LOSSES, Likelihood, Loss, resolve
from gradum.errors import SpecError
from gradum.messages import listed, say

Weights = Literal["frequency", "precision"]


def likelihood_of(loss: str | Loss) -> Likelihood:
    """Return the likelihood that a loss, or the loss of that name, is the negative logarithm of.

    Raises
    ------
    SpecError
        It is of none, or there is no such loss; those that are of one are named.
    """
    loss = resolve(loss)
    if loss.likelihood is not None:
        return loss.likelihood
    known = [name for name, other in LOSSES.items() if other.likelihood is not None]
    shown = repr(loss.name) if loss in LOSSES.values() else repr(loss)
    raise SpecError(
        say("The loss {loss} is no likelihood with a known covariance.", loss=shown),
        say("Choose one of {names}.", names=listed(known)),
    )


def curvature(loss: Loss, logits: np.ndarray, target: np.ndarray, *, expected: bool) -> np.ndarray:
    """Return the second derivative by the one logit (n,): Fisher's expected one, or the observed.

    They differ only where the link is not the canonical one: for gamma, 1 and y / μ.
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
    """Return the intercept that is best beside an offset: where the slope by it changes sign."""
    if loss.quadratic:
        return float(weight @ (target - offset) / weight.sum())

    def slope(level: float) -> float:
        return float(weight @ loss.gradient((offset + level)[:, None], target)[:, 0])

    # Of no offset, the intercept is the link of the mean; some row's offset moves it furthest.
    plain = null_logits(loss, target, weight, 1, np.zeros_like(offset), fit_intercept=True)[0, 0]
    low, high = plain - offset.max() - 1.0, plain - offset.min() + 1.0
    return float(scipy.optimize.root_scalar(slope, bracket=(low, high), xtol=1e-14).root)


def dispersion(
    loss: Loss,
    logits: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    residual_degrees: float,
) -> float:
    """Return Pearson's Σ w (y − μ)² / V(μ) / (n − p), or 1 where the family says so."""
    pearson = likelihood_of(loss).pearson
    if pearson is None:
        return 1.0
    residual = pearson(logits[:, 0], target)
    return float(weight @ np.square(residual)) / residual_degrees
