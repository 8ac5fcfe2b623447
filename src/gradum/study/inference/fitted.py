"""A linear model at its optimum, as inference looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.core.losses import Loss
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.family import Weights, likelihood_of, null_logits


@dataclass(frozen=True, eq=False)
class FittedModel:
    """An optimum, with what its covariance is made of.

    Parameters
    ----------
    standard : Standard
        The n rows' columns.
    target : ndarray of shape (n,)
    weight : ndarray of shape (n,)
        Above 0.
    kind : {"frequency", "precision"}
    loss : Loss
    logits : ndarray of shape (n, k)
        At the optimum.
    alpha : float
    offset : ndarray of shape (n,)
        What of the logits is given; 0 where nothing is.
    """

    standard: Standard
    target: np.ndarray
    weight: np.ndarray
    kind: Weights
    loss: Loss
    logits: np.ndarray
    alpha: float
    offset: np.ndarray

    @property
    def n(self) -> float:
        """Observations: the total frequency, or the rows."""
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
