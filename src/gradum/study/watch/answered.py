"""Rows that a model has answered, with what there is to tell them apart by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradum.rungs.rung import Prediction

LEAST_PROBABILITY = 1e-6

Scores = Callable[[np.ndarray], np.ndarray]
"""From values (n, d) to a number for each row (n,)."""

Learner = Callable[[np.ndarray, np.ndarray, np.ndarray], Scores]
"""Learns from values (n, d), in which NaN is missing, from targets (n,) and from weights (n,)."""


@dataclass(frozen=True)
class Learners:
    """What learns from the columns of rows.

    Parameters
    ----------
    membership : Learner
        Of targets 0 and 1: the log-odds of 1.
    mean : Learner
        Of any targets: their mean.
    size : Learner
        Of targets of at least 0: their mean, which is above 0.
    """

    membership: Learner
    mean: Learner
    size: Learner


@dataclass(frozen=True, eq=False)
class Answered:
    """n rows and what a model said of them.

    Parameters
    ----------
    prediction : Prediction
    weight : ndarray of shape (n,)
        Above 0.
    columns : ndarray of shape (n, d), optional
        What else is known of the rows, as numbers; None where only the answers are at hand.
    """

    prediction: Prediction
    weight: np.ndarray
    columns: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def values(self) -> np.ndarray:
        """The answers and the columns side by side (n, c + d)."""
        answers = self.log_probability[:, 1:]
        if self.prediction.probability is None:
            answers = self.prediction.value[:, None]
        return answers if self.columns is None else np.column_stack([answers, self.columns])

    @property
    def log_probability(self) -> np.ndarray:
        """Ln p of each class (n, K), p kept 1e-6 away from 0; of numbers, nothing (n, 0)."""
        probability = self.prediction.probability
        if probability is None:
            return np.zeros((len(self), 0))
        log_p = np.log(np.clip(probability, LEAST_PROBABILITY, None))
        # The log-odds of the second of two classes say all that both logarithms do.
        return log_p - log_p[:, :1] if log_p.shape[1] == 2 else log_p

    @property
    def without_columns(self) -> Answered:
        """The same rows, of which only the answers are known."""
        return Answered(self.prediction, self.weight)

    def take(self, rows: np.ndarray) -> Answered:
        """Return the rows at some places."""
        columns = None if self.columns is None else self.columns[rows]
        return Answered(self.prediction.take(rows), self.weight[rows], columns)
