"""One outcome under many weightings of its rows, from which every metric is computed.

Quotients and means are NaN where they are undefined.
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
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


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


@dataclass(frozen=True, eq=False)
class Weighting:
    """One outcome under B weightings of its n rows, with what several metrics share.

    Parameters
    ----------
    outcome : Outcome
        n rows.
    weights : ndarray of shape (B, n)
        The full weights: how often a row was drawn times its own weight.
    """

    outcome: Outcome
    weights: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Σ wᵢ vᵢ / Σ wᵢ of values (n,): shape (B,)."""
        # einsum, not BLAS: threads bring nothing here and would change the last digits.
        return ratio(np.einsum("bi,i->b", self.weights, values), self.total)

    @cached_property
    def total(self) -> np.ndarray:
        """Σ wᵢ: shape (B,)."""
        return self.weights.sum(axis=1)

    @cached_property
    def per_class(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weight of the rows of each class, predicted as it, and both: three times (B, K)."""
        target, predicted = self.outcome.target, self.outcome.predicted
        hits = np.where(predicted == target, target, self.outcome.classes)
        return self._totals(target), self._totals(predicted), self._totals(hits)

    @cached_property
    def ranked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """AUC, average precision and Kolmogorov–Smirnov distance of each ranked class.

        Each against the rest: three times (B, classes).
        """
        by_row = np.ascontiguousarray(self.weights.T, np.float64)
        found = [ranking_scores(ranking, by_row, self.total) for ranking in self.outcome.rankings]
        auc, precision, distance = (np.stack(each, axis=1) for each in zip(*found, strict=True))
        return auc, precision, distance

    def _totals(self, codes: np.ndarray) -> np.ndarray:
        """Sum the weights of the rows of each code 0 .. K-1, leaving out other codes: (B, K)."""
        totals = np.zeros((len(self.weights), self.outcome.classes))
        for code in range(self.outcome.classes):
            rows = np.flatnonzero(codes == code)
            totals[:, code] = self.weights.take(rows, axis=1).sum(axis=1)
        return totals
