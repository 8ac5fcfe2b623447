"""Rows of a table under stress: the rung that answers, the threat, and the moves that it allows.

A number moves to one with no more decimals than in the rows learned from, and a date by whole days.
Both stay within the learned range, which is widened to include the row's own value. Rounding goes
towards that value, so that no column shifts further than it may.

Shapes: n rows under stress, p rows that move, m copies, c columns, a axes along which they move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.stress.budget import Budget, ShiftScale
from gradum.run.fitted import Fitted
from gradum.run.predicting import predict_typed
from gradum.run.reference.reference import Reference
from gradum.rungs.rung import Prediction, Rung
from gradum.study.explanation.named_columns import refuse_no_groups
from gradum.tables.kinds.axis import Axis, places

ROUNDING = 1e-6  # of the last decimal
SLACK = 1e-9
"""A size is widened by this share of itself, and by this amount, to leave nothing out."""


@dataclass(frozen=True, eq=False)
class StressedRows:
    """Rows, a rung of a model that predicts them, and the allowed changes."""

    fitted: Fitted
    rung: Rung
    """The rung that answers."""
    reference: Reference
    """A summary of the rows learned from."""
    rows: pl.DataFrame
    """Typed features (n), every number in float64."""
    numbers: np.ndarray
    """Integers of shape (n,). The rows' numbers, as they are reported."""
    threat: Threat
    """What an attack may do."""

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: np.ndarray | slice) -> StressedRows:
        """Return some of the rows."""
        return replace(self, rows=self.rows[places], numbers=self.numbers[places])

    def answers(self, frame: pl.DataFrame) -> Prediction:
        """Return the rung's predictions for typed rows."""
        return predict_typed(self.fitted, frame, rung=self.rung.name)

    @cached_property
    def moves(self) -> Moves:
        """The moves that the rows may make.

        Raises
        ------
        SpecError
            A column that should move with others cannot move, or is named twice.
        """
        threat = self.threat
        scales = threat.budget.scales(self.fitted, self.reference)
        axes = self.fitted.encoder.axes(self.fitted.schema.features)
        return _moves_of(self.rows, axes, scales, threat.limits, threat.together)


@dataclass(frozen=True)
class Threat:
    """What an attack may do."""

    budget: Budget
    """How far columns may move."""
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    """Columns that stay fixed, or move one way only."""
    together: Sequence[Sequence[str]] = ()
    """Columns that shift by the same amount."""
    levels: int = 0
    """How many levels of categories and booleans may change in addition."""
    share: float = 0.1
    """The share of the range of the training target by which a number must move."""

    def __post_init__(self) -> None:
        """Refuse a share that makes no sense."""
        if not 0 < self.share <= 1:
            raise SpecError(
                "Numbers are to move by {share} of the target's range.",
                "Give a share above 0, up to 1, such as 0.1.",
                share=self.share,
            )


@dataclass(frozen=True)
class MovingColumn:
    """A column that may move."""

    name: str
    axis: Axis
    """The learned range, and the possible values."""
    scale: ShiftScale
    upward: bool = True
    downward: bool = True
    """Whether values may rise, and whether they may fall."""

    def moved(self, starts: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return the positions (m,) that shifts (m,) lead to; a missing start stays missing."""
        places = self._within(starts, self.scale.moved(starts, shifts))
        unmoved = shifts == 0
        if self.axis.never:
            unmoved |= np.isin(places, self.axis.never)
        return np.where(unmoved, starts, places)

    def stops(self, start: float, size: float) -> np.ndarray:
        """Return the outermost positions within shifts up to a size.

        Between them, for a date, every day, and for a time of day every minute: they become several
        inputs, which are not outermost together.
        """
        if np.isnan(start):
            return np.array([start])
        size += SLACK * (1 + size)
        starts = np.full(2, start)
        places = self.scale.moved(starts, np.array([-size, size]))
        low, high = self._within(starts, np.nextafter(places, [-np.inf, np.inf]))
        low, high = min(low, start), max(high, start)
        if self.axis.clock:  # from minute to minute, sines and cosines only rise or only fall
            return np.array([low, *np.arange(np.ceil(low), np.floor(high) + 1), high])
        if not self.axis.dates:
            return np.array([low, high])
        return start + np.arange(np.rint(low - start), np.rint(high - start) + 1)

    def values(self, places: np.ndarray) -> pl.Series:
        """Return the values at positions (m,), null where they are missing."""
        return self.axis.series(self.name, places)

    def _within(self, starts: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Bring positions (m,) back to where the column may move from its starts."""
        low = np.minimum(self.axis.low, starts) if self.downward else starts
        high = np.maximum(self.axis.high, starts) if self.upward else starts
        return self._possible(starts, np.clip(places, low, high))

    def _possible(self, starts: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Round positions, towards the starts, to values that the column may hold."""
        axis = self.axis
        if axis.dates:
            moves = places - starts
            return starts + np.trunc(moves + np.sign(moves) * ROUNDING)
        if axis.decimals is None:
            return places
        scaled = places * 10.0**axis.decimals
        below = np.floor(scaled + ROUNDING) / 10.0**axis.decimals
        above = np.ceil(scaled - ROUNDING) / 10.0**axis.decimals
        return np.where(places > starts, np.maximum(below, starts), np.minimum(above, starts))


@dataclass(frozen=True, eq=False)
class Moves:
    """Moved copies of some rows."""

    rows: pl.DataFrame
    """p typed rows, every number in float64."""
    columns: tuple[MovingColumn, ...]
    """Of length c."""
    axes: np.ndarray
    """Integers of shape (c,). The axis along which each column moves; columns that move together
    share one."""

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, rows: pl.DataFrame) -> Moves:
        """Return the same moves for other rows."""
        return Moves(rows, self.columns, self.axes)

    @property
    def count(self) -> int:
        """The number of axes, a."""
        return int(self.axes.max(initial=-1)) + 1

    @cached_property
    def starts(self) -> np.ndarray:
        """The rows' own positions (p, c), NaN where a value is missing."""
        starts = [_places_of(self.rows[column.name]) for column in self.columns]
        return np.stack(starts, axis=1) if starts else np.zeros((len(self), 0))

    def places(self, rows: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return the positions (m, c) of copies of rows (m,), shifted along the axes (m, a)."""
        starts = self.starts[rows]
        moved = [
            column.moved(starts[:, place], shifts[:, self.axes[place]])
            for place, column in enumerate(self.columns)
        ]
        return np.stack(moved, axis=1) if moved else starts

    def distances(self, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return how far copies are from their rows (m,): the largest shift of a column."""
        return self.shifts(rows, places).max(axis=1, initial=0.0)

    def shifts(self, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the size of each column's shift (m, c); 0 where a value is missing."""
        starts = self.starts[rows]
        sizes = [
            column.scale.distance(starts[:, place], places[:, place])
            for place, column in enumerate(self.columns)
        ]
        moved = places != starts
        return np.where(moved & ~np.isnan(starts), np.reshape(sizes, (-1, len(rows))).T, 0.0)

    def frame(self, rows: np.ndarray, places: np.ndarray) -> pl.DataFrame:
        """Return the copies as a table."""
        return self.rows[rows].with_columns(self.values(places))

    def values(self, places: np.ndarray) -> pl.DataFrame:
        """Return only the moving columns of copies at positions (m, c)."""
        return pl.DataFrame(
            [column.values(places[:, place]) for place, column in enumerate(self.columns)]
        )


def _moves_of(
    rows: pl.DataFrame,
    axes: Mapping[str, Axis],
    scales: Mapping[str, ShiftScale],
    limits: Limits,
    together: Sequence[Sequence[str]],
) -> Moves:
    """Return the moves that rows may make.

    Parameters
    ----------
    rows : DataFrame
        Typed.
    axes, scales : dict
        Keyed by the columns that have them.
    limits : Limits
        Columns that stay fixed, or move one way only.
    together : sequence of sequences of str
        Columns that shift by the same amount, each group along an axis of its own.

    Raises
    ------
    SpecError
        A column that should move with others cannot move; also as in `refuse_no_groups`.
    """
    names = [name for name in scales if name in axes and name not in limits.frozen]
    axis_of = _axes(names, together, rows.columns)
    columns = tuple(
        MovingColumn(
            name,
            axes[name],
            scales[name],
            upward=name not in limits.downward,
            downward=name not in limits.upward,
        )
        for name in names
    )
    numbers = list(dict.fromkeys(axis_of[name] for name in names))
    places = [numbers.index(axis_of[name]) for name in names]
    return Moves(rows, columns, np.array(places, np.intp))


def _axes(
    names: Sequence[str], together: Sequence[Sequence[str]], known: Sequence[str]
) -> dict[str, str]:
    """Return, for each column, the name of its axis, which is that of its first column."""
    refuse_no_groups(together, known)
    axis_of = {name: name for name in names}
    for group in together:
        for name in group:
            if name not in axis_of:
                raise SpecError(
                    "Column {name!r} is to move with others, but cannot move.",
                    "Leave it out of --together: numbers and dates within the budget move.",
                    name=name,
                )
            axis_of[name] = group[0]
    return axis_of


def _places_of(values: pl.Series) -> np.ndarray:
    """Return the places of values on their line (n,), NaN where they are missing."""
    if values.dtype.is_temporal():
        at = values.to_frame().select(places(values.name, values.dtype)).to_series()
        return at.fill_null(np.nan).to_numpy()
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()
