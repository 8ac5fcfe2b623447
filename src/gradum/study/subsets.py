"""Subsets of the judged rows: their scores, and how far those of random subsets lie apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting
from gradum.study.evidence import Evidence

ERROR = 0.05


@dataclass(frozen=True, eq=False)
class Subset:
    """Some of n rows; ``places`` are theirs among the n."""

    places: np.ndarray
    outcome: Outcome

    @classmethod
    def of(cls, evidence: Evidence, rows: np.ndarray, mask: np.ndarray) -> Subset:
        """Take those of n judged rows, given by position, where a mask (n,) holds."""
        places = np.flatnonzero(mask)
        chosen = rows[places]
        prediction = evidence.prediction.take(chosen)
        return cls(
            places,
            Outcome(
                task=evidence.task,
                target=evidence.target[chosen],
                prediction=prediction.value,
                probability=prediction.probability,
                weight=evidence.weight[chosen],
            ),
        )

    def weighting(self, weights: np.ndarray) -> Weighting:
        """Return its rows under weights (B, n) of the n rows."""
        return Weighting(self.outcome, weights.take(self.places, axis=1))


def independent(evidence: Evidence, side: np.ndarray) -> int:
    """Count what is drawn on its own in a resample: groups where there are any, else rows."""
    groups = evidence.groups
    return int(side.sum()) if groups is None else len(np.unique(groups[side]))


def farthest_by_chance(drawn: np.ndarray) -> np.ndarray:
    """Return how far below and above zero differences lie by chance, all at once: (s, 2).

    Parameters
    ----------
    drawn : ndarray of shape (s, B)
        The differences of s subsets in B permutations of the rows. In 95% of them none lies
        farther, when each is measured by the root mean square of its own to that side.
    """
    sides = np.nan_to_num(np.stack([-drawn, drawn], axis=1)).clip(min=0.0)
    scale = np.sqrt(np.mean(sides**2, axis=2))
    farthest = np.max(sides / np.where(scale > 0, scale, 1.0)[:, :, None], axis=(0, 1))
    return scale * np.quantile(farthest, 1.0 - ERROR)
