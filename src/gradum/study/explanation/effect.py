"""The effect of one column: partial dependence, accumulated local effects and ICE.

Shapes: n rows, B background rows, g values of the column, m values half-way between, k answers, M
members, h numbers of z at the first layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from gradum.core.models.opened import Change
from gradum.margins import first_greatest, first_least
from gradum.study.explanation.breakpoints import ExactCurve, exact_curve
from gradum.study.explanation.dependence import Accumulated, Dependence, bins_of
from gradum.study.explanation.game import NUMBERS_AT_ONCE
from gradum.study.explanation.grid import CurveGrid, numbers_of
from gradum.study.explanation.scale import Answer, answers_of
from gradum.study.first_layer import Opened


@dataclass(frozen=True, eq=False)
class Places:
    """The positions, among the rows given to the rung, of those that an effect uses."""

    background: np.ndarray
    given: np.ndarray
    """Integers of shapes (B,) and (n,). The background rows, and the rows whose own curves are
    wanted."""
    values: np.ndarray
    between: np.ndarray
    """Integers of shapes (g,) and (m,). Rows that hold the values of a grid, and the values
    half-way between."""


@dataclass(frozen=True, eq=False)
class Extremes:
    """The least and the greatest of one row's answers."""

    values: pl.Series
    """Of shape (p,). Values of the column."""
    answers: np.ndarray
    """Of shape (p, k). The answers there."""
    error: np.ndarray
    """Of shape (k,). How far answers between the values may exceed these; 0 where the extremes are
    exact."""

    @property
    def least(self) -> np.ndarray:
        """Where each answer is least (k,); among equals, the first value."""
        return first_least(self.answers.T)

    @property
    def greatest(self) -> np.ndarray:
        """Where each answer is greatest (k,)."""
        return first_greatest(self.answers.T)


@dataclass(frozen=True, eq=False)
class Effect:
    """The answers of a model as one column takes other values."""

    grid: CurveGrid
    """The values."""
    dependence: Dependence
    """Partial dependence, the mean over background rows."""
    accumulated: Accumulated | None
    """Accumulated local effects for numbers and dates; None for levels, which have no order."""
    interpolation_error: np.ndarray
    """Of shape (k,). The largest distance of the partial dependence, half-way between the values,
    from straight lines between them: what a grid twice as fine would add. 0 for levels."""
    rows: np.ndarray
    """Of shape (g, n, k). The answers for n given rows at the values: their ICE curves."""
    rows_error: np.ndarray
    """Of shape (k,). The interpolation error of these curves, the largest over all rows."""
    replacing: Replacing
    """Gives rows other values."""
    places: Places
    """Where it finds these values."""

    @property
    def column(self) -> str:
        """The column's name."""
        return self.grid.column

    @property
    def reach(self) -> np.ndarray:
        """The range of the partial dependence, from its least to its greatest value (k,)."""
        values = self.dependence.values
        return np.ptp(values, axis=0) if len(values) else np.zeros(values.shape[1])

    def exact(self, row: int) -> ExactCurve | None:
        """Return a given row's exact curve between the ends of the grid, if it can be computed."""
        ordered = np.flatnonzero(self.grid.ordered)
        if len(ordered) < 2:
            return None
        low, high = self.places.values[ordered[[0, -1]]]
        opened, answer = self.replacing.opened, self.replacing.answer
        return exact_curve(opened, answer, self.column, self.places.given[row], (low, high))

    def extremes(self, row: int) -> Extremes:
        """Return a given row's least and greatest answers, exactly where possible."""
        exact, numbers = self.exact(row), int(self.grid.ordered.sum())
        if exact is None:
            return Extremes(self.grid.values, self.rows[:, row], self.rows_error)
        # Where clipping leaves few digits of a number, float32 may have moved it beyond the ends.
        values = np.clip(exact.values, *self.grid.numbers[[0, numbers - 1]])
        answers = exact.answers
        if self.grid.whole:  # the whole numbers with extreme answers are next to breakpoints
            values = np.union1d(np.floor(values), np.ceil(values))
            answers = exact.at(values)
        return Extremes(
            pl.concat([self.grid.typed(values), self.grid.values[numbers:]]),
            np.concatenate([answers, self.rows[numbers:, row]]),
            exact.error,
        )


def effect_of(
    replacing: Replacing, grid: CurveGrid, background: pl.Series, blocks: Sequence[np.ndarray]
) -> Effect:
    """Work out the effect of one column.

    Parameters
    ----------
    grid : Grid
        Of the column.
    background : polars.Series (B,)
        The column among the background rows.
    blocks : three ndarrays of int
        Positions among the rows given to the rung: of the background rows, of the given rows, and
        of rows that hold the grid's values and then the values between.
    """
    background_places, given, held = blocks
    after = len(grid.values)
    places = Places(background_places, given, held[:after], held[after : after + len(grid.between)])
    curves, members = replacing.curves(places.background, places.values)
    halfway, _ = replacing.curves(places.background, places.between)
    rows, _ = replacing.curves(places.given, places.values)
    rows_halfway, _ = replacing.curves(places.given, places.between)
    dependence = Dependence.of(curves, members)
    return Effect(
        grid,
        dependence,
        _accumulated(replacing, grid, background, places),
        _off_straight_lines(grid, dependence.values[:, None], halfway.mean(axis=1, keepdims=True)),
        rows,
        _off_straight_lines(grid, rows, rows_halfway),
        replacing,
        places,
    )


def _accumulated(
    replacing: Replacing, grid: CurveGrid, background: pl.Series, places: Places
) -> Accumulated | None:
    """Move each background row with a value from the lower edge of its bin to the upper."""
    if not grid.ordered.any():
        return None
    numbers = numbers_of(background)
    present = np.isfinite(numbers) & (len(grid.edges) > 1)
    bins = bins_of(numbers[present], grid.edges)
    edges = places.values[np.searchsorted(grid.numbers[grid.ordered], grid.edges)]
    moved = places.background[present]
    upper, _ = replacing.answers(moved, edges[bins + 1])
    lower, _ = replacing.answers(moved, edges[bins])
    return Accumulated.of(grid.numbers, grid.edges, bins, upper - lower)


def _off_straight_lines(grid: CurveGrid, curves: np.ndarray, halfway: np.ndarray) -> np.ndarray:
    """Return how far, at most, curves (m, n, k) lie from straight lines through (g, n, k): (k,)."""
    if not halfway.size:
        return np.zeros(curves.shape[-1])
    numbers = grid.numbers[grid.ordered]
    after = np.searchsorted(numbers, grid.between)
    low, high = numbers[after - 1], numbers[after]
    share = ((grid.between - low) / (high - low))[:, None, None]
    straight = (1 - share) * curves[after - 1] + share * curves[after]
    return np.abs(halfway - straight).max(axis=(0, 1))


@dataclass(frozen=True)
class Replacing:
    """A column whose values are replaced."""

    opened: Opened
    """A rung opened on rows, including rows that hold the other values."""
    answer: Answer
    """From logits to answers."""
    column: str

    def answers(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the answers for rows (m,) that take the values of other rows (m,).

        Returns
        -------
        answers : ndarray (m, k)
        members : ndarray (M, m, k)
            The answers of each member; M = 1 for a single network.
        """
        if not len(rows):  # one row suffices to count answers and members
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
        """Return the answers for each of n rows that take each of g values in turn.

        Returns
        -------
        curves : ndarray (g, n, k)
        members : ndarray (M, g, k)
            For each member, the mean over the rows.
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
