"""Which members make the pack: a greedy choice on the rows that they have not learned from.

R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.

Shapes: n held-out rows, J candidates, K classes.
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.special

from gradum.core.models.pack_network import PackNetwork

SHARPEST = 2.0


def greedy(
    predictions: np.ndarray, target: np.ndarray, weight: np.ndarray, *, picks: int
) -> np.ndarray:
    """Return the share (J,) of each candidate in the mean that predicts the rows best.

    Starting from none, the candidate is taken, again and again, that lowers the loss of the mean
    most; of all prefixes of these picks the best one counts.

    Parameters
    ----------
    predictions : ndarray of shape (J, n) or (J, n, K)
        Numbers, or probabilities.
    target : ndarray of shape (n,)
        Numbers, or codes of classes.
    weight : ndarray of shape (n,)
    picks : int
        The most that are taken.
    """
    if predictions.ndim == 3:  # only the probability of what was true counts
        predictions = np.take_along_axis(predictions, target[None, :, None], axis=2)[..., 0]
        classes = True
    else:
        classes = False
    counts, best = np.zeros(len(predictions)), np.zeros(len(predictions))
    total, least = np.zeros(predictions.shape[1]), np.inf
    for taken in range(1, picks + 1):
        means = (total + predictions) / taken
        losses = -np.log(np.maximum(means, 1e-12)) if classes else np.square(means - target)
        losses = losses @ weight
        chosen = int(np.argmin(losses))
        counts[chosen] += 1
        total = total + predictions[chosen]
        if losses[chosen] < least:
            best, least = counts / taken, float(losses[chosen])
    return best


def answers(network: PackNetwork, logits: np.ndarray) -> np.ndarray:
    """Return numbers (J, n), or probabilities (J, n, K), of logits (J, n, k)."""
    if network.link == "identity":
        return logits[..., 0]
    if network.outputs == 1:
        return np.concatenate([scipy.special.expit(-logits), scipy.special.expit(logits)], axis=-1)
    return scipy.special.softmax(logits, axis=-1)


def sharpness(
    probability: np.ndarray, target: np.ndarray, weight: np.ndarray
) -> tuple[float, float]:
    """Return the factor s of the logits with the least loss of softmax(s log p), and that loss.

    p (n, K) are probabilities of rows not learned from. 1 / s is a temperature (C. Guo et al., "On
    calibration of modern neural networks", ICML 2017).
    """
    weight, logs = weight / weight.sum(), np.log(np.maximum(probability, 1e-12))

    def loss(factor: float) -> float:
        scaled = factor * logs
        own = np.take_along_axis(scaled, target[:, None], axis=1)[:, 0]
        return float((scipy.special.logsumexp(scaled, axis=1) - own) @ weight)

    bounds = (1.0 / SHARPEST, SHARPEST)
    found = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded")
    return float(found.x), float(found.fun)
