"""The error of a method: 1 − AUC for two classes, log loss for more, RMSE / deviation for numbers.

The deviation is that of the test rows' target, so that the mean of these rows has error 1.
Probabilities are cut at 10⁻⁷ and sum to 1; one that is not a number counts as 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from benchmarks.quality.split import Split

LEAST_PROBABILITY = 1e-7


def measure(split: Split, said: Any) -> dict[str, float]:
    """Return the ``error`` of predictions for the test rows, and further figures.

    Parameters
    ----------
    split : Split
    said : array
        Numbers, or probabilities of the classes in order (rows × classes).
    """
    return _of_numbers(split, said) if split.regression else _of_classes(split, said)


def _of_numbers(split: Split, said: Any) -> dict[str, float]:
    truth = split.test_target.to_numpy()
    rmse = float(np.sqrt(np.mean((np.asarray(said, float).ravel() - truth) ** 2)))
    relative = rmse / float(np.std(truth))
    return {"rmse": rmse, "nrmse": relative, "error": relative}


def _of_classes(split: Split, said: Any) -> dict[str, float]:
    truth, classes = split.test_target, split.classes
    shares = np.clip(np.nan_to_num(np.asarray(said, float)), LEAST_PROBABILITY, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    likeliest = classes[shares.argmax(axis=1)]
    found = {
        "logloss": float(log_loss(truth, shares, labels=classes)),
        "acc": float(accuracy_score(truth, likeliest)),
        "f1": float(f1_score(truth, likeliest, average="macro")),
    }
    if split.task == "multiclass":
        return {**found, "error": found["logloss"]}
    auc = float(roc_auc_score(truth == classes[1], shares[:, 1]))
    return {**found, "auc": auc, "error": 1 - auc}
