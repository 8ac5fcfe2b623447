"""The likelihood whose negative logarithm a loss is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.messages import marked

LogLikelihood = Callable[[np.ndarray, np.ndarray, np.ndarray, bool, float], float]


@dataclass(frozen=True)
class Likelihood:
    """An exponential family with its link, and the words for its regression table.

    A loss's gradient and curvature, times ``unit``, are those of the negative log-likelihood
    without its dispersion φ: (y − ŷ)² / 2 for least squares, the loss itself for the others.
    McCullagh and Nelder, Generalized Linear Models (1989), chapter 2.
    """

    model: str
    """What a linear model with it is called: "Poisson regression"."""
    link: Callable[[Any], Any]
    """The logit of a mean."""
    log_likelihood: LogLikelihood
    """log L from logits [n, k], target [n], weights [n], whether weights are precisions, which
    divide a row's dispersion, or frequencies, which multiply its term, and φ."""
    unit: float = 1.0
    """The factor that turns the loss into the negative log-likelihood."""
    pearson: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    """The residual (y − μ) / √V(μ) [n] from logits [n] and target [n], from which φ is estimated;
    None where φ is 1."""
    expected_curvature: Callable[[np.ndarray], np.ndarray] | None = None
    """Fisher's, from the logits [n]; None where the link is canonical, so that it equals the
    Hessian."""
    ratio: str = ""
    """What e to the power of a coefficient is called; empty where it has no meaning."""
    explained: str = marked("deviance explained")
    """What 1 − deviance / null deviance is called."""
    separation: str = marked("tell zeros apart")
    """What columns do without error when the likelihood has no maximum, in words."""
    assumption: str = marked("all rows are independent")
    """When the classical standard errors are right."""
    robustness: str = marked("the variance differs from the model's")
    """When the robust standard errors are right as well."""

    @property
    def dispersed(self) -> bool:
        """Whether the dispersion φ is estimated; else it is 1."""
        return self.pearson is not None
