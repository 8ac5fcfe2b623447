"""A regression tree on columns of few codes, whose splits may divide the codes in any way.

Each split reduces the squared error Σ w ‖y − mean‖² by the most that one column can. Numbers are
split at a threshold. Categories are first put in the order of their mean answer, which for one
answer includes the best of all ways to divide them (Breiman, Friedman, Olshen and Stone,
Classification and Regression Trees, 1984, section 4.2). Missing values have a code of their own,
which goes to the better side or stands alone. With several answers, the order is along their first
principal axis.

Shapes: n rows, d columns, k answers, C codes of a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradum.margins import EQUAL, falling, first_greatest

LEAST_GAIN = 1e-6  # of the squared error of all rows; a split that gains less says nothing


@dataclass(frozen=True, eq=False)
class TreeColumn:
    """A column of n rows as codes from 0."""

    codes: np.ndarray
    """Integers of shape (n,)."""
    count: int
    """C, the number of codes; the last is for missing values."""
    ordered: bool
    """Whether the other codes rise with the column's values."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """An end of the tree."""

    allowed: dict[int, np.ndarray]
    """For each column asked about, the codes that lead here."""
    answer: np.ndarray
    """Of shape (k,). The mean answer of the rows that it was grown on."""
    share: float
    """Its share of the weight of all rows."""

    def holds(self, columns: list[TreeColumn]) -> np.ndarray:
        """Return which rows of coded columns end in this leaf (m,)."""
        held = np.ones(len(columns[0].codes), bool)
        for place, codes in self.allowed.items():
            held &= codes[columns[place].codes]
        return held


@dataclass(frozen=True, eq=False)
class _Growth:
    """The data that a tree grows on.

    ``along`` (n,) are the answers along their first principal axis.
    """

    columns: list[TreeColumn]
    answers: np.ndarray
    weight: np.ndarray
    along: np.ndarray
    least_rows: int
    least_gain: float

    def ends(self, rows: np.ndarray, allowed: dict[int, np.ndarray], depth: int) -> Iterator[Leaf]:
        """Yield the leaves that some rows grow into, from left to right."""
        split = self.best_split(rows) if depth else None
        if split is None:
            weight = self.weight[rows]
            answer = np.average(self.answers[rows], axis=0, weights=weight)
            yield Leaf(allowed, answer, float(weight.sum() / self.weight.sum()))
            return
        place, left = split
        before = allowed.get(place, np.ones(len(left), bool))
        goes = left[self.columns[place].codes[rows]]
        yield from self.ends(rows[goes], {**allowed, place: before & left}, depth - 1)
        yield from self.ends(rows[~goes], {**allowed, place: before & ~left}, depth - 1)

    def best_split(self, rows: np.ndarray) -> tuple[int, np.ndarray] | None:
        """Return the column that reduces the error most, and its codes that go left (C,)."""
        found = [self._split(column, rows) for column in self.columns]
        best = int(first_greatest(np.array([gain for gain, _ in found])))
        gain, left = found[best]
        if gain <= self.least_gain:
            return None
        return best, _sided(self.columns[best], left, self.columns[best].codes[rows])

    def _split(self, column: TreeColumn, rows: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the most that a column can reduce the error of some rows, and how."""
        codes, weight = column.codes[rows], self.weight[rows]

        def sums(values: np.ndarray) -> np.ndarray:
            return np.bincount(codes, values, minlength=column.count)

        heavy, counts = sums(weight), np.bincount(codes, minlength=column.count)
        answers = np.stack([sums(weight * answer) for answer in self.answers[rows].T], axis=1)
        order = np.flatnonzero(counts[:-1])
        if not column.ordered:
            mean = sums(weight * self.along[rows])[order] / heavy[order]
            order = order[falling(-mean)]
        missing = column.count - 1
        gone = np.cumsum(counts[order]), np.cumsum(heavy[order]), np.cumsum(answers[order], axis=0)
        candidates: list[tuple[np.ndarray, ...]] = [gone]
        if counts[missing]:
            of_missing = counts[missing], heavy[missing], answers[missing]
            candidates.append(tuple(map(np.add, gone, of_missing)))
        totals = counts.sum(), heavy.sum(), answers.sum(axis=0)
        gains = np.stack([self._gains(left, totals) for left in candidates])
        if not gains.size:
            return 0.0, np.zeros(column.count, bool)
        best = int(first_greatest(gains.ravel()))
        with_missing, last = divmod(best, len(order))
        left = np.zeros(column.count, bool)
        left[order[: last + 1]] = True
        left[missing] = bool(with_missing)
        return float(gains.ravel()[best]), left

    def _gains(self, left: tuple[np.ndarray, ...], totals: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return how much each split reduces the error; 0 where a side has too few rows."""
        (rows, weight, answers), (all_rows, all_weight, all_answers) = left, totals
        right = all_weight - weight
        with np.errstate(divide="ignore", invalid="ignore"):
            gains = (
                np.square(answers).sum(axis=1) / weight
                + np.square(all_answers - answers).sum(axis=1) / right
                - np.square(all_answers).sum() / all_weight
            )
        few = (rows < self.least_rows) | (all_rows - rows < self.least_rows)
        return np.where(few, 0.0, gains)


def _sided(column: TreeColumn, left: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Assign codes that no row (m,) has: for numbers by the threshold, else to the larger side.

    ``left`` (C,) marks the codes of rows that go left; the result marks all codes that do.
    """
    counts = np.bincount(codes, minlength=column.count)
    larger = bool(counts[left].sum() >= counts[~left].sum())
    sided = np.where(counts > 0, left, larger)
    if column.ordered:
        sided[:-1] = np.arange(column.count - 1) <= np.flatnonzero(left[:-1]).max()
    return sided


def grow(
    columns: list[TreeColumn],
    answers: np.ndarray,
    weight: np.ndarray,
    *,
    depth: int,
    least_rows: int,
) -> list[Leaf]:
    """Grow a tree and return its leaves, from left to right.

    Parameters
    ----------
    columns : list of TreeColumn
        d columns of n rows.
    answers : ndarray of shape (n, k)
    weight : ndarray of shape (n,)
    depth : int
        The most splits in a row.
    least_rows : int
        The fewest rows in a leaf.
    """
    mean = np.average(answers, axis=0, weights=weight)
    apart = answers - mean
    spread = (weight[:, None] * apart).T @ apart
    along = apart @ np.linalg.eigh(spread)[1][:, -1]
    whole = float(np.trace(spread))
    # Sums of squares are taken about the mean, so that they do not cancel.
    growth = _Growth(columns, apart, weight, along, least_rows, max(LEAST_GAIN, EQUAL) * whole)
    return [
        Leaf(leaf.allowed, leaf.answer + mean, leaf.share)
        for leaf in growth.ends(np.arange(len(weight)), {}, depth)
    ]


def tree_answers(leaves: list[Leaf], columns: list[TreeColumn]) -> np.ndarray:
    """Return the tree's answers (m, k) for rows of coded columns; each row is in one leaf."""
    answers = np.empty((len(columns[0].codes), len(leaves[0].answer)))
    for leaf in leaves:
        answers[leaf.holds(columns)] = leaf.answer
    return answers
