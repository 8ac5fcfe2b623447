"""The families of linear models, as inference needs them: what a loss is the likelihood of.

A loss's gradient and curvature, times `unit`, are those of the negative log-likelihood with its
dispersion taken out: (y − z)² / 2 for least squares, the loss itself for the others.
McCullagh and Nelder, Generalized Linear Models (1989), chapter 2.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.optimize
import scipy.special

from gradum.core.losses import Loss
from gradum.core.losses.log_link import mean_of

Weights = Literal["frequency", "precision"]

FAMILIES = ("squared_error", "log_loss", "poisson", "gamma")
DISPERSED = ("squared_error", "gamma")
"""Of these the dispersion is estimated; of the others it is 1."""


def unit(loss: Loss) -> float:
    """Return what turns the loss into the negative log-likelihood."""
    return 0.5 if loss.name == "squared_error" else 1.0


def curvature(loss: Loss, logits: np.ndarray, target: np.ndarray, *, expected: bool) -> np.ndarray:
    """Return the second derivative by the one logit (n,): Fisher's expected one, or the observed.

    They differ only where the link is not the canonical one: for gamma, 1 and y / μ.
    """
    if expected and loss.name == "gamma":
        return np.ones(len(target))
    return unit(loss) * loss.hessian(logits, target)[:, 0, 0]


def deviance(loss: Loss, logits: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """Return Σ w · 2 (log-likelihood of a perfect fit − log-likelihood) · dispersion."""
    return float(2.0 * unit(loss) * (weight @ loss.value(logits, target)))


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
        elif loss.name == "log_loss":
            level = np.array([scipy.special.logit(mean)])
        else:
            level = np.array([mean if loss.name == "squared_error" else np.log(mean)])
    return offset[:, None] + level


def _level(loss: Loss, target: np.ndarray, weight: np.ndarray, offset: np.ndarray) -> float:
    """Return the intercept that is best beside an offset: where the slope by it changes sign."""
    if loss.name == "squared_error":
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
    if loss.name not in DISPERSED:
        return 1.0
    residual = target - logits[:, 0]
    if loss.name == "gamma":
        residual = target / mean_of(logits[:, 0]) - 1.0
    return float(weight @ np.square(residual)) / residual_degrees


def log_likelihood(
    loss: Loss,
    logits: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    kind: Weights,
    dispersion: float,
) -> float:
    """Return log L of the rows.

    A frequency multiplies a row's term; a precision w divides its dispersion. Least squares takes
    the variance at which L is largest, Σ w (y − ŷ)² / n, in place of ``dispersion``.
    """
    if loss.name == "squared_error":
        n = weight.sum() if kind == "frequency" else len(weight)
        variance = deviance(loss, logits, target, weight) / n
        own = 0.0 if kind == "frequency" else 0.5 * np.log(weight).sum()
        return float(own - 0.5 * n * (np.log(2.0 * np.pi * variance) + 1.0))
    if loss.name == "log_loss":
        return -float(weight @ loss.value(logits, target))
    mean = mean_of(logits[:, 0])
    if loss.name == "poisson":
        terms = target * logits[:, 0] - mean - scipy.special.gammaln(target + 1.0)
        return float(weight @ terms)
    shape = (1.0 if kind == "frequency" else weight) / dispersion
    ratio = target / mean
    terms = shape * (np.log(shape * ratio) - ratio) - scipy.special.gammaln(shape) - np.log(target)
    return float((weight if kind == "frequency" else np.ones(len(weight))) @ terms)
