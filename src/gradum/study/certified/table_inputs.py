"""The columns that an encoder makes as inputs of a graph, and boxes in the table's units.

Inputs are numbers in the table's units, 0 or 1 where a value is missing or true, and, for each
column of levels, a group of numbers of which one is 1 and the others are 0. A box lets each input
be any number in its range. That is more than a table can hold: whole numbers become intervals,
levels become mixtures, and a value may move while it is missing. So what is proved for a box holds
for its rows, but what fails somewhere in it need not fail for a row.

Shapes: n rows, d inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from gradum.core.bounds import Box
from gradum.errors import ColumnError, NotCertifiableError, SpecError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.tables.check.check import check
from gradum.tables.kinds import Kind
from gradum.tables.kinds.design import FLOAT32_MAX, BlockColumn, Layout
from gradum.tables.kinds.step import MISSING
from gradum.tables.sources.read import read
from gradum.tables.wording import nearest

PossibleValues = tuple[float, float] | Collection[Any]
"""The least and the greatest value of a column of numbers; the possible levels of any other column.
"""


def not_certifiable(column: str, kind: Kind) -> NotCertifiableError:
    """Return why nothing is proved of what a column may become."""
    return NotCertifiableError(
        "Changes of column {column!r} are not certifiable: {why}.",
        "Leave the column as it is.",
        column=column,
        why=say(kind.together),
    )


@dataclass(frozen=True, eq=False)
class TableInputs:
    """What the inputs of a fitted model's graphs mean.

    The dense columns come first, in their own units. Then come 1 + L numbers for each column of L
    levels, the first for unknown levels; then come the columns of text.
    """

    fitted: Fitted

    @property
    def layout(self) -> Layout:
        """The columns that the encoder makes."""
        return self.fitted.encoder.layout

    @property
    def count(self) -> int:
        """The number of inputs, d."""
        return sum(len(column.flat_names) for column in self.layout.columns)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each input, such as ``age``, ``age missing``, ``colour=red``."""
        return tuple(name for column in self.layout.columns for name in column.flat_names)

    @cached_property
    def sources(self) -> np.ndarray:
        """The column of the table that each input was made from, [d]."""
        columns = self.layout.columns
        return np.array([column.source for column in columns for _ in column.flat_names], object)

    @cached_property
    def groups(self) -> tuple[np.ndarray, ...]:
        """For each column of levels, the positions of its inputs, of which exactly one is 1."""
        return tuple(self.by_levels.values())

    @cached_property
    def by_levels(self) -> dict[BlockColumn, np.ndarray]:
        """The `groups` by their column of levels."""
        ends = np.cumsum([len(column.flat_names) for column in self.layout.columns])
        pairs = zip(self.layout.columns, ends, strict=True)
        return {c: np.arange(end - len(c.levels) - 1, end) for c, end in pairs if c.levels}

    @cached_property
    def domain(self) -> Box:
        """The box of the training rows' inputs, [1, d]: ranges of numbers, and every level."""
        ranges = [pair for step in self.fitted.encoder.steps for pair in step.dense_ranges()]
        rest = [(0.0, 1.0)] * (self.count - len(ranges))
        low, high = np.clip(np.array([*ranges, *rest]).reshape(-1, 2).T, -FLOAT32_MAX, FLOAT32_MAX)
        return Box(low[None], high[None])

    def places(self, column: str) -> dict[str, int]:
        """Return the positions of a column's dense inputs by what they hold.

        They hold ``value``, ``boolean`` or ``missing``, for example.
        """
        dense = enumerate(self.layout.dense)
        return {feature.kind: place for place, feature in dense if feature.source == column}

    def encoded(self, data: Any) -> np.ndarray:
        """Return the inputs [n, d] of the rows of anything that `gradum.fit` takes as a table.

        Raises
        ------
        SchemaError
            A column is absent or of another kind.
        """
        encoder = self.fitted.encoder
        return self.of_typed(check(read(data), self.fitted.schema, encoder=encoder).frame)

    def of_typed(self, rows: pl.DataFrame) -> np.ndarray:
        """Return the inputs [n, d] of rows whose columns have the types of the schema."""
        return self.fitted.encoder.transform(rows).flat()

    def box(self, rows: np.ndarray, changes: Mapping[str, PossibleValues]) -> Box:
        """Return boxes in which some columns of rows [n, d] take given values; the others stay.

        Parameters
        ----------
        rows : ndarray [n, d]
            As returned by `encoded`.
        changes : mapping of str to pair or to collection
            By column name: for numbers, the least and the greatest value in the table's units; for
            levels or booleans, the possible values, with None for a missing one. A changed column
            of numbers is never missing.

        Raises
        ------
        ColumnError
            The table has no such column, or it is not a feature.
        SpecError
            The values are not a range, or a level is unknown.
        NotCertifiableError
            The column is a date, a time of day or a text, which enters as several inputs at once.
        """
        low, high = rows.copy(), rows.copy()
        for column, change in changes.items():
            for place, (least, greatest) in self._ranges(column, change).items():
                low[:, place], high[:, place] = least, greatest
        return Box(low, high)

    def around(self, rows: np.ndarray, radii: Mapping[str, float]) -> Box:
        """Return boxes in which columns of numbers of rows [n, d] move by a radius either way.

        Radii are in the table's units. Missing values stay missing. Ends are rounded outward,
        unless the radius is 0.

        Raises
        ------
        ColumnError
            There is no such column of numbers.
        SpecError
            A radius is below 0 or not finite.
        """
        low, high = rows.copy(), rows.copy()
        for column, radius in radii.items():
            if not self._kind(column).is_quantity:
                raise ColumnError(
                    "Column {column!r} is not numeric.",
                    "Name the levels that it may have instead.",
                    column=column,
                )
            if not 0 <= radius < np.inf:
                raise SpecError(
                    "Column {column!r} is to move by {radius}.",
                    "Give a number from 0 up, in the column's unit.",
                    column=column,
                    radius=radius,
                )
            places = self.places(column)
            if "value" in places:
                given = rows[:, places["missing"]] == 0 if "missing" in places else np.True_
                value, moves = rows[:, places["value"]], given & (radius > 0)
                least, greatest = (
                    np.nextafter(value - radius, -np.inf),
                    np.nextafter(value + radius, np.inf),
                )
                low[:, places["value"]] = np.where(moves, least, value)
                high[:, places["value"]] = np.where(moves, greatest, value)
        return Box(*(np.clip(end, -FLOAT32_MAX, FLOAT32_MAX) for end in (low, high)))

    def _kind(self, column: str) -> Kind:
        """Return the kind of a feature."""
        known = self.fitted.schema.column(column)
        if known.role != "feature":
            names = [feature.name for feature in self.fitted.schema.features]
            raise ColumnError(
                say("The model does not use column {column!r}.", column=column),
                nearest(column, names),
            )
        return known.traits

    def _ranges(self, column: str, change: PossibleValues) -> dict[int, tuple[float, float]]:
        """Return the ranges of a changed column's inputs."""
        kind = self._kind(column)
        if kind.is_quantity:
            return self._of_numbers(column, change)
        if kind.fixed_levels:
            return self._of_truths(column, change)
        if kind.has_levels:
            return self._of_levels(column, change)
        raise not_certifiable(column, kind)

    def _of_numbers(self, column: str, change: PossibleValues) -> dict[int, tuple[float, float]]:
        ends = [*change] if isinstance(change, Sequence) and not isinstance(change, str) else []
        numbers = all(isinstance(end, (int, float, np.number)) for end in ends)
        if len(ends) != 2 or not numbers or not -np.inf < ends[0] <= ends[1] < np.inf:
            raise SpecError(
                "Column {column!r} has no range {change!r}.",
                "Give the least and the greatest value, such as (20, 30).",
                column=column,
                change=change,
            )
        places = self.places(column)
        low, high = (float(np.clip(end, -FLOAT32_MAX, FLOAT32_MAX)) for end in ends)
        ranges = {"value": (low, high), "missing": (0.0, 0.0)}
        return {place: ranges[kind] for kind, place in places.items()}

    def _of_truths(self, column: str, change: PossibleValues) -> dict[int, tuple[float, float]]:
        truths = [*self._collection(column, change)]
        if not all(isinstance(truth, (bool, np.bool_)) for truth in truths):
            raise SpecError(
                "Column {column!r} has no levels {change!r}.",
                "Give True, False, or both.",
                column=column,
                change=change,
            )
        ranges = {"boolean": (float(min(truths)), float(max(truths))), "missing": (0.0, 0.0)}
        return {place: ranges[kind] for kind, place in self.places(column).items()}

    def _of_levels(self, column: str, change: PossibleValues) -> dict[int, tuple[float, float]]:
        known = self.fitted.encoder.levels.get(column, ())
        levels = [self._level(column, level, known) for level in self._collection(column, change)]
        for coded, group in self.by_levels.items():
            if coded.source == column:
                codes = {level: 1 + code for code, level in enumerate(coded.levels)}
                possible = {codes.get(level, 0) for level in levels}
                least = float(len(possible) == 1)
                return {
                    int(place): (least, 1.0) if code in possible else (0.0, 0.0)
                    for code, place in enumerate(group)
                }
        return {}

    def _collection(self, column: str, change: PossibleValues) -> Collection[Any]:
        """Return levels, of which there must be at least one."""
        if isinstance(change, (str, bytes)) or not len(change):
            raise SpecError(
                "Column {column!r} has no levels {change!r}.",
                "Give a list of the levels that it may have.",
                column=column,
                change=change,
            )
        return change

    def _level(self, column: str, level: Any, known: Sequence[str]) -> str:
        """Return a level's name in the encoder."""
        if level is None:
            return MISSING
        whole = isinstance(level, float) and level.is_integer()
        name = str(level) if str(level) in known or not whole else str(int(level))
        if known and name not in known:
            raise SpecError(
                say("Column {column!r} has no level {level!r}.", column=column, level=name),
                nearest(name, known, say("levels")),
            )
        return name
