"""What a pack is to predict: the target as its loss takes it, and how much each row counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.losses import Loss


@dataclass(frozen=True, eq=False)
class Goal:
    """The target of n rows, and the loss that tells how far from it a prediction is.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Numbers on the models' scale, or codes of classes.
    weight : ndarray of shape (n,)
    loss : Loss
    classes : int, optional
        K; None for numbers.
    """

    target: np.ndarray
    weight: np.ndarray
    loss: Loss
    classes: int | None = None

    @property
    def outputs(self) -> int:
        """k, numbers that a member says of a row."""
        return self.loss.outputs(self.classes)

    @property
    def told(self) -> np.ndarray:
        """What thresholds shall tell apart: the target, or one indicator a class; (n, k)."""
        return self.target[:, None] if self.classes is None else np.eye(self.classes)[self.target]

    def mean_loss(self, logits: np.ndarray, rows: np.ndarray) -> float:
        """Return the weighted mean loss of logits [m, k] of m of the rows."""
        values = self.loss.value(logits, self.target[rows])
        return float(np.average(values, weights=self.weight[rows]))
