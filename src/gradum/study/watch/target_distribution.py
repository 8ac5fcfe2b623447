"""The distribution of new rows' targets, learned from judged rows, for classes and for numbers.

For classes, the model's own probabilities are recalibrated (J. Białek et al., arXiv 2401.08348),
and corrected where the columns of judged rows show that they are off. For numbers, errors of judged
rows are scaled by the size expected for each row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from gradum.study.watch.domain_sample import CrossFitted, DomainSample, Learner, effective

PRECISION_OF_SLOPE = PRECISION_OF_BIAS = 1.0
PRECISION_OF_CORRECTION = 10.0
MOST_CERTAIN = 0.98
MOST_CORRECTION = 5.0
OUTERMOST = 0.03
"""The share of judged rows beyond whose logits, on either side, the logits of all rows are clipped.

Outside the range that it learned from, a model is surer than it should be.
"""

MOST_NUMBERS = 2e7
"""The most numbers in the recalibration's design; of more rows, as many are drawn as fit."""

LEAST_SIZE = 1e-3
"""The least expected error of a row, as a share of the mean error."""


@dataclass(frozen=True, eq=False)
class ClassDistribution:
    """The probabilities of K classes of n new rows.

    q = softmax((1 + b) ln p + a + c f 1[k = focus]), where p is the model's probability, f the
    correction that the columns suggest, and θ = (b, c, a).
    """

    log_p: np.ndarray
    """Of shape (n, K). Clipped to the model's range on 94% of the judged rows."""
    focus: np.ndarray
    """Of shape (n,). The class that is corrected: the second of two classes, or the predicted one
    of more."""
    correction: CrossFitted
    """f, in log-odds."""
    mean: np.ndarray
    """Of shape (K + 2,). θ."""
    root: np.ndarray
    """Of shape (K + 2, K + 3). R, where R Rᵀ is the covariance of θ."""

    @classmethod
    def learn(
        cls,
        judged: DomainSample,
        target: np.ndarray,
        new: DomainSample,
        *,
        alike: np.ndarray,
        learn: Learner,
        rng: np.random.Generator,
    ) -> ClassDistribution:
        """Learn θ from the classes (m,) of judged rows.

        f is the mean of a Newton step, (1[y = focus] − p) / p(1 − p), learned from the columns and
        the answers. A normal prior shrinks θ towards 0 unless judged rows say otherwise. The mode
        rests on all judged rows. The covariance is the inverse of the second derivative with rows
        weighted by ``alike`` (m,), their similarity to the new rows, plus the square of how far the
        mode moves with these weights: rows like the new ones may follow another distribution than
        all rows.
        """
        classes = judged.log_probability.shape[1]
        most = int(MOST_NUMBERS / (classes * (classes + 2)))
        if len(judged) > most:
            some = np.sort(rng.choice(len(judged), most, replace=False))
            judged, target, alike = judged.take(some), target[some], alike[some]
        log_p, focus = judged.log_probability, _focus(judged)
        probability = softmax(log_p, axis=1)[np.arange(len(judged)), focus]
        p = np.clip(probability, 1 - MOST_CERTAIN, MOST_CERTAIN)
        step, trust = (np.equal(target, focus) - p) / (p * (1 - p)), judged.weight * p * (1 - p)
        correction = CrossFitted.by(learn, judged.values, step, trust, new.values, rng)
        bounds = np.quantile(log_p, [OUTERMOST, 1 - OUTERMOST], axis=0)
        log_p = np.clip(log_p, *bounds)
        features = _features(log_p, focus, correction.out_of_fold)
        losses = _Losses(log_p, features, target)
        mean = losses.mode(effective(judged.weight))
        moved = losses.mode(alike) - mean
        covariance = np.linalg.inv(losses.hessian(mean, alike))
        root = np.column_stack([np.linalg.cholesky(covariance), moved])
        return cls(np.clip(new.log_probability, *bounds), _focus(new), correction, mean, root)

    @property
    def probability(self) -> np.ndarray:
        """The probabilities at the mean of θ and f (n, K)."""
        return self._shares(self.mean, self.correction.of_new.mean(axis=0))

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw classes of the new rows (n,) from probabilities that are themselves drawn."""
        theta = self.mean + self.root @ rng.normal(size=self.root.shape[1])
        shares = self._shares(theta, self.correction.draw(rng))
        passed = np.cumsum(shares, axis=1)[:, :-1]
        return (rng.random(len(shares))[:, None] > passed).sum(axis=1)

    def _shares(self, theta: np.ndarray, correction: np.ndarray) -> np.ndarray:
        return softmax(self.log_p + _features(self.log_p, self.focus, correction) @ theta, axis=1)


def _focus(rows: DomainSample) -> np.ndarray:
    classes = rows.log_probability.shape[1]
    return np.ones(len(rows), np.intp) if classes == 2 else rows.prediction.value


def _features(log_p: np.ndarray, focus: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """Return the term of each parameter in each class's logit (n, K, K + 2)."""
    rows, classes = log_p.shape
    features = np.zeros((rows, classes, classes + 2))
    features[:, :, 0] = log_p
    bounded = np.clip(correction, -MOST_CORRECTION, MOST_CORRECTION)
    features[np.arange(rows), focus, 1] = bounded
    features[:, np.arange(classes), 2 + np.arange(classes)] = 1.0
    return features


@dataclass(frozen=True, eq=False)
class _Losses:
    """−ln q of the classes (m,) of judged rows, and half the prior's precision times θ²."""

    log_p: np.ndarray
    features: np.ndarray
    target: np.ndarray

    def mode(self, weight: np.ndarray) -> np.ndarray:
        """Return the θ with the least sum, for row weights (m,)."""
        start = np.zeros(self.features.shape[2])
        return minimize(
            self.value,
            start,
            args=(weight,),
            jac=self.gradient,
            hess=self.hessian,
            method="trust-exact",
        ).x

    def value(self, theta: np.ndarray, weight: np.ndarray) -> float:
        logits = self.log_p + self.features @ theta
        losses = logsumexp(logits, axis=1) - logits[np.arange(len(logits)), self.target]
        return float(weight @ losses + self._precision @ theta**2 / 2)

    def gradient(self, theta: np.ndarray, weight: np.ndarray) -> np.ndarray:
        expected = np.einsum("nk,nkp->np", self._shares(theta), self.features)
        observed = self.features[np.arange(len(self.target)), self.target]
        return weight @ (expected - observed) + self._precision * theta

    def hessian(self, theta: np.ndarray, weight: np.ndarray) -> np.ndarray:
        shares, parameters = self._shares(theta), len(theta)
        expected = np.einsum("nk,nkp->np", shares, self.features)
        weighted = (self.features * (weight[:, None] * shares)[:, :, None]).reshape(-1, parameters)
        squares = weighted.T @ self.features.reshape(-1, parameters)
        of_means = (expected * weight[:, None]).T @ expected
        return squares - of_means + np.diag(self._precision)

    def _shares(self, theta: np.ndarray) -> np.ndarray:
        return softmax(self.log_p + self.features @ theta, axis=1)

    @property
    def _precision(self) -> np.ndarray:
        biases = np.full(self.features.shape[1], PRECISION_OF_BIAS)
        return np.r_[PRECISION_OF_SLOPE, PRECISION_OF_CORRECTION, biases]


@dataclass(frozen=True, eq=False)
class NumberDistribution:
    """The targets of n new rows: y = ŷ + s t."""

    centre: np.ndarray
    """Of shape (n,). ŷ."""
    log_size: CrossFitted
    """ln s, with s the expected size of a row's error."""
    deviation: np.ndarray
    """Of shape (m,). t = (y − ŷ) / s for judged rows."""
    weight: np.ndarray
    """Of shape (m,). How much each judged row counts; the sum is their effective number."""

    @classmethod
    def learn(
        cls,
        judged: DomainSample,
        target: np.ndarray,
        new: DomainSample,
        *,
        alike: np.ndarray,
        learn: Learner,
        rng: np.random.Generator,
    ) -> NumberDistribution:
        """Learn s from the columns and the answers; t are the errors (m,) divided by s."""
        error = target - judged.prediction.value
        mean = float(np.average(np.abs(error), weights=judged.weight)) or 1.0
        size = CrossFitted.by(
            learn, judged.values, np.abs(error) / mean, judged.weight, new.values, rng
        )
        log_size = CrossFitted(
            np.log(np.maximum(size.out_of_fold, LEAST_SIZE) * mean),
            np.log(np.maximum(size.of_new, LEAST_SIZE) * mean),
        )
        deviation = error / np.exp(log_size.out_of_fold)
        return cls(new.prediction.value, log_size, deviation, alike)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw targets of the new rows (n,) from a distribution that is itself drawn.

        Weights of the deviations are drawn as in the Bayesian bootstrap (D. B. Rubin, Annals of
        Statistics 9, 1981), each by a gamma distribution of its own weight.
        """
        passed = np.cumsum(rng.standard_gamma(self.weight))
        places = np.searchsorted(passed, rng.random(len(self.centre)) * passed[-1], side="right")
        deviation = self.deviation[np.minimum(places, len(passed) - 1)]
        return self.centre + np.exp(self.log_size.draw(rng)) * deviation
