"""Every candidate by itself, and what choices promise that are made of several.

Shapes: m choices, d columns, c candidates of all columns together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.margins import falling
from gradum.study.explanation.counterfactual.answers import CandidateGrid

MOST_COLUMNS, MOST_LEVELS = 64, 64  # that are tried together with others
BATCH = 512


@dataclass(frozen=True)
class Singles:
    """Choices that change one column.

    Parameters
    ----------
    column : ndarray of int (c,)
        Which one.
    choices : ndarray of int (c, d)
    costs, floors : ndarray (c,)
        See `gradum.study.explanation.counterfactual.candidates.Candidates`.
    leads : ndarray (c,)
        How far beyond the aim they come.
    start : float
        The lead of the row as it is, below 0.
    """

    column: np.ndarray
    choices: np.ndarray
    costs: np.ndarray
    floors: np.ndarray
    leads: np.ndarray
    start: float

    @classmethod
    def of(cls, grid: CandidateGrid) -> Singles:
        """Ask for the lead of every candidate."""
        sizes = [len(candidates.values) - 1 for candidates in grid.candidates]
        column = np.repeat(np.arange(len(sizes)), sizes)
        number = np.concatenate([np.zeros(0, int), *(np.arange(1, size + 1) for size in sizes)])
        choices = np.zeros((1 + len(column), len(sizes)), np.int32)
        choices[np.arange(1, len(choices)), column] = number
        leads = leads_of(grid, choices)
        costs, floors = grid.costs(choices), grid.floors(choices)
        return cls(column, choices[1:], costs[1:], floors[1:], leads[1:], float(leads[0]))

    @property
    def gains(self) -> np.ndarray:
        """What each brings (c,)."""
        return self.leads - self.start

    @property
    def telling(self) -> np.ndarray:
        """The places of those that are tried together with others.

        They are the `MOST_LEVELS` that gain most, of each of the `MOST_COLUMNS` columns that do
        most: all, unless there are very many.
        """
        size = np.abs(self.gains)
        columns = np.unique(self.column)
        most = np.array([size[self.column == column].max() for column in columns])
        kept = [np.zeros(0, int)]
        for column in columns[falling(most)[:MOST_COLUMNS]]:
            there = np.flatnonzero(self.column == column)
            kept.append(there[falling(self.gains[there])[:MOST_LEVELS]])
        return np.sort(np.concatenate(kept))

    def suffice(self, choices: np.ndarray) -> np.ndarray:
        """Return whether one column of each choice alone reaches the aim (m,)."""
        numbers = self.choices.max(axis=1, initial=0)
        enough = np.zeros((choices.shape[1], 1 + numbers.max(initial=0)), bool)
        enough[self.column, numbers] = self.leads >= 0
        return np.any(enough[np.arange(choices.shape[1]), choices], axis=1)

    def promise(self, costs: np.ndarray, leads: np.ndarray) -> np.ndarray:
        """Return what it would cost to reach the aim at the price paid so far.

        Infinite where nothing has been gained; ``costs`` and ``leads`` are of the same shape.
        """
        gain = leads - self.start
        gained = gain > 0
        return np.where(gained, costs * -self.start / np.where(gained, gain, 1.0), np.inf)


def leads_of(grid: CandidateGrid, choices: np.ndarray) -> np.ndarray:
    """Return the leads of choices (m,), asking for some at a time."""
    parts = [grid.leads(choices[at : at + BATCH]) for at in range(0, len(choices), BATCH)]
    return np.concatenate([np.zeros(0), *parts])
