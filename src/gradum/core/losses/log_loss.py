"""Log loss (cross-entropy), the loss of logistic regression and of classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes, check_values
from gradum.core.losses.likelihood import Likelihood
from gradum.core.losses.loss import Link, Loss
from gradum.errors import SpecError
from gradum.messages import marked, say

LEAST_SHARE = 1e-6  # least share of a class at a solver's start


@dataclass(frozen=True)
class LogLoss(Loss):
    """Log loss, −Σ t_k log p_k, from logits and class codes or probabilities.

    Two classes have one logit z = log(p₁ / p₀), so that p₁ = 1 / (1 + e⁻ᶻ); K > 2 classes have K
    logits and p = softmax(z), the symmetric form, in which adding one number to all logits of a row
    changes nothing. Neither form ever computes log(p): the value grows linearly, and is finite for
    any finite logit.

    The target t is a class code, an integer 0 .. K-1. Or it is soft: for K > 2 classes,
    probabilities [n, K] whose rows sum to 1, and for two classes, the float probability [n] of the
    second.

    Parameters
    ----------
    label_smoothing : float
        s in [0, 1): the target becomes (1 − s)·t + s/K (Szegedy et al., CVPR 2016).

    Raises
    ------
    SpecError
        The smoothing is out of its range.
    """

    name: ClassVar[str] = "log_loss"
    link: ClassVar[Link] = "logit"
    smooth: ClassVar[bool] = True
    strictly_convex: ClassVar[bool] = True
    judged_by: ClassVar[str] = "log_loss"
    slope_formula: ClassVar[str] = "p − t"

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.label_smoothing < 1.0:
            raise SpecError(
                "label_smoothing is {share!r}.",
                "Give a number from 0 to below 1.",
                share=self.label_smoothing,
            )

    def outputs(self, classes: int | None) -> int:
        """Return 1 for two classes and K for K > 2."""
        return 1 if classes is None or classes <= 2 else classes

    def check_target(self, target: np.ndarray) -> None:
        """Refuse all but codes and probabilities, and rows that do not sum to 1."""
        if np.ndim(target) == 1:
            if np.issubdtype(np.asarray(target).dtype, np.integer):
                valid, rule = np.asarray(target) >= 0, say("class codes from 0 up")
            else:
                valid, rule = (target >= 0) & (target <= 1), say("probabilities between 0 and 1")
        else:
            sums_to_1 = np.abs(np.sum(target, axis=1) - 1.0) <= 1e-6
            valid, rule = sums_to_1 & (target >= 0).all(axis=1), say("probabilities that sum to 1")
        check_values(target, valid, rule, say("Give one class code a row, or its probabilities."))

    def value(self, logits: Any, target: Any) -> Any:
        """Return −Σ t_k log p_k of each example: logits [n, k], target [n] or [n, K] → [n].

        One logit: t·log(1 + e⁻ᶻ) + (1 − t)·log(1 + eᶻ). K logits: log Σ eᶻ − Σ t_k z_k.

        Raises
        ------
        ShapeError
            The shapes do not match; both are named.
        """
        xp = array_module(logits, target)
        share = self._share(logits, target, xp)
        if logits.shape[1] == 1:
            logit = logits[:, 0]
            if self._certain(target):
                # log(1 + eᶻ) − t·z cancels for large z; with the sign folded in, nothing cancels.
                return _softplus(xp.where(target == 1, -logit, logit), xp)
            return share * _softplus(-logit, xp) + (1 - share) * _softplus(logit, xp)
        total: Any = jax.nn.logsumexp(logits, axis=1) if xp is jnp else _logsumexp(logits)
        if self._certain(target):
            return total - xp.where(share, logits, 0.0).sum(axis=1)
        # Each term is a product of a share and a difference ≥ 0: nothing cancels.
        return (share * (total[:, None] - logits)).sum(axis=1)

    def smoothed(self, target: np.ndarray, outputs: int) -> np.ndarray:
        """Return the probabilities t that class codes [n] become: [n] for one output, or [n, K]."""
        return np.asarray(self._share(np.empty((len(target), outputs)), target, np), np.float64)

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of every class, [n, K]; rows sum to 1."""
        if logits.shape[1] == 1:
            logits = np.concatenate([-logits, logits], axis=1)
            return scipy.special.expit(logits)
        return _softmax(logits)

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return p − t, float64 [n, k]."""
        share = np.asarray(self._share(logits, np.asarray(target), np))
        probability = self._probability(logits)
        return probability - share.reshape(probability.shape)

    def value_and_gradient(
        self, logits: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return both, bit for bit as each has them alone; K classes take half the time."""
        if np.ndim(logits) != 2 or logits.shape[1] == 1:
            return super().value_and_gradient(logits, target)
        total, probability = _logsumexp_and_softmax(np.asarray(logits, np.float64))
        if self._certain(target) and np.ndim(target) == 1:
            check_shapes(logits, target)
            of_target = np.arange(len(target)), target
            value = total - logits[of_target]
            probability[of_target] -= 1.0
            return value, probability
        share = self._share(logits, target, np)
        value = (share * (total[:, None] - logits)).sum(axis=1)
        probability -= share
        return value, probability

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return diag(p) − p pᵀ, float64 [n, k, k]; p(1 − p) for one logit."""
        self._share(logits, np.asarray(target), np)  # refuses shapes that do not match
        probability = self._probability(logits)
        if probability.shape[1] == 1:
            return (probability * self._probability(-np.asarray(logits)))[:, :, None]
        outer = -probability[:, :, None] * probability[:, None, :]
        diagonal = np.arange(probability.shape[1])
        outer[:, diagonal, diagonal] += probability
        return outer

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the logits of the classes' shares, kept away from 0 and 1."""
        if target.ndim == 1 and outputs > 1:
            share = np.bincount(target, weight, minlength=outputs)
        else:
            share = np.atleast_1d(weight @ target)
        share = np.clip(share, LEAST_SHARE, 1.0 - LEAST_SHARE)
        if outputs == 1:
            return np.log(share / (1.0 - share))
        return np.log(share) - np.log(share).mean()

    def largest_curvature(self, outputs: int) -> float:
        """Return ½, which K logits can reach, or ¼ for one logit."""
        return 0.25 if outputs == 1 else 0.5

    @property
    def pads_outputs(self) -> bool:
        """Whether a class of probability 0 changes nothing; smoothing would give it a share."""
        return not self.label_smoothing

    @property
    def likelihood(self) -> Likelihood | None:
        """The multinomial distribution; None for smoothed targets, which are no observations."""
        return None if self.label_smoothing else MULTINOMIAL

    def formula(self, outputs: int) -> str:
        """Return −Σ t·log p; written out for one logit."""
        if outputs == 1 and not self.label_smoothing:
            return "−t·log p − (1 − t)·log(1 − p)"
        return "−Σ t·log p"

    @property
    def target_formula(self) -> str:
        """The smoothed truth, where there is a smoothing s."""
        return "(1 − s)·t + s/K" if self.label_smoothing else ""

    @property
    def symbols(self) -> Mapping[str, Any]:
        """The smoothing s, if there is any."""
        return {"s": self.label_smoothing} if self.label_smoothing else {}

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return Σ p_k log p_k for the probabilities p = t + slope, slopes [n, k]."""
        share = self._share(slope, np.asarray(target), np)
        if slope.shape[1] == 1:
            second = slope[:, 0] + share
            probability = np.stack([1.0 - second, second], axis=1)
        else:
            probability = slope + share
        inside = (probability >= 0).all(axis=1) & (np.abs(probability.sum(axis=1) - 1) < 1e-9)
        entropy = scipy.special.xlogy(probability, np.where(inside[:, None], probability, 1.0))
        return np.where(inside, entropy.sum(axis=1), np.inf)

    def _certain(self, target: Any) -> bool:
        """Whether every example has one certain class."""
        return not self.label_smoothing and np.issubdtype(target.dtype, np.integer)

    def _share(self, logits: Any, target: Any, xp: Any) -> Any:
        """Return t: [n] for one logit, and [n, K] for K; Booleans if the classes are certain."""
        outputs = logits.shape[1] if np.ndim(logits) == 2 else 0
        if np.ndim(target) == 2 and outputs > 1 and np.shape(target) == np.shape(logits):
            share = target
        else:
            check_shapes(logits, target)
            # Select by comparison: the derivative of indexing is a scatter, which is slow on CPUs.
            whole = outputs > 1
            share = target[:, None] == xp.arange(outputs)[None, :] if whole else target
        if not self.label_smoothing:
            return share
        return (1 - self.label_smoothing) * share + self.label_smoothing / max(outputs, 2)

    @staticmethod
    def _probability(logits: np.ndarray) -> np.ndarray:
        logits = np.asarray(logits, np.float64)
        if logits.shape[1] == 1:
            return scipy.special.expit(logits)
        return _softmax(logits)


MULTINOMIAL = Likelihood(
    model=marked("Logistic regression"),
    link=scipy.special.logit,
    log_likelihood=lambda logits, y, weight, *_: -float(weight @ LogLoss().value(logits, y)),
    ratio=marked("odds ratio"),
    explained=marked("McFadden's R²"),
    separation=marked("tell a class apart"),
    assumption=marked("rows are independent and the log-odds are linear"),
)


def _softplus(z: Any, xp: Any) -> Any:
    """Return log(1 + eᶻ), to the last digit at any z."""
    if xp is jnp:
        return jnp.logaddexp(0.0, z)  # its derivative is the logistic function, also at 0
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))  # several times faster than NumPy's


# SciPy's own functions take several times as long on the few rows of a fold.
def _logsumexp(logits: np.ndarray) -> np.ndarray:
    """Return log Σ eᶻ of each row, without overflow."""
    top = _finite_top(logits)
    return np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Return eᶻ / Σ eᶻ of each row, without overflow."""
    powers = np.exp(logits - _finite_top(logits))
    return powers / powers.sum(axis=1, keepdims=True)


def _logsumexp_and_softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both from the same exponentials."""
    top = _finite_top(logits)
    powers = np.exp(logits - top)
    sums = powers.sum(axis=1, keepdims=True)
    total = np.log(sums[:, 0]) + top[:, 0]
    powers /= sums
    return total, powers


def _finite_top(logits: np.ndarray) -> np.ndarray:
    top = logits.max(axis=1, keepdims=True)
    return np.where(np.isfinite(top), top, 0.0)
