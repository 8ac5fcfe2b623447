"""A teacher: another model of the same rows, from which a pack may learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Ask = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes places of rows to learn from and of m others; returns what the model says of the latter.

These are numbers in the target's unit (m,), or the probability of each class (m, K); NaN says
nothing.
"""


@dataclass(frozen=True, eq=False)
class Teacher:
    """Another model, which is fitted whenever it is asked."""

    title: str
    """Its name."""
    ask: Ask
    """Fits the model to some rows of a table, and returns what it then says of others; see
    `Ask`."""
    places: np.ndarray
    """Of shape (n,). For each of the n rows at hand, its place in the table that ``ask`` knows."""

    def take(self, rows: np.ndarray) -> Teacher:
        """Return the teacher for the given rows, in that order."""
        return replace(self, places=self.places[rows])

    def answers(self, learned: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """Fit the teacher to some of the rows at hand, and return what it says of m others."""
        return self.ask(self.places[learned], self.places[asked])

    def weighed(self, by_class: np.ndarray) -> Teacher:
        """Return the teacher for rows whose weights are multiplied by w [K]: p_k w_k / Σ p w."""

        def ask(learned: np.ndarray, asked: np.ndarray) -> np.ndarray:
            answers = self.ask(learned, asked) * by_class
            total = answers.sum(axis=1, keepdims=True)
            # A teacher that expects only classes of weight 0 says nothing of the others.
            nothing = np.full(answers.shape, np.nan)
            return np.divide(answers, total, out=nothing, where=total > 0)

        return replace(self, ask=ask)
