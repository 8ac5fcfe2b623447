"""Errors that rows share with their nearest rows, due to groups or to too simple a model.

If rows are independent, a model's residuals agree between neighbours only where the model misses a
curve. The agreement due to a curve fades with distance h no faster than c (1 - a h²), where c, its
share of the variance, is at most 1. The agreement due to groups fades faster: rows of a group agree
however far apart they are, and rows of different groups not at all. So, if the agreement of the
nearest rows and that of farther ones is extrapolated by that law to distance 0, the share is above
1 where rows come in groups, and never for a curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.alarm import Alarm
from gradum.run.alarms.both_splits import QuickRows
from gradum.run.alarms.nearness import GROUPED, nearest, stretch
from gradum.run.alarms.quick_model import ridge_answers
from gradum.run.dataset import Dataset
from gradum.run.judging.judge_rungs import Seen
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Prediction
from gradum.scores.figures import figure

MOST_ROWS = 1_500
FEWEST_ROWS = 100
NEIGHBOURS = 20
NEAR_AND_FAR = (((0, 1), (2, 5)), ((0, 2), (5, 10)), ((0, 2), (10, 20)))  # places of neighbours
LEAST_FARTHER = 1.2  # ratio of squared distances; below it, neighbours are not nearer than others
LEAST_SHARE, LEAST_T = 1.05, 5.0  # rows of a group are not independent, so t is too large
AGREE_T = 4.0


@dataclass(frozen=True)
class Neighbours:
    """Rows of a table, the residuals of a linear model, and the nearest rows of each."""

    rows: np.ndarray
    """Of shape (m,). Positions in the dataset."""
    errors: np.ndarray
    """Of shape (m, k). Errors of a ridge regression that has not learned from the row, in units of
    their common deviation."""
    near: np.ndarray
    """Of shape (m, NEIGHBOURS). Places of the nearest rows among these rows, the nearest first."""
    square: np.ndarray
    """Of shape (m, NEIGHBOURS). Squared distances."""

    @classmethod
    def of(cls, dataset: Dataset, seed: int) -> Neighbours | None:
        """Take some rows that lie together; None if there are too few."""
        rng = stream(seed, "alarms", "shared errors")
        rows = stretch(dataset.frame, dataset.schema.features, MOST_ROWS, rng)
        if len(rows) < FEWEST_ROWS:
            return None
        known = QuickRows.of(dataset, rows)
        columns = known.columns.straight.values.astype(np.float32)
        everything = np.ones(len(rows), bool)
        errors = known.target - ridge_answers(
            known.columns.straight.values, known.target, everything
        )
        near, distance = nearest(columns, columns, NEIGHBOURS + 1)
        others = near != np.arange(len(rows))[:, None]
        others[others.all(axis=1), -1] = False  # one of many equal rows may not find itself
        near, distance = (each[others].reshape(len(rows), -1) for each in (near, distance))
        deviation = np.sqrt(np.sum(errors**2) / len(rows))
        return cls(rows, errors / (deviation or 1.0), near, distance**2)

    def agreement(self, first: int, last: int) -> np.ndarray:
        """Return the mean product of each row's error and the errors of some neighbours (m,)."""
        mean = self.errors[self.near[:, first:last]].mean(axis=1)
        return np.sum(self.errors * mean, axis=1)


def hidden_groups(dataset: Dataset, *, seed: int) -> tuple[Alarm, ...]:
    """Return an alarm that rows come in groups, if neighbours share more than a curve explains."""
    if dataset.time is not None or dataset.groups is not None or dataset.drawn_from is not None:
        return ()
    around = Neighbours.of(dataset, seed)
    if around is None or not any(_beyond_curves(around, *places) for places in NEAR_AND_FAR):
        return ()
    sentence = say(
        "Rows that lie near each other in all columns differ less in {target!r} than any curve "
        "explains, and farther ones are not alike: they seem to belong to groups, such as the rows "
        "of a person, and no column names them. Scores flatter a model that is to predict for new "
        "groups; add a column that names them, and give it by --group.",
        target=dataset.schema.learned_target.name,
    )
    return (Alarm("undeclared groups", sentence, (), say(GROUPED)),)


def _beyond_curves(around: Neighbours, near: tuple[int, int], far: tuple[int, int]) -> bool:
    """Whether the agreement at distance 0, by c (1 - a h²), is above 1 beyond chance."""
    farther = around.square[:, slice(*far)].mean() / max(
        around.square[:, slice(*near)].mean(), 1e-12
    )
    if farther < LEAST_FARTHER:
        return False
    close = around.agreement(*near)
    share = close + (close - around.agreement(*far)) / (farther - 1)
    excess = share - np.sum(around.errors**2, axis=1)
    return share.mean() > LEAST_SHARE and _t(excess) > LEAST_T


def shared_errors(dataset: Dataset, seen: Seen, rung: str, *, seed: int) -> str:
    """Say that a rung's errors on judged rows agree with the residuals of near rows, if they do.

    If rows are independent, the product of two such errors is 0 on average, or below 0 if a model
    leans on near rows. Empty if nothing is shown, or if rows were divided by time or by group, as
    asked.
    """
    if dataset.time is not None or dataset.groups is not None or dataset.drawn_from is not None:
        return ""
    around = Neighbours.of(dataset, seed)
    if around is None:
        return ""
    rows, averaged = seen.average(len(dataset))
    _, place, judged = np.intersect1d(around.rows, rows, return_indices=True)
    errors = _errors(dataset, rows[judged], averaged[rung].take(judged))
    if len(place) < FEWEST_ROWS // 2 or around.errors.shape[1] != errors.shape[1]:
        return ""
    beside = around.errors[around.near[place, :2]].mean(axis=1)
    products = np.sum(errors * beside, axis=1)
    if _t(products) < AGREE_T:
        return ""
    size = np.sqrt(np.mean(np.sum(errors**2, axis=1)) * np.mean(np.sum(beside**2, axis=1)))
    return say(
        "Nearby rows have similar errors: the residuals of the {rung} model correlate with those "
        "of nearby rows ({share}). Either there are groups that no column names, or the model is "
        "too simple.",
        rung=say(KINDS[rung].title),
        share=figure(float(products.mean() / size), digits=2),
    )


def _errors(dataset: Dataset, rows: np.ndarray, prediction: Prediction) -> np.ndarray:
    """Return the residuals of predictions (q, k), of a number or of the indicators of classes."""
    target = dataset.target[rows]
    if prediction.probability is None:
        return (target - prediction.value)[:, None]
    return (target[:, None] == np.arange(len(dataset.classes))) - prediction.probability


def _t(values: np.ndarray) -> float:
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() / error) if error > 0 else 0.0
