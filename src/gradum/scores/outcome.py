"""Outcomes: a model's predictions for some rows, next to the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from gradum.errors import ShapeError, SpecError
from gradum.margins import LAST_DIGITS, distinct, first_greatest
from gradum.messages import marked

Task = Literal["regression", "binary", "multiclass"]
TASKS: dict[Task, str] = {
    "regression": marked("regression"),
    "binary": marked("binary"),
    "multiclass": marked("multiclass"),
}
"""What is predicted, in words that users read."""

ORDER = "mean_rank_error"
"""The metric that is particular to classes in an order."""


@dataclass(frozen=True)
class PredictionCost:
    """What predicted numbers cost under the loss that models learn."""

    metric: str
    """The metric that is its mean."""
    of_rows: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Maps predictions and targets (n,) to costs (n,)."""
    constant: Callable[[np.ndarray, np.ndarray], float]
    """Maps targets and weights (n,) to the constant prediction that costs least."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Truth and prediction for n rows.

    Raises
    ------
    SpecError
        When a regression has no prediction or a classification no probabilities.
    ShapeError
        When the arrays' shapes do not match; both shapes are named.
    """

    task: Task
    """The task."""
    target: np.ndarray
    """Of shape (n,). Values, or class codes 0 .. K-1."""
    prediction: np.ndarray | None = None
    """Of shape (n,). Predicted values or class codes; for classes, the most probable one if left
    out."""
    probability: np.ndarray | None = None
    """Of shape (n, K). Class probabilities, required for classes."""
    weight: np.ndarray | None = None
    """Of shape (n,). At least 0; ones if left out."""
    cost: PredictionCost | None = None
    """What predicted numbers cost, where a loss was asked for that has a metric of its own."""
    ordered: bool = False
    """Whether the classes have an order, that of their codes."""

    def __post_init__(self) -> None:
        needed = "prediction" if self.task == "regression" else "probability"
        if getattr(self, needed) is None:
            raise SpecError("A {task} outcome needs its {needed}.", task=self.task, needed=needed)
        rows = self.target.shape
        for name in ("target", "prediction", "weight"):
            array = getattr(self, name)
            if array is not None and (array.ndim != 1 or array.shape != rows):
                raise ShapeError(
                    "The {name} has shape {shape}, the target {rows}.",
                    name=name,
                    shape=array.shape,
                    rows=rows,
                )
        if self.probability is not None and self.probability.shape[:-1] != rows:
            raise ShapeError(
                "The probability has shape {shape}, the target {rows}.",
                shape=self.probability.shape,
                rows=rows,
            )

        if (
            self.classes
            and rows[0]
            and not 0 <= self.target.min() <= self.target.max() < self.classes
        ):
            raise ShapeError(
                "The target has codes {min} .. {max}, the probability {classes} columns.",
                min=self.target.min(),
                max=self.target.max(),
                classes=self.classes,
            )

    def __len__(self) -> int:
        return len(self.target)

    @property
    def classes(self) -> int:
        """K, the number of classes, including those without rows; 0 for a regression."""
        return 0 if self.probability is None else self.probability.shape[1]

    @property
    def own_metric(self) -> str:
        """The metric that is particular to the loss or to the order; empty if there is none."""
        if self.ordered:
            return ORDER
        return self.cost.metric if self.cost else ""

    @cached_property
    def constant(self) -> bool:
        """Whether every row has the same prediction."""
        answers = self.predicted if self.probability is None else self.probability
        return bool((answers == answers[:1]).all())

    @cached_property
    def predicted(self) -> np.ndarray:
        """The predicted values or class codes."""
        if self.prediction is not None:
            return self.prediction
        assert self.probability is not None
        return first_greatest(self.probability)

    @cached_property
    def weights(self) -> np.ndarray:
        """The weight of each row, float64 (n,)."""
        if self.weight is None:
            return np.ones(len(self))
        return self.weight.astype(np.float64)

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """The rows ranked by the probability of each class; of two classes, only of the last."""
        assert self.probability is not None
        ranked = [self.classes - 1] if self.task == "binary" else range(self.classes)
        return tuple(Ranking.of(self.probability[:, k], self.target == k) for k in ranked)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rows from the highest score to the lowest, sorted once for any number of weightings.

    Rows with equal scores are tied: they are passed all at once, in one step. Only the G steps that
    pass positive rows matter, and what is passed on the way to each. The matrices add up weights.
    """

    positive: sparse.csr_array
    """Of shape (G, n). The positive rows of each step."""
    negative: sparse.csr_array
    """Of shape (2 G, n). Alternately, the negative rows passed since the previous step, and those
    of the step."""

    @classmethod
    def of(cls, score: np.ndarray, positive: np.ndarray) -> Ranking:
        """Rank n rows by score (n,); the ``positive`` ones (n,) should come first."""
        order = np.argsort(-score, kind="stable")
        # The scores of rows with equal columns may differ in the last bits.
        tie = distinct(score[order], equal=LAST_DIGITS)
        hit = positive[order]
        steps = np.unique(tie[hit])
        step = np.searchsorted(steps, tie)  # the tie's own step, or the next one with positive rows
        part = 2 * step + np.isin(tie, steps)
        return cls(
            _sums(order[hit], step[hit], len(steps), len(score)),
            _sums(order[~hit], part[~hit], 2 * len(steps), len(score)),
        )


def _sums(rows: np.ndarray, part: np.ndarray, parts: int, of: int) -> sparse.csr_array:
    """Return the matrix that sums rows, of ``of`` rows in all, by their parts, which never fall."""
    ends = np.searchsorted(part, np.arange(parts + 1))
    summed = rows[: ends[-1]]
    return sparse.csr_array((np.ones(len(summed)), summed, ends), shape=(parts, of))
