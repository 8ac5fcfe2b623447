"""A threshold moved over the probabilities from the highest down, and what it lets pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.margins import LAST_DIGITS, distinct

NO_ROW = float(np.nextafter(1.0, 2.0))
"""A threshold that no probability reaches."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """Rows passed from the highest probability down, tied ones at once, in T steps.

    Parameters
    ----------
    positive, negative : ndarray of shape (p,), (q,)
        The rows of the class, and the others, by falling probability.
    positives, negatives : ndarray of shape (T + 1,)
        How many of each have been passed after each step; 0 at first.
    thresholds : ndarray of shape (T + 1,)
        The least probability among the rows passed; `NO_ROW` at first.
    """

    positive: np.ndarray
    negative: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, positive: np.ndarray, most: int | None = None) -> Sweep:
        """Take the probability (n,) and whether each row is of the class (n,).

        With ``most``, rows that follow one another are passed together where there would be more
        steps than that: the first rows one by one, later ones by ever more of them.
        """
        order = np.argsort(-score, kind="stable")
        falling, ranked = score[order], positive[order]
        ends = np.flatnonzero(np.diff(distinct(falling, equal=LAST_DIGITS), append=-1)) + 1
        if most is not None and len(ends) > most:
            ends = _coarse(ends, most)
        steps = np.r_[0, ends]
        positives = np.r_[0, np.cumsum(ranked)][steps]
        thresholds = np.r_[NO_ROW, falling[ends - 1]]
        return cls(order[ranked], order[~ranked], positives, steps - positives, thresholds)

    def passed(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum the weights (b, n) of the rows passed after each step: of the class, of the others.

        Returns
        -------
        tuple of ndarray of shape (b, T + 1)
        """
        return (
            _running(weights, self.positive, self.positives),
            _running(weights, self.negative, self.negatives),
        )


def _coarse(ends: np.ndarray, most: int) -> np.ndarray:
    rows, half = ends[-1], most // 2
    wanted = np.r_[np.geomspace(1, rows, half), np.linspace(1, rows, half)]
    return ends[np.unique(np.searchsorted(ends, np.floor(wanted)))]


def _running(weights: np.ndarray, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    sums = np.zeros((len(weights), len(rows) + 1))
    np.cumsum(weights.take(rows, axis=1), axis=1, out=sums[:, 1:])
    return sums.take(steps, axis=1)
