"""A fitted model as graphs over the columns of its table, and boxes around rows.

Inputs are what the encoder makes of a row: numbers in the table's units, 0 or 1 where a value is
missing or true, and a group of numbers for each column of levels, of which one is 1 and the others
are 0. A box lets each input be any number in its range. That is more than a table can hold: whole
numbers become intervals, levels mixtures, and a value may move while it is missing. So what is
proved for a box holds for its rows, but what fails somewhere in it need not fail for a row.

Shapes: n rows, d inputs, K classes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from gradum.core.bounds import Box, Graph
from gradum.core.bounds.rounding import FLOAT32, FLOAT64
from gradum.errors import ColumnError, NotCertifiableError, SpecError
from gradum.fitting.fitted import Fitted
from gradum.fitting.rung import Prediction, Rung
from gradum.messages import listed, say
from gradum.study.certified import rung_graph
from gradum.tables.check import check
from gradum.tables.design import FLOAT32_MAX, Design, Layout
from gradum.tables.encoders.categorical import MISSING
from gradum.tables.read import read
from gradum.tables.wording import nearest

Change = tuple[float, float] | Collection[Any]
"""The least and the greatest value of a column of numbers; of others, the levels that it may have.
"""


@dataclass(frozen=True, eq=False)
class TableGraph:
    """A rung of a fitted model as graphs, with what their inputs mean.

    Parameters
    ----------
    fitted : Fitted
        The model.
    rung : Rung
        The one of its rungs that predicts.
    """

    fitted: Fitted
    rung: Rung

    @cached_property
    def answer(self) -> Graph:
        """The graph from d inputs to the predicted number, or to the probability of each class.

        The number is in the target's units, the probabilities [K] are calibrated as predicted ones.

        Raises
        ------
        NotCertifiableError
            The rung predicts several quantiles.
        """
        return rung_graph.answer(self.rung, self.layout)

    def margin(self, first: int, *others: int) -> Graph:
        """Return a graph: each output is above 0 only where a class is preferred to another.

        It leaves out what does not change the order of classes, and so is bounded more tightly than
        the probabilities. Where all outputs are above 0, the class is the one that is predicted.

        Parameters
        ----------
        first : int
            Place of the class among the labels.
        *others : int
            Places of those that it is compared with, one an output; all others by default.

        Raises
        ------
        SpecError
            The model has no such classes.
        """
        classes = range(len(self.fitted.classes))
        compared = others or [other for other in classes if other != first]
        if first in compared or not compared or not {first, *compared} <= set(classes):
            raise SpecError(
                say(
                    "There is no margin of class {first} over {others}.",
                    first=first,
                    others=listed([str(other) for other in compared]),
                ),
                say("Give different places among {count} classes, from 0 on.", count=len(classes)),
            )
        return rung_graph.margin(self.rung, self.layout, first, compared)

    @property
    def unit(self) -> float:
        """The unit roundoff of the arithmetic in which the rung predicts."""
        single = self.rung.params["layers"][0]["weight"].dtype == np.float32
        return FLOAT32 if single else FLOAT64

    @property
    def layout(self) -> Layout:
        """The columns that the encoder makes."""
        return self.fitted.encoder.layout

    @property
    def inputs(self) -> int:
        """How many inputs there are, d."""
        return rung_graph.inputs_of(self.layout)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each input, such as ``age``, ``age missing``, ``colour=red``."""
        names = [feature.name for feature in self.layout.dense]
        for column in self.layout.codes:
            names += [f"{column.source}={level}" for level in (say("(unknown)"), *column.levels)]
        return (*names, *(feature.name for feature in self.layout.sparse))

    @cached_property
    def sources(self) -> np.ndarray:
        """The column of the table that each input was made of, [d]."""
        sources = [feature.source for feature in self.layout.dense]
        for column in self.layout.codes:
            sources += [column.source] * (1 + len(column.levels))
        return np.array([*sources, *(feature.source for feature in self.layout.sparse)], object)

    @cached_property
    def groups(self) -> tuple[np.ndarray, ...]:
        """The places of the inputs of which exactly one is 1, for each column of levels."""
        sizes = [1 + count for count in self.layout.level_counts]
        places = len(self.layout.dense) + np.arange(sum(sizes))
        return tuple(np.split(places, np.cumsum(sizes)[:-1])) if sizes else ()

    @cached_property
    def thresholds(self) -> tuple[np.ndarray, ...]:
        """For each input the numbers, rising and in the table's units, at which its codes bend."""
        places = [np.zeros(0) for _ in range(self.inputs)]
        layer = self.rung.input_layer
        corners = self.rung.network.corners(self.rung.params)
        for place, scaled in corners.items():
            if layer is not None and place < len(self.layout.dense):
                raw = layer.raw(place, scaled)
                places[place] = np.unique(raw[np.isfinite(raw)])
        return tuple(places)

    @cached_property
    def domain(self) -> Box:
        """Where the training rows' inputs lay, [1, d]: ranges of numbers, and every level."""
        ranges = [pair for step in self.fitted.encoder.steps for pair in step.dense_ranges()]
        rest = [(0.0, 1.0)] * (self.inputs - len(ranges))
        low, high = np.clip(np.array([*ranges, *rest]).reshape(-1, 2).T, -FLOAT32_MAX, FLOAT32_MAX)
        return Box(low[None], high[None])

    def encoded(self, data: Any) -> np.ndarray:
        """Return the inputs [n, d] of the rows of what `gradum.fit` takes for a table.

        Raises
        ------
        SchemaError
            A column is absent or of another kind.
        """
        encoder = self.fitted.encoder
        design = encoder.transform(check(read(data), self.fitted.schema, encoder=encoder).frame)
        levels = [
            np.eye(1 + count)[codes]
            for count, codes in zip(self.layout.level_counts, design.codes.T, strict=True)
        ]
        text = [] if design.sparse is None else [design.sparse.toarray().astype(np.float64)]
        return np.concatenate([design.dense, *levels, *text], axis=1)

    def predict(self, x: np.ndarray) -> Prediction:
        """Return what the model predicts for inputs [n, d], as it is deployed.

        Of each group the greatest input counts as the level.
        """
        dense, codes = len(self.layout.dense), [x[:, group].argmax(axis=1) for group in self.groups]
        levels = np.array(codes, np.int32).reshape(len(codes), len(x)).T
        arrays: dict[str, Any] = {"dense": x[:, :dense], "codes": levels}
        if self.layout.sparse:
            arrays["sparse"] = sparse.csr_array(x[:, -len(self.layout.sparse) :].astype(np.float32))
        return self.rung.predict(Design(arrays, self.layout))

    def box(self, rows: np.ndarray, changes: Mapping[str, Change]) -> Box:
        """Let some columns of rows [n, d] have any of the values that are given, the others stay.

        Parameters
        ----------
        rows : ndarray [n, d]
            Of `encoded`.
        changes : mapping of str to pair or to collection
            By name of a column: of numbers the least and the greatest value, in the table's units;
            of levels or of true and false, those that are possible, None for a missing one. A
            column of numbers is not missing then.

        Raises
        ------
        ColumnError
            There is no such column of the table, or it is no feature.
        SpecError
            The values are no range, or a level is unknown.
        NotCertifiableError
            The column is a date or a text, which enters as several inputs at once.
        """
        low, high = rows.copy(), rows.copy()
        for column, change in changes.items():
            for place, (least, greatest) in self._ranges(column, change).items():
                low[:, place], high[:, place] = least, greatest
        return Box(low, high)

    def around(self, rows: np.ndarray, radii: Mapping[str, float]) -> Box:
        """Let columns of numbers of rows [n, d] move by so much either way, in the table's units.

        Missing values stay.

        Raises
        ------
        ColumnError
            There is no such column of numbers.
        SpecError
            A radius is below 0 or not finite.
        """
        low, high = rows.copy(), rows.copy()
        for column, radius in radii.items():
            if self._kind(column) != "numeric":
                raise ColumnError(
                    say("Column {column!r} is none of numbers.", column=column),
                    say("Name the levels that it may have instead."),
                )
            if not 0 <= radius < np.inf:
                raise SpecError(
                    say("Column {column!r} is to move by {radius}.", column=column, radius=radius),
                    say("Give a number from 0 up, in the column's unit."),
                )
            places = self._places(column)
            if "value" in places:
                given = rows[:, places["missing"]] == 0 if "missing" in places else True
                value, reach = rows[:, places["value"]], np.where(given, radius, 0.0)
                low[:, places["value"]] = np.nextafter(value - reach, -np.inf)
                high[:, places["value"]] = np.nextafter(value + reach, np.inf)
        return Box(*(np.clip(end, -FLOAT32_MAX, FLOAT32_MAX) for end in (low, high)))

    def _kind(self, column: str) -> str:
        """Return the kind of a feature."""
        known = self.fitted.schema.column(column)
        if known.role != "feature":
            names = [feature.name for feature in self.fitted.schema.features]
            raise ColumnError(
                say("The model does not use column {column!r}.", column=column),
                nearest(column, names),
            )
        return known.kind

    def _places(self, column: str) -> dict[str, int]:
        """Return the places of a column's dense inputs by what they hold."""
        dense = enumerate(self.layout.dense)
        return {feature.kind: place for place, feature in dense if feature.source == column}

    def _ranges(self, column: str, change: Change) -> dict[int, tuple[float, float]]:
        """Return the ranges of the inputs of a column that is changed."""
        match self._kind(column):
            case "numeric":
                return self._of_numbers(column, change)
            case "boolean":
                return self._of_truths(column, change)
            case "categorical":
                return self._of_levels(column, change)
        raise NotCertifiableError(
            say(
                "Changes of column {column!r} are not certifiable: a date or a text enters as "
                "several inputs at once.",
                column=column,
            ),
            say("Leave the column as it is."),
        )

    def _of_numbers(self, column: str, change: Change) -> dict[int, tuple[float, float]]:
        ends = [*change] if isinstance(change, Sequence) and not isinstance(change, str) else []
        numbers = all(isinstance(end, (int, float, np.number)) for end in ends)
        if len(ends) != 2 or not numbers or not -np.inf < ends[0] <= ends[1] < np.inf:
            raise SpecError(
                say("Column {column!r} has no range {change!r}.", column=column, change=change),
                say("Give the least and the greatest value, such as (20, 30)."),
            )
        places = self._places(column)
        low, high = (float(np.clip(end, -FLOAT32_MAX, FLOAT32_MAX)) for end in ends)
        ranges = {"value": (low, high), "missing": (0.0, 0.0)}
        return {place: ranges[kind] for kind, place in places.items()}

    def _of_truths(self, column: str, change: Change) -> dict[int, tuple[float, float]]:
        truths = [*self._collection(column, change)]
        if not all(isinstance(truth, (bool, np.bool_)) for truth in truths):
            raise SpecError(
                say("Column {column!r} has no levels {change!r}.", column=column, change=change),
                say("Give True, False, or both."),
            )
        ranges = {"boolean": (float(min(truths)), float(max(truths))), "missing": (0.0, 0.0)}
        return {place: ranges[kind] for kind, place in self._places(column).items()}

    def _of_levels(self, column: str, change: Change) -> dict[int, tuple[float, float]]:
        known = self.fitted.encoder.levels.get(column, ())
        levels = [self._level(column, level, known) for level in self._collection(column, change)]
        for coded, group in zip(self.layout.codes, self.groups, strict=True):
            if coded.source == column:
                codes = {level: 1 + code for code, level in enumerate(coded.levels)}
                possible = {codes.get(level, 0) for level in levels}
                least = float(len(possible) == 1)
                return {
                    int(place): (least, 1.0) if code in possible else (0.0, 0.0)
                    for code, place in enumerate(group)
                }
        return {}

    def _collection(self, column: str, change: Change) -> Collection[Any]:
        """Return levels, if there is one."""
        if isinstance(change, (str, bytes)) or not len(change):
            raise SpecError(
                say("Column {column!r} has no levels {change!r}.", column=column, change=change),
                say("Give a list of the levels that it may have."),
            )
        return change

    def _level(self, column: str, level: Any, known: Sequence[str]) -> str:
        """Return the name of a level as the encoder has it."""
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
