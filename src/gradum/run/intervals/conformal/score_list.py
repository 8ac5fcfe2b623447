"""Sorted nonconformity scores of judged rows, with the weight that lies below any value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.margins import LAST_DIGITS

SLACK = 1e-6
"""Added to every score, in units of the spread or of probability.

The same row may be predicted in float32 by NumPy or by a compiled program, which round differently.
If many rows have the same score, rounding must not put a new row of that score outside its
interval.
"""


@dataclass(frozen=True, eq=False)
class ScoreList:
    """Scores of n rows, sorted in ascending order."""

    score: np.ndarray
    """Of shape (n,). r, ascending."""
    mass: np.ndarray
    """Of shape (n + 1,). At place i, the weight of the first i scores; 0 at place 0, W at the
    last."""

    @classmethod
    def of(cls, score: np.ndarray, weight: np.ndarray) -> ScoreList:
        """Sort scores (n,), each raised by `SLACK`, of rows with weights (n,)."""
        return cls.signed(score + SLACK, weight)

    @classmethod
    def signed(cls, score: np.ndarray, weight: np.ndarray) -> ScoreList:
        """Sort scores (n,) of either sign, unchanged, of rows with weights (n,)."""
        order = np.argsort(score, kind="stable")
        return cls(score[order], np.concatenate([[0.0], np.cumsum(weight[order])]))

    def __len__(self) -> int:
        return len(self.score)

    @property
    def total(self) -> float:
        """The weight of all scores."""
        return float(self.mass[-1])

    def up_to(self, value: np.ndarray) -> np.ndarray:
        """Return the weight of the scores that are at most each value."""
        return self.mass[self.score.searchsorted(value, "right")]

    def below(self, value: np.ndarray) -> np.ndarray:
        """Return the weight of the scores that are less than each value."""
        return self.mass[self.score.searchsorted(value, "left")]

    def highest(self, wanted: float) -> float:
        """Return the greatest value with less than the wanted weight below it; maybe infinite."""
        place = int(np.flatnonzero(self.mass < wanted)[-1])
        return float(self.score[place]) if place < len(self) else np.inf

    def quantile(self, share: float) -> float:
        """Return the least score up to which a share of the weight lies; there must be scores."""
        enough = self.mass[1:] >= share * self.total * (1 - LAST_DIGITS)
        return float(self.score[enough.argmax()])


def wanted_mass(coverage: float, total: float, newcomer: float) -> float:
    """Return the weight that the scores within an interval must have: (1 − α)(W + w_∞).

    If all scores together weigh less, only an unbounded interval covers that much. Rounding must
    not demand one more score, so a share that is `LAST_DIGITS` smaller suffices.

    Parameters
    ----------
    coverage : float
        1 − α.
    total : float
        W, the weight of all scores.
    newcomer : float
        w_∞, the weight of a new row.
    """
    return coverage * (total + newcomer) * (1 - LAST_DIGITS)
