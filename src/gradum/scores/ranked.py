"""AUC, average precision and Kolmogorov–Smirnov distance of one ranking, under many weightings."""

from __future__ import annotations

import numpy as np

from gradum.scores.outcome import Ranking
from gradum.scores.ratios import ratio


def ranking_scores(
    ranking: Ranking, weights: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AUC, average precision and distance of one ranking under B weightings: three times (B,).

    With w the weight of the positive rows of a step, T and F the weights of the positive and the
    negative rows passed, a step stands above N − F of the N negatives and level with a share:

        AUC = Σ w (N − (F_before + F_after) / 2) / (P N),    AP = Σ w T / (T + F_after) / P

    The Kolmogorov–Smirnov distance is the largest T / P − F_after / N, or 0: it is reached where
    positive rows have just been passed.

    Parameters
    ----------
    ranking : Ranking
        Of n rows.
    weights : ndarray of shape (n, B)
        The weights of a row side by side, which are added up many times as fast.
    total : ndarray of shape (B,)
        Σ w.
    """
    own = ranking.positive @ weights
    passed = np.cumsum(own, axis=0)
    missed = np.cumsum(ranking.negative @ weights, axis=0)
    before, after = missed[::2], missed[1::2]
    positives = passed[-1] if len(passed) else np.zeros_like(total)
    negatives = total - positives
    pairs = positives * negatives
    above = pairs - np.einsum("gb,gb->b", own, before + after) / 2
    all_passed = passed + after
    precision = np.divide(passed, all_passed, where=all_passed > 0, out=np.zeros_like(own))
    average_precision = ratio(np.einsum("gb,gb->b", own, precision), positives)
    parted = ratio(passed, positives) - ratio(after, negatives)
    distance = np.maximum(parted.max(axis=0, initial=0.0), 0.0)
    auc, average_precision, distance = (
        np.clip(each, 0.0, 1.0)
        for each in (ratio(above, pairs), average_precision, np.where(pairs > 0, distance, np.nan))
    )
    return auc, average_precision, distance
