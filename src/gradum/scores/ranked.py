"""AUC, average precision and Kolmogorov–Smirnov distance of one ranking, under many weightings."""

from __future__ import annotations

import numpy as np

from gradum.scores.outcome import Ranking
from gradum.scores.ratios import ratio


def ranking_scores(
    ranking: Ranking, weights: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AUC, average precision and distance of one ranking under B weightings: three times (B,).

    With A the weight passed down the ranking and T that of its positive rows, a positive row of
    weight w stands above N − F of the N negatives and level with a share of them, where F = A − T:

        AUC = Σ w (N − (F_before + F_after) / 2) / (P N),    AP = Σ w T_after / A_after / P

    The Kolmogorov–Smirnov distance is the largest T_after / P − F_after / N, or 0: it is reached
    where a positive row has just been passed.
    """
    in_order = weights.take(ranking.order, axis=1)
    own = in_order.take(ranking.positive, axis=1)
    passed, hit = _running(in_order), _running(own)
    positives = hit[:, -1]
    negatives = total - positives
    all_after = passed.take(ranking.after, axis=1)
    hit_after = hit.take(ranking.positive_after, axis=1)
    precision = np.divide(hit_after, all_after, where=all_after > 0, out=np.zeros_like(own))
    missed = all_after - hit_after
    parted = ratio(hit_after, positives[:, None]) - ratio(missed, negatives[:, None])
    distance = np.maximum(parted.max(axis=1, initial=0.0), 0.0)
    missed += passed.take(ranking.before, axis=1)
    missed -= hit.take(ranking.positive_before, axis=1)
    pairs = positives * negatives
    above = pairs - np.einsum("bi,bi->b", own, missed) / 2
    average_precision = ratio(np.einsum("bi,bi->b", own, precision), positives)
    auc, average_precision, distance = (
        np.clip(each, 0.0, 1.0)
        for each in (ratio(above, pairs), average_precision, np.where(pairs > 0, distance, np.nan))
    )
    return auc, average_precision, distance


def _running(weights: np.ndarray) -> np.ndarray:
    """Sum up along each line, starting at 0: (B, n + 1)."""
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums
