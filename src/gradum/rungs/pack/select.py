"""The choice of a pack's members: greedy, on the rows that they have not learned from.

R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.

Shapes: n held-out rows, J candidates, k outputs, K classes; for numbers K is k.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize
import scipy.special

from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork, log_sum
from gradum.margins import falls, first_least
from gradum.rungs.pack.goal import LEAST_PROBABILITY, Cost

SHARPEST = 2.0
FURTHEST = 2.0  # times the measured factor, as logarithm; beyond it, what few members show is noise


def greedy(
    predictions: np.ndarray, cost: Cost, *, picks: int, most: int | None = None
) -> np.ndarray:
    """Return the share (J,) of each candidate in the mean that predicts the rows best.

    Starting from no candidate, the one that lowers the cost of the mean most is added, again and
    again. The best prefix of these picks counts. Of equal candidates, the first is taken.

    Parameters
    ----------
    predictions : ndarray of shape (J, n, K)
        Numbers, or probabilities.
    cost : callable
        From means (J, n, K) to the cost of each (J,).
    picks : int
        The most picks.
    most : int, optional
        The most candidates that are picked, each as often as it pays; any number if not given.
    """
    counts, best = np.zeros(len(predictions)), np.zeros(len(predictions))
    total, least = np.zeros(predictions.shape[1:]), np.inf
    for taken in range(1, picks + 1):
        costs = cost((total + predictions) / taken)
        if np.count_nonzero(counts) == most:
            costs = np.where(counts > 0, costs, np.inf)
        chosen = int(first_least(costs))
        counts[chosen] += 1
        total = total + predictions[chosen]
        if falls(costs[chosen], least):
            best, least = counts / taken, float(costs[chosen])
    return best


def staying(shares: np.ndarray, most: int) -> np.ndarray:
    """Return which candidates stay (J,), given their shares in the mean of each fold (folds, J).

    These are the one with the largest share in each fold, and then those with the largest shares,
    until there are ``most``.
    """
    stay = np.zeros(shares.shape[1], bool)
    stay[shares.argmax(axis=1)] = True
    others = np.where(stay, 0, shares.max(axis=0))
    largest = np.argsort(-others, kind="stable")[: max(0, most - stay.sum())]
    stay[largest[others[largest] > 0]] = True
    return stay


def answers(network: PackNetwork, logits: np.ndarray) -> np.ndarray:
    """Return the numbers (J, n, k) or probabilities (J, n, K) that logits (J, n, k) stand for."""
    if network.link == "identity":
        return logits
    if network.outputs == 1:
        return np.concatenate([scipy.special.expit(-logits), scipy.special.expit(logits)], axis=-1)
    return scipy.special.softmax(logits, axis=-1)


def logits_of(probability: np.ndarray) -> np.ndarray:
    """Return logits (n, k) of probabilities (n, K): log-odds for two classes, else K logarithms."""
    logs = np.log(np.maximum(probability, LEAST_PROBABILITY))
    return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs


def sharpened(params: Params, factors: np.ndarray) -> Params:
    """Multiply each member's logits by its factor [M], in its last layer and its wide part."""
    factor = factors[:, None, None]
    *inner, last = params["layers"]
    last = last | {"weight": factor * last["weight"], "bias": factor[:, 0] * last["bias"]}
    return params | {"layers": [*inner, last], "wide": factor * params["wide"]}


def sharpness(
    probability: np.ndarray, target: np.ndarray, weight: np.ndarray
) -> tuple[float, float]:
    """Return the factor s of the logits that minimises the loss of softmax(s log p), and that loss.

    p (n, K) are probabilities for rows not learned from. 1 / s is a temperature (C. Guo et al., "On
    calibration of modern neural networks", ICML 2017).
    """
    return _sharpness(
        probability,
        lambda scaled: np.take_along_axis(scaled, target[:, None], axis=1)[:, 0],
        weight / weight.sum(),
    )


def sharpness_for(probability: np.ndarray, shares: np.ndarray, weight: np.ndarray) -> float:
    """Return that factor for targets that are shares (n, K) of the classes; weights add up to 1."""
    factor, _ = _sharpness(probability, lambda scaled: (shares * scaled).sum(axis=1), weight)
    return factor


def _sharpness(
    probability: np.ndarray, wanted: Callable[[np.ndarray], np.ndarray], weight: np.ndarray
) -> tuple[float, float]:
    logs = np.log(np.maximum(probability, LEAST_PROBABILITY))

    def loss(factor: float) -> float:
        scaled = factor * logs
        return float((log_sum(scaled, 1, 1, np)[:, 0] - wanted(scaled)) @ weight)

    bounds = (1.0 / SHARPEST, SHARPEST)
    optimum: Any = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded")
    return float(optimum.x), float(optimum.fun)


def sharpness_of_more(factor: float, few: np.ndarray, all_together: np.ndarray) -> float:
    """Return the sharpness of the mean of all members, measured on means of a fold's few members.

    A mean is less confident than its members, and the more members there are, the less confident:
    of J equal members, the mean has lost 1 - 1/J of the confidence that it can lose. J is 1 / Σ w²
    for the members' shares w.

    Parameters
    ----------
    factor : float
        The factor that was measured.
    few : ndarray of shape (folds, J)
        The shares of each fold's members, which add up to 1.
    all_together : ndarray of shape (J,)
        The shares of all members, which add up to 1.
    """
    lost = 1 - np.square(few).sum(axis=1).mean()
    if lost == 0:
        return factor
    further = (1 - np.square(all_together).sum()) / lost
    return factor ** float(min(further, FURTHEST))
