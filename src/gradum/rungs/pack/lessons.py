"""The lessons of a pack's members: the target, and for some a teacher's answers.

A label is one draw; a good model's answer tells how likely each class is for the row, or where the
mean lies (G. Hinton et al., "Distilling the knowledge in a neural network", 2015). But of a row
that it has learned from, a model says what it remembers. Moreover, the rows that a fold holds out
choose its members: if the teacher has learned from those rows, its answers carry their labels into
the training, and members that learn from it look better than they are. So the members of a fold are
told the answers of models that have learned from neither the row nor the fold.

Shapes: n rows, F folds, M members, S steps of a chunk, B rows of a batch, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from gradum.rungs.context import Context
from gradum.rungs.folding import Walk
from gradum.rungs.pack.goal import Goal
from gradum.rungs.teacher import Teacher


def told(teacher: Teacher, walks: Sequence[Walk], goal: Goal, context: Context) -> np.ndarray:
    """Return what the members of each fold are told of the rows: (F, n), for classes (F, n, K).

    For each pair of folds, the teacher is fitted to the rows that both learn from, and asked for
    the rows that either holds out. With folds in time, the rows that both learn from are those
    before the earlier fold, so one fit serves that fold together with all later ones. NaN means
    that nothing is said. It stands for the rows that a fold holds out itself, for rows that no fold
    holds out, for answers that would have to be learned from a single class, and for all that is
    left when the context's time is up.
    """
    shape = (len(walks), len(goal.target), *([goal.classes] if goal.classes else []))
    answers = np.full(shape, np.nan)
    common, said = np.zeros(0, np.intp), np.full(shape[1:], np.nan)
    for one, other in combinations(range(len(walks)), 2):
        (learned, held), (others_learned, others_held) = walks[one], walks[other]
        before, common = common, np.intersect1d(learned, others_learned)
        if not np.array_equal(common, before):
            if context.over():
                break
            said = _said(teacher, common, goal, shape[1:])
        answers[other, held], answers[one, others_held] = said[held], said[others_held]
    return answers


def _said(teacher: Teacher, learned: np.ndarray, goal: Goal, shape: tuple[int, ...]) -> np.ndarray:
    """Return what a teacher fitted to some rows says of the others: (n,) or (n, K), else NaN."""
    said = np.full(shape, np.nan)
    if goal.classes is None or len(np.unique(goal.target[learned])) > 1:
        asked = np.setdiff1d(np.arange(len(said)), learned)
        said[asked] = teacher.answers(learned, asked)
    return said


class Lessons:
    """What the members learn: (1 − α) target + α answer, where each member has its own α.

    Parameters
    ----------
    fold : ndarray of shape (M,)
        The fold that each member holds out.
    teaching : ndarray of shape (M,)
        α of each member.
    answers : ndarray of shape (F, n) or (F, n, K), optional
        A teacher's answers, on the models' scale; where it says nothing, the target is learned.
    """

    def __init__(
        self, goal: Goal, fold: np.ndarray, teaching: np.ndarray, answers: np.ndarray | None
    ) -> None:
        self._target = goal.target if goal.classes else goal.target.astype(np.float32)
        self._fold, self._teaching, self._further = fold, teaching, None
        if answers is None:
            return
        if goal.classes == 2:
            answers = answers[..., 1]
        elif goal.classes is not None:
            self._target = np.eye(goal.classes, dtype=np.float32)[goal.target]
        self._further = np.nan_to_num(answers - self._target, nan=0.0).astype(np.float32)

    def of(self, rows: np.ndarray, members: slice) -> np.ndarray:
        """Return what some M members learn for their own rows [S, M, B].

        Returns
        -------
        ndarray
            Numbers, class codes or, if there is a teacher, probabilities of the second of two
            classes, [S, M, B]; with more classes, the probability of each, [S, M, B, K].
        """
        target = self._target[rows]
        if self._further is None:
            return target
        further = self._further[self._fold[members, None], rows]
        return target + self._teaching[members].reshape(-1, *[1] * (further.ndim - 2)) * further
