"""Log loss (cross-entropy), the loss of logistic regression and of classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from gradum.core.losses.loss import array_module, check_shapes


@dataclass(frozen=True)
class LogLoss:
    """Log loss, −log p(y), from logits and integer class codes.

    Two classes have one logit z = log(p₁ / p₀), so that p₁ = 1 / (1 + e⁻ᶻ); K > 2
    classes have K logits and p = softmax(z), the symmetric form, in which adding one
    number to all logits of a row changes nothing. Neither ever forms log(p): the value
    grows linearly, and stays finite, at any finite logit.
    """

    name: ClassVar[str] = "log_loss"

    def outputs(self, classes: int | None) -> int:
        """Return 1 for two classes and K for K > 2."""
        return 1 if classes is None or classes <= 2 else classes

    def value(self, logits: Any, target: Any) -> Any:
        """Return −log p(y) of each example: logits [n, k], target codes [n] → [n].

        One logit: log(1 + eᶻ) − y·z. K logits: log Σ eᶻ − z_y.

        Raises
        ------
        ShapeError
            The shapes are other than [n, k] and [n]; both are named.
        """
        check_shapes(logits, target)
        xp = array_module(logits, target)
        if logits.shape[1] == 1:
            logit = logits[:, 0]
            # log(1 + eᶻ) − y·z cancels for large z; with the sign folded in, nothing does.
            return xp.logaddexp(0.0, xp.where(target == 1, -logit, logit))
        logsumexp = jax.nn.logsumexp if xp is jnp else scipy.special.logsumexp
        # Selecting by comparison: the derivative of indexing is a scatter, slow on CPUs.
        chosen = target[:, None] == xp.arange(logits.shape[1])[None, :]
        return logsumexp(logits, axis=1) - xp.where(chosen, logits, 0.0).sum(axis=1)

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of every class, [n, K], rows summing to 1."""
        logits = np.asarray(logits)
        if logits.shape[1] == 1:
            logits = np.concatenate([-logits, logits], axis=1)
            return scipy.special.expit(logits)
        return scipy.special.softmax(logits, axis=1)

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return p − onehot(y), float64 [n, k]."""
        check_shapes(logits, target)
        probability = self._probability(logits)
        if probability.shape[1] == 1:
            return probability - (np.asarray(target) == 1)[:, None]
        probability[np.arange(len(target)), np.asarray(target, np.int64)] -= 1.0
        return probability

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return diag(p) − p pᵀ, float64 [n, k, k]; p(1 − p) for one logit."""
        check_shapes(logits, target)
        probability = self._probability(logits)
        if probability.shape[1] == 1:
            return (probability * self._probability(-np.asarray(logits)))[:, :, None]
        outer = -probability[:, :, None] * probability[:, None, :]
        diagonal = np.arange(probability.shape[1])
        outer[:, diagonal, diagonal] += probability
        return outer

    @staticmethod
    def _probability(logits: np.ndarray) -> np.ndarray:
        logits = np.asarray(logits, np.float64)
        if logits.shape[1] == 1:
            return scipy.special.expit(logits)
        return scipy.special.softmax(logits, axis=1)
