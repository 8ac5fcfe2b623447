"""Cross-fitting: answers of a learner for rows that it has not learned from, and their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.study.watch.answered import Learner

FOLDS = 5


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """What fits on all but one fold say.

    Parameters
    ----------
    out_of_fold : ndarray of shape (m,)
        Of each row learned from, by the fit that left it out.
    of_new : ndarray of shape (5, n)
        Of other rows, by each fit.
    """

    out_of_fold: np.ndarray
    of_new: np.ndarray

    @classmethod
    def by(
        cls,
        learn: Learner,
        values: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray,
        new: np.ndarray,
        rng: np.random.Generator,
    ) -> CrossFitted:
        """Fit 5 times, each time without a fifth of the m rows (m, d), drawn by chance."""
        fold = rng.permutation(np.arange(len(values)) % FOLDS)
        out_of_fold, of_new = np.empty(len(values)), np.empty((FOLDS, len(new)))
        for left_out in range(FOLDS):
            others, held = fold != left_out, fold == left_out
            scores = learn(values[others], target[others], weight[others])
            out_of_fold[held] = scores(values[held])
            of_new[left_out] = scores(new) if len(new) else 0.0
        return cls(out_of_fold, of_new)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw what is said of other rows (n,), around the mean of the fits.

        The variance is that of the jackknife, (K − 1)/K Σ (f_k − f̄)², and rows vary together.
        """
        centre = self.of_new.mean(axis=0)
        factors = rng.normal(size=FOLDS) * np.sqrt((FOLDS - 1) / FOLDS)
        return centre + factors @ (self.of_new - centre)
