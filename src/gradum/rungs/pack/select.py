"""The choice of a pack's members: greedy, on the rows that they have not learned from.

R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.

Shapes: n held-out rows, J candidates, k outputs, K classes; for numbers K is k.
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.special

from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork
from gradum.margins import falls, first_least
from gradum.rungs.pack.goal import LEAST_PROBABILITY, Cost

SHARPEST = 2.0
FURTHEST = 2.0  # times what was measured, as logarithm; what few members show is noise beyond


def greedy(predictions: np.ndarray, cost: Cost, *, picks: int) -> np.ndarray:
    """Return the share (J,) of each candidate in the mean that predicts the rows best.

    Starting from none, the candidate is taken, again and again, that lowers the cost of the mean
    most; of all prefixes of these picks the best one counts. Of equals, the first.

    Parameters
    ----------
    predictions : ndarray of shape (J, n, K)
        Numbers, or probabilities.
    cost : callable
        From means (J, n, K) to what each costs (J,).
    picks : int
        The most that are taken.
    """
    counts, best = np.zeros(len(predictions)), np.zeros(len(predictions))
    total, least = np.zeros(predictions.shape[1:]), np.inf
    for taken in range(1, picks + 1):
        costs = cost((total + predictions) / taken)
        chosen = int(first_least(costs))
        counts[chosen] += 1
        total = total + predictions[chosen]
        if falls(costs[chosen], least):
            best, least = counts / taken, float(costs[chosen])
    return best


def staying(shares: np.ndarray, most: int) -> np.ndarray:
    """Tell which candidates stay (J,), given their shares in the mean of each fold (folds, J).

    The one of the largest share in every fold, and of the others those of the largest shares, until
    there are ``most``.
    """
    stay = np.zeros(shares.shape[1], bool)
    stay[shares.argmax(axis=1)] = True
    others = np.where(stay, 0, shares.max(axis=0))
    largest = np.argsort(-others, kind="stable")[: max(0, most - stay.sum())]
    stay[largest[others[largest] > 0]] = True
    return stay


def answers(network: PackNetwork, logits: np.ndarray) -> np.ndarray:
    """Return numbers (J, n, k), or probabilities (J, n, K), of logits (J, n, k)."""
    if network.link == "identity":
        return logits
    if network.outputs == 1:
        return np.concatenate([scipy.special.expit(-logits), scipy.special.expit(logits)], axis=-1)
    return scipy.special.softmax(logits, axis=-1)


def logits_of(probability: np.ndarray) -> np.ndarray:
    """Return logits (n, k) of probabilities (n, K): log-odds of two classes, or K logarithms."""
    logs = np.log(np.maximum(probability, LEAST_PROBABILITY))
    return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs


def sharpened(params: Params, factors: np.ndarray) -> Params:
    """Multiply the logits of members [M] by factors of their own: their last layers, wide parts."""
    factor = factors[:, None, None]
    *inner, last = params["layers"]
    last = last | {"weight": factor * last["weight"], "bias": factor[:, 0] * last["bias"]}
    return params | {"layers": [*inner, last], "wide": factor * params["wide"]}


def sharpness(
    probability: np.ndarray, target: np.ndarray, weight: np.ndarray
) -> tuple[float, float]:
    """Return the factor s of the logits with the least loss of softmax(s log p), and that loss.

    p (n, K) are probabilities of rows not learned from. 1 / s is a temperature (C. Guo et al., "On
    calibration of modern neural networks", ICML 2017).
    """
    weight, logs = weight / weight.sum(), np.log(np.maximum(probability, LEAST_PROBABILITY))

    def loss(factor: float) -> float:
        scaled = factor * logs
        true = np.take_along_axis(scaled, target[:, None], axis=1)[:, 0]
        return float((scipy.special.logsumexp(scaled, axis=1) - true) @ weight)

    bounds = (1.0 / SHARPEST, SHARPEST)
    optimum = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded")
    return float(optimum.x), float(optimum.fun)


def sharpness_of_more(factor: float, few: np.ndarray, all_together: np.ndarray) -> float:
    """Return the sharpness of the mean of all members, measured on means of a fold's few.

    A mean is less sure than those that it is made of, and the less so the more they are: of J equal
    members it has 1 - 1/J of what it can lose. J is 1 / Σ w² of their shares w.

    Parameters
    ----------
    factor : float
        What was measured.
    few : ndarray of shape (folds, J)
        Shares of each fold's members; a fold's add up to 1.
    all_together : ndarray of shape (J,)
        Shares of all; they add up to 1.
    """
    lost = 1 - np.square(few).sum(axis=1).mean()
    if lost == 0:
        return factor
    further = (1 - np.square(all_together).sum()) / lost
    return factor ** float(min(further, FURTHEST))
