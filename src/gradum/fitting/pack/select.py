"""Which members make the pack: a greedy choice on the rows that they have not learned from.

R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.

Shapes: n held-out rows, J candidates, K classes.
"""

from __future__ import annotations

import numpy as np


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
    members = len(predictions)
    counts, best, least = np.zeros(members), np.zeros(members), np.inf
    total = np.zeros(predictions.shape[1:])
    if predictions.ndim == 3:  # only the probability of what was true counts
        predictions = np.take_along_axis(predictions, target[None, :, None], axis=2)[..., 0]
        total = total[:, 0]
    for taken in range(1, picks + 1):
        means = (total + predictions) / taken
        if np.issubdtype(target.dtype, np.integer):
            losses = -np.log(np.maximum(means, 1e-12)) @ weight
        else:
            losses = np.square(means - target) @ weight
        chosen = int(np.argmin(losses))
        counts[chosen] += 1
        total = total + predictions[chosen]
        if losses[chosen] < least - 1e-9 * abs(least if np.isfinite(least) else 0.0):
            best, least = counts / taken, losses[chosen]
    return best
