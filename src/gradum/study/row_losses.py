"""What each row costs: the losses whose mean is the task's default metric, or its square."""

from __future__ import annotations

import numpy as np

from gradum.fitting.rung import Prediction


def row_losses(target: np.ndarray, prediction: Prediction) -> np.ndarray:
    """Return −ln p of the true class, or the squared error, of n rows.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Class codes, or numbers in the target's unit.
    prediction : Prediction
        Of the same rows.

    Returns
    -------
    ndarray of shape (n,)
        In nats, p kept 2.2e-16 away from 0 and 1 as `scores.metrics.log_loss` does; or in the
        target's unit squared.
    """
    if prediction.probability is None:
        return np.square(target - prediction.value)
    epsilon = np.finfo(np.float64).eps
    of_target = prediction.probability[np.arange(len(target)), target].astype(np.float64)
    return -np.log(np.clip(of_target, epsilon, 1.0 - epsilon))
