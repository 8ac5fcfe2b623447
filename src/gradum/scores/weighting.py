"""One outcome under many weightings of its rows, from which every metric is computed.

Undefined quotients and means are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.scores.outcome import Outcome, Ranking


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with NaN wherever the denominator is not above 0."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    undefined = np.full(shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis of all that is not NaN; NaN if there is nothing."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def ranking_scores(
    ranking: Ranking, weights: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return AUC, average precision and distance of one ranking under B weightings, each (B,).

    Let w be the weight of a step's positive rows, T and F the weights of the positive and negative
    rows passed, and P and N those of all. A step ranks above N − F of the negatives, and is tied
    with some:

        AUC = Σ w (N − (F_before + F_after) / 2) / (P N),    AP = Σ w T / (T + F_after) / P

    The Kolmogorov–Smirnov distance is the largest T / P − F_after / N, or 0: it is reached just
    after positive rows have been passed.

    Parameters
    ----------
    ranking : Ranking
        A ranking of n rows.
    weights : ndarray of shape (n, B)
        Each row's weights are contiguous, which makes adding up many times as fast.
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


@dataclass(frozen=True, eq=False)
class Weighting:
    """One outcome under B weightings of its n rows, with the results that several metrics share."""

    outcome: Outcome
    """n rows."""
    weights: np.ndarray
    """Of shape (B, n). The full weights: how often a row was drawn, times its own weight."""

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Σ wᵢ vᵢ / Σ wᵢ of values (n,): shape (B,)."""
        # einsum, not BLAS: threads gain nothing here and would change the last digits.
        return ratio(np.einsum("bi,i->b", self.weights, values), self.total)

    @cached_property
    def total(self) -> np.ndarray:
        """Σ wᵢ: shape (B,)."""
        return self.weights.sum(axis=1)

    @cached_property
    def per_class(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights of the rows of each class, of those predicted as it, and of both: each (B, K)."""
        target, predicted = self.outcome.target, self.outcome.predicted
        hits = np.where(predicted == target, target, self.outcome.classes)
        return self._totals(target), self._totals(predicted), self._totals(hits)

    @cached_property
    def ranked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """AUC, average precision and Kolmogorov–Smirnov distance of each ranked class.

        Each class is ranked against the rest; each result is (B, classes).
        """
        by_row = np.ascontiguousarray(self.weights.T, np.float64)
        found = [ranking_scores(ranking, by_row, self.total) for ranking in self.outcome.rankings]
        auc, precision, distance = (np.stack(each, axis=1) for each in zip(*found, strict=True))
        return auc, precision, distance

    def _totals(self, codes: np.ndarray) -> np.ndarray:
        """Sum the weights of the rows of each code 0 .. K-1, without other codes: (B, K)."""
        totals = np.zeros((len(self.weights), self.outcome.classes))
        for code in range(self.outcome.classes):
            rows = np.flatnonzero(codes == code)
            totals[:, code] = self.weights.take(rows, axis=1).sum(axis=1)
        return totals
