"""How probable each class is for new rows, learned from judged rows, and how surely that is known.

The model's own probabilities are recalibrated, and corrected where the columns of judged rows show
that they are off: PAPE (J. Białek et al., arXiv 2401.08348) with a correction by columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from gradum.study.watch.answered import Answered, Learner
from gradum.study.watch.cross_fitting import CrossFitted

PRECISION_OF_SLOPE = PRECISION_OF_BIAS = 1.0
PRECISION_OF_CORRECTION = 10.0
MOST_CERTAIN = 0.98
MOST_CORRECTION = 5.0
MOST_NUMBERS = 2e7
"""Of the design of the recalibration: of more rows, as many are taken as fit."""


@dataclass(frozen=True, eq=False)
class ClassLaw:
    """The probabilities of K classes of n new rows.

    q = softmax((1 + b) ln p + a + c f 1[k = focus]), where p is what the model says, f the
    correction that the columns suggest and θ = (b, c, a).

    Parameters
    ----------
    log_p : ndarray of shape (n, K)
    focus : ndarray of shape (n,)
        The class that is corrected: the second of two, the predicted one of more.
    correction : CrossFitted
        f, in log-odds.
    mean : ndarray of shape (K + 2,)
        θ.
    root : ndarray of shape (K + 2, K + 2)
        R, of which R Rᵀ is the covariance of θ.
    """

    log_p: np.ndarray
    focus: np.ndarray
    correction: CrossFitted
    mean: np.ndarray
    root: np.ndarray

    @classmethod
    def learn(
        cls,
        judged: Answered,
        target: np.ndarray,
        new: Answered,
        *,
        weight: np.ndarray,
        learn: Learner,
        rng: np.random.Generator,
    ) -> ClassLaw:
        """Learn θ from the classes (m,) of judged rows that count by ``weight`` (m,).

        f is the mean of a step of Newton's method, (1[y = focus] − p) / p(1 − p), learned by the
        columns and the answers. All of θ is near 0 unless judged rows say otherwise: a normal
        prior shrinks it, and the covariance is the inverse of the second derivative.
        """
        classes = judged.log_probability.shape[1]
        most = int(MOST_NUMBERS / (classes * (classes + 2)))
        if len(judged) > most:
            some = np.sort(rng.choice(len(judged), most, replace=False))
            judged, target, weight = judged.take(some), target[some], weight[some]
        log_p, focus = judged.log_probability, _focus(judged)
        probability = softmax(log_p, axis=1)[np.arange(len(judged)), focus]
        p = np.clip(probability, 1 - MOST_CERTAIN, MOST_CERTAIN)
        step, trust = (np.equal(target, focus) - p) / (p * (1 - p)), judged.weight * p * (1 - p)
        correction = CrossFitted.by(learn, judged.values, step, trust, new.values, rng)
        features = _features(log_p, focus, correction.out_of_fold)
        mean, covariance = _posterior(log_p, features, target, weight)
        root = np.linalg.cholesky(covariance)
        return cls(new.log_probability, _focus(new), correction, mean, root)

    @property
    def probability(self) -> np.ndarray:
        """Q at the mean of θ and f (n, K)."""
        return self._shares(self.mean, self.correction.of_new.mean(axis=0))

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw classes of the new rows (n,), from probabilities that are drawn themselves."""
        theta = self.mean + self.root @ rng.normal(size=len(self.mean))
        shares = self._shares(theta, self.correction.draw(rng))
        passed = np.cumsum(shares, axis=1)[:, :-1]
        return (rng.random(len(shares))[:, None] > passed).sum(axis=1)

    def _shares(self, theta: np.ndarray, correction: np.ndarray) -> np.ndarray:
        return softmax(self.log_p + _features(self.log_p, self.focus, correction) @ theta, axis=1)


def _focus(rows: Answered) -> np.ndarray:
    classes = rows.log_probability.shape[1]
    return np.ones(len(rows), np.intp) if classes == 2 else rows.prediction.value


def _features(log_p: np.ndarray, focus: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """Return what each parameter adds to each class's logit (n, K, K + 2)."""
    rows, classes = log_p.shape
    features = np.zeros((rows, classes, classes + 2))
    features[:, :, 0] = log_p
    bounded = np.clip(correction, -MOST_CORRECTION, MOST_CORRECTION)
    features[np.arange(rows), focus, 1] = bounded
    features[:, np.arange(classes), 2 + np.arange(classes)] = 1.0
    return features


def _posterior(
    log_p: np.ndarray, features: np.ndarray, target: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode of θ and its covariance there (Laplace's approximation)."""
    classes = log_p.shape[1]
    precision = np.r_[
        PRECISION_OF_SLOPE, PRECISION_OF_CORRECTION, np.full(classes, PRECISION_OF_BIAS)
    ]
    rows = np.arange(len(target))
    found = features[rows, target]

    def loss(theta: np.ndarray) -> float:
        logits = log_p + features @ theta
        losses = logsumexp(logits, axis=1) - logits[rows, target]
        return float(weight @ losses + precision @ theta**2 / 2)

    def gradient(theta: np.ndarray) -> np.ndarray:
        shares = softmax(log_p + features @ theta, axis=1)
        expected = np.einsum("nk,nkp->np", shares, features)
        return weight @ (expected - found) + precision * theta

    def hessian(theta: np.ndarray) -> np.ndarray:
        shares = softmax(log_p + features @ theta, axis=1)
        expected = np.einsum("nk,nkp->np", shares, features)
        by_class = (features * (weight[:, None] * shares)[:, :, None]).reshape(-1, len(precision))
        squares = by_class.T @ features.reshape(-1, len(precision))
        return squares - (expected * weight[:, None]).T @ expected + np.diag(precision)

    start = np.zeros(len(precision))
    mode = minimize(loss, start, jac=gradient, hess=hessian, method="trust-exact").x
    return mode, np.linalg.inv(hessian(mode))
