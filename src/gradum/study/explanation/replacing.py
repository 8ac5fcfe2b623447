"""Rows that are given other values of one column, and what a model then answers.

Shapes: n rows, g values, h numbers of z, k answers, M members.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.core.models.opened import Change
from gradum.study.explanation.game import NUMBERS_AT_ONCE
from gradum.study.explanation.scale import Answer, answers_of
from gradum.study.first_layer import Opened


@dataclass(frozen=True)
class Replacing:
    """One column whose values are replaced.

    Parameters
    ----------
    opened : Opened
        A rung before rows, among them such as hold the other values.
    answer : Answer
        From logits to answers.
    column : str
    """

    opened: Opened
    answer: Answer
    column: str

    def answers(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is answered for rows (m,) that take the values of others (m,).

        Returns
        -------
        answers : ndarray (m, k)
        members : ndarray (M, m, k)
            Of each member; M = 1 where a network is alone.
        """
        if not len(rows):  # a network must be asked of a row before its answers can be counted
            first = np.zeros(1, np.intp)
            together, alone = self.answers(first, first)
            return together[:0], alone[:, :0]
        opened = self.opened
        step = max(1, NUMBERS_AT_ONCE // max(opened.total.shape[1], 1))
        parts = []
        for start in range(0, len(rows), step):
            taking, taken = rows[start : start + step], others[start : start + step]
            z = opened.total[taking]
            if self._change is not None:
                z = z + self._change(taking, taken)
            parts.append(answers_of(opened.first_layer, z, self.answer))
        answers, members = zip(*parts, strict=True)
        return np.concatenate(answers), np.concatenate(members, axis=1)

    def curves(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is answered for each of n rows that takes each of g values in turn.

        Returns
        -------
        curves : ndarray (g, n, k)
        members : ndarray (M, g, k)
            The mean over the rows, of each member.
        """
        answers, alone = self.answers(rows[:0], others[:0])
        curves = np.zeros((len(others), len(rows), answers.shape[1]))
        members = np.zeros((len(alone), len(others), answers.shape[1]))
        for place, other in enumerate(others if len(rows) else ()):
            curves[place], alone = self.answers(rows, np.full(len(rows), other))
            members[:, place] = alone.mean(axis=1)
        return curves, members

    @cached_property
    def _change(self) -> Change | None:
        return self.opened.change(self.column)
