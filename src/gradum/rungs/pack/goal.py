"""The goal of a pack: its target, the loss of its members, and the metric that judges them.

Shapes: n rows, m of them judged, J candidates, k outputs, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from gradum.core.losses import Huber, Loss
from gradum.scores.metrics import METRICS, Metric
from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting

Cost = Callable[[np.ndarray], np.ndarray]
"""Takes what J candidates say of the judged rows, (J, m, k or K), and returns their costs (J,)."""

LEAST_PROBABILITY = 1e-12
HUBER = Huber()


@dataclass(frozen=True, eq=False)
class Goal:
    """The target of n rows, and how far from it a prediction is.

    Members learn by the loss. The mean loss also decides which of their epochs are best and which
    members make the pack, unless a ``metric`` of classes is given. Then this choice minimises

        1 − metric + mean log loss

    (for the Brier score: Brier score + mean log loss). On public tables, the metric alone chose
    worse, on the whole even by its own measure: folds are small, and accuracy and AUC ignore how
    confident a member is. Where the rows leave the metric undefined, as a single class does for
    AUC, log loss alone counts.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Numbers on the models' scale, or codes of classes.
    weight : ndarray of shape (n,)
    classes : int, optional
        K; None for numbers.
    metric : Metric, optional
        A metric of classes; None where the loss judges.
    """

    target: np.ndarray
    weight: np.ndarray
    loss: Loss
    classes: int | None = None
    metric: Metric | None = None

    @property
    def of_shares(self) -> bool:
        """Whether members' probabilities are averaged, rather than their numbers or scores."""
        return self.classes is not None and not self.loss.one_score

    @property
    def outputs(self) -> int:
        """k, how many numbers a member predicts for a row."""
        return self.loss.outputs(self.classes)

    @property
    def linear(self) -> tuple[Loss, int]:
        """The loss of the linear models that the pack learns from, and the number of their outputs.

        For quantiles this is one line, which outliers do not pull far: the quantiles' own loss has
        kinks, and its solver takes too long here.
        """
        return (HUBER, 1) if self.levels else (self.loss, self.outputs)

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles that are learned: 0.5 for the absolute error, none for other losses."""
        return self.loss.quantiles

    def indicators(self, rows: np.ndarray) -> np.ndarray:
        """Return what thresholds are to tell apart in m rows: (m, 1 or K).

        These are one indicator per class, or numbers, or ranks of ordered classes; for quantiles
        the numbers' ranks, which no outlier dominates.
        """
        target = self.target[rows]
        if self.of_shares:
            assert self.classes is not None
            return np.eye(self.classes)[target]
        if self.levels:
            target = np.searchsorted(np.sort(target), target) / len(target)
        return target[:, None]

    def constant(self, rows: np.ndarray) -> np.ndarray:
        """Return the prediction (k,) before anything is learned: 0, or quantiles of the rows."""
        if self.loss.one_score:  # thresholds begin apart
            share = self.weight[rows] / self.weight[rows].sum()
            return self.loss.start(self.target[rows], share, self.outputs)
        if not self.levels:
            return np.zeros(self.outputs)
        return self.quantiles(self.target[rows], rows)

    def quantiles(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the quantiles (k,) of values (m,) under the weights of the given rows."""
        weight = self.weight[rows]
        return np.quantile(values, self.levels, weights=weight, method="inverted_cdf")

    def mean_loss(self, logits: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the weighted mean loss (...) of logits (..., m, k) of the given rows."""
        shape = logits.shape[:-1]
        target = np.broadcast_to(self.target[rows], shape).reshape(-1)
        values = self.loss.value(logits.reshape(-1, logits.shape[-1]), target)
        return np.average(values.reshape(shape), axis=-1, weights=self.weight[rows])

    def cost(self, rows: np.ndarray) -> Cost:
        """Return the cost on these rows, of candidates' numbers (J, m, k) or shares (J, m, K)."""
        target, weight = self.target[rows], self.weight[rows]
        weight = weight if self.metric is None else weight / weight.sum()
        return partial(self._cost, target=target, weight=weight)

    def _cost(self, predicted: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        if not self.of_shares:
            return np.stack([self.loss.value(member, target) for member in predicted]) @ weight
        true = np.take_along_axis(predicted, target[None, :, None], axis=2)[..., 0]
        losses = -np.log(np.maximum(true, LEAST_PROBABILITY)) @ weight
        if self.metric is None:
            return losses
        task = "binary" if self.classes == 2 else "multiclass"
        outcomes = [
            Outcome(task, target, probability=member, weight=weight) for member in predicted
        ]
        return losses + [shortfall(self.metric, outcome) for outcome in outcomes]


def shortfall(metric: Metric, outcome: Outcome) -> float:
    """Return how far a metric is from its best value; 0 where it is undefined."""
    value = float(metric.function(Weighting(outcome, outcome.weights[None, :]))[0])
    return float(np.nan_to_num(1.0 - value if metric.greater_is_better else value))


def judging(metric: str | None, classes: int | None) -> Metric | None:
    """Return the metric that judges members in place of the loss; None if the loss judges."""
    return None if classes is None or metric in (None, "log_loss") else METRICS[metric]
