"""The guarantee of a model: its terms, and the scores of judged rows that it is based on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np

from gradum.run.intervals.conformal.score_list import ScoreList

Name = Literal["split", "cross", "adaptive", "none"]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The guarantee of a model's intervals and sets, without the scores behind it."""

    name: Name
    """What is promised. "split": at least 1 − α, by a model that is kept as it was judged.
    "cross": at least about 1 − 2α, and usually 1 − α, by the models of a cross-validation (CV+).
    "adaptive": in the long run, for rows in order of time. "none": no guarantee."""
    reason: str = ""
    remedy: str = ""
    """For "none": why, and what to do about it."""
    rows: int = 0
    """How many judged rows there were; at most `MOST_SCORES` of their scores are kept."""
    folds: int = 0
    """For "cross": how many models judged."""
    judges: str = ""
    """For "cross": the fingerprint of these models' weights."""
    by: str | None = None
    """The column whose levels have intervals of their own."""
    levels: tuple[str | None, ...] = ()
    """The column's levels among the judged rows, as text; None is a missing value."""


@dataclass(frozen=True, eq=False)
class JudgedScores:
    """The nonconformity scores of n judged rows, and what divides these rows."""

    by_rung: Mapping[str, np.ndarray]
    """Each of shape (n,). The scores of each rung: for numbers the signed t (`Located.deviations`),
    whose size is the score; for classes 1 − p of the true class."""
    fold: np.ndarray
    """Of shape (n,). Which of the judges judged each row, from 0."""
    weight: np.ndarray | None = None
    """Of shape (n,). Sample weights; None if every row weighs 1."""
    group: np.ndarray | None = None
    """Of shape (n,). The codes of groups, which must be judged as a whole."""
    label: np.ndarray | None = None
    """Of shape (n,). The codes of the true classes; None for numbers."""
    level: np.ndarray | None = None
    """Of shape (n,). The codes of the levels in `Terms.levels`."""
    moment: np.ndarray | None = None
    """Of shape (n,). The order of the rows' times, if they have any; equal times have the same
    code."""
    series: np.ndarray | None = None
    """Of shape (n,). The codes of the series of a forecast; None for rows of a table."""

    def __len__(self) -> int:
        return len(self.fold)

    def weights(self, among: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the weights of the rows of a mask (n,), and the weight of a new row.

        A row without a group has its sample weight, and a new row weighs as much as the heaviest
        one, because its own weight is unknown. A group weighs 1, however many rows it has; so does
        a new row, whose group is not among these.
        """
        weight = np.ones(len(self)) if self.weight is None else self.weight
        weight = weight[among]
        if self.group is not None:
            _, group = np.unique(self.group[among], return_inverse=True)
            return weight / np.bincount(group, weight)[group], 1.0
        return weight, float(weight.max(initial=0.0)) or 1.0

    def lists(self, rung: str, among: np.ndarray, *, folds: int) -> tuple[list[ScoreList], float]:
        """Return a rung's scores on the rows of a mask, judge by judge, and a new row's weight.

        With ``folds`` = 1, all scores are taken as those of one judge.
        """
        divided, newcomer = self._divided(rung, among, folds)
        return [ScoreList.of(np.abs(score), weight) for score, weight in divided], newcomer

    def signed_lists(
        self, rung: str, among: np.ndarray, *, folds: int
    ) -> tuple[list[ScoreList], float]:
        """Return the same for numbers, with the signs of the deviations."""
        divided, newcomer = self._divided(rung, among, folds)
        return [ScoreList.signed(score, weight) for score, weight in divided], newcomer

    def _divided(
        self, rung: str, among: np.ndarray, folds: int
    ) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
        """Return a rung's scores and their weights, judge by judge, and a new row's weight."""
        weight, newcomer = self.weights(among)
        score, fold = self.by_rung[rung][among], self.fold[among]
        if folds == 1:
            return [(score, weight)], newcomer
        parts = [fold == judge for judge in range(folds)]
        return [(score[part], weight[part]) for part in parts], newcomer


@dataclass(frozen=True, eq=False)
class Guarantee:
    """What a model's intervals and sets are promised, and the scores that they are made from."""

    terms: Terms
    scores: JudgedScores = field(default_factory=lambda: JudgedScores({}, np.empty(0, np.int32)))
