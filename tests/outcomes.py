"""Predictions that some model might have made, at random."""

import numpy as np

from gradum.scores.outcome import Outcome

TASKS = ("regression", "binary", "multiclass")


def random_outcome(task, rows, seed, *, weighted=True, classes=4):
    """Scores are rounded, so that they tie; some weights are 0."""
    generator = np.random.default_rng(seed)
    weight = generator.exponential(size=rows) * (generator.random(rows) > 0.1) if weighted else None
    if task == "regression":
        target = generator.normal(50, 10, rows)
        return Outcome(task, target, target + generator.normal(size=rows), weight=weight)
    k = 2 if task == "binary" else classes
    target = np.r_[np.arange(k), generator.integers(0, k, rows - k)]
    logits = generator.normal(size=(rows, k)).round(1) + (np.arange(k) == target[:, None])
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # scikit-learn takes scores for tied only if their last bits agree too.
    return Outcome(task, target, probability=probability.round(12), weight=weight)
