"""One outcome under many weightings of its rows, from which every metric is computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.scores.outcome import Outcome
from gradum.scores.ranked import ranking_scores
from gradum.scores.ratios import ratio


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
