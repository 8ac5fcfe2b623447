"""The domain of a model's graph in terms of its table, and the table row of each point.

The domain follows the rows learned from. A column of numbers has its range, in whole numbers if all
values were whole; other columns have the levels that occurred; values may be missing where some
were. A date, a time of day or a text enters as several inputs, most combinations of which stand for
no value: a proof covers all combinations within their ranges, while counterexamples have the median
date or time and no text.

Shapes: N points, n rows, d inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.bounds import Box, forward_error, intervals, zonotopes
from gradum.core.bounds.box import FLOAT64
from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError
from gradum.messages import listed, say
from gradum.run.predicting import predict
from gradum.rungs.rung import Prediction
from gradum.study.certified.table_graph import TableGraph
from gradum.study.certified.table_inputs import TableInputs
from gradum.study.properties.region import Region
from gradum.study.properties.result import ColumnDomain
from gradum.study.verification.domain import Domain, InputForm
from gradum.tables.kinds.design import FLOAT32_MAX
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import Step
from gradum.tables.wording import number

TIE = 2.0**-40
"""The share of a limit by which an answer may exceed it, as decimals are rounded."""
HARDLY = 1e-6
"""The share of every answer below which rounding must stay for two answers to count as equal."""

Row = dict[str, Any]
"""A row by column, as a table would hold it."""


@dataclass(frozen=True, eq=False)
class TableDomain:
    """The inputs of a rung's graphs, in terms of the table."""

    table_graph: TableGraph
    """Graphs of the rung."""

    @property
    def inputs(self) -> TableInputs:
        """The meaning of the graphs' inputs."""
        return self.table_graph.inputs

    @cached_property
    def box(self) -> Box:
        """The whole domain, [1, d]."""
        low, high = (end.copy() for end in self.inputs.domain)
        for group, step in self._levels:
            high[:, group[0]] = float(step.lacks_levels)
        return Box(low, high)

    @cached_property
    def form(self) -> InputForm:
        """The possible values of the inputs, besides lying in the box."""
        columns = self.inputs.layout.columns
        whole = np.array([c.traits.is_truth for c in columns for _ in c.flat_names], bool)
        tried = np.full(self.inputs.count, np.nan)
        implied = []
        for step in self._steps:
            places = self.inputs.places(step.source)
            if "value" in places:
                whole[places["value"]] = self._column(step).whole
            main = places.get("value", places.get("boolean"))
            if main is not None and "missing" in places:
                implied.append((places["missing"], main, step.imputed))
        several = self._of_several_inputs
        if several.any():
            tried[several] = self.inputs.encoded([self._typical])[0, several]
        return InputForm(whole, tuple(implied), tried)

    def region(self, region: Region) -> Box:
        """Return the part of the domain that a region names, [1, d].

        Raises
        ------
        ColumnError, SpecError, NotCertifiableError
            A column does not belong to the model, or has no such values.
        PropertyError
            The region is empty.
        """
        low, high = (end.copy() for end in self.box)
        changes = {name: self._within(name, ends) for name, ends in region.limits.items()}
        changed = self.inputs.box(low, changes)
        there = np.isin(self.inputs.sources, list(changes))
        low[:, there], high[:, there] = changed.low[:, there], changed.high[:, there]
        form = self.form
        narrowed = form.narrowed(low, high)
        for name in changes:
            of_column = self.inputs.sources == name
            if (narrowed[0] > narrowed[1])[:, of_column].any():
                raise PropertyError(
                    "The region is empty: column {column!r} has whole numbers.",
                    "Give a range with a whole number in it.",
                    column=name,
                )
        return Box(*narrowed)

    def domain(
        self, box: Box, unsafe: Sequence[Polyhedron], form: InputForm | None = None
    ) -> Domain:
        """Return the domain of a search: a box [1, d] with its unsafe outputs."""
        return Domain(
            box.low[0],
            box.high[0],
            tuple(unsafe),
            self.inputs.groups,
            self.table_graph.thresholds,
            form=form or self.form,
        )

    def rows(self, x: np.ndarray) -> list[Row]:
        """Return the rows of the table that points [N, d] stand for."""
        rows: list[Row] = [{} for _ in range(len(x))]
        levels = {step.source: (group, step) for group, step in self._levels}
        for step in self._steps:
            places = self.inputs.places(step.source)
            for row, point in zip(rows, x, strict=True):
                if step.source in levels:
                    code = int(point[levels[step.source][0]].argmax())
                    row[step.source] = step.level_of(code)
                elif "missing" in places and point[places["missing"]] == 1:
                    row[step.source] = None
                elif "value" in places or "boolean" in places:
                    place = places.get("value", places.get("boolean", 0))
                    row[step.source] = step.value_of(float(point[place]), self._parse(step))
                else:
                    row[step.source] = self._typical[step.source]
        return rows

    def predicted(self, rows: Sequence[Row]) -> Prediction:
        """Return the model's answers for rows of the table."""
        return predict(self.table_graph.fitted, [*rows], rung=self.table_graph.rung.name)[0]

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Return the number [N, 1], or the probabilities [N, K], of the rows of points [N, d]."""
        prediction = self.predicted(self.rows(x))
        if prediction.probability is None:
            return np.asarray(prediction.value, np.float64)[:, None]
        return np.asarray(prediction.probability, np.float64)

    def middle(self, box: Box) -> Box:
        """Return a point of the domain in the middle of a box [1, d], with any of its levels."""
        domain = self.domain(box, ())
        levels = [box.high[:, places].argmax(axis=1) for places in domain.groups]
        point = domain.snapped(domain.one_hot((box.low + box.high) / 2, levels))
        return Box(point, point)

    def rounding(self, box: Box, unit: float | None = None) -> float:
        """Bound how far rounding can separate two answers in a box [1, d] that are otherwise equal.

        This is twice the forward error of the answer's graph, in the answer's unit, for the
        arithmetic in which the rung predicts, or for another one.
        """
        own = self.table_graph.unit
        error = forward_error(zonotopes(self.table_graph.answer, box, own), unit or own)
        return 2.0 * float(error.max())

    def tie(self, box: Box, asked: float) -> float:
        """Return how far a difference of answers in a box may exceed the limit asked, from 0 up.

        This is `TIE` of the limit. Where answers are to be equal, it is the float64 rounding of two
        answers and of their bounds; bounds include the rounding of a coarser arithmetic anyway.
        """
        return TIE * asked if asked else 2.0 * self.rounding(box, FLOAT64)

    def is_hardly(self, difference: float, box: Box) -> bool:
        """Return whether a difference is at most `HARDLY` of every answer in a box [1, d]."""
        low, high = intervals(self.table_graph.answer, box, self.table_graph.unit).output
        least = np.maximum(np.maximum(low, -high), 0.0).min()
        return bool(difference <= HARDLY * least)

    @property
    def columns(self) -> tuple[ColumnDomain, ...]:
        """The whole domain, column by column."""
        return tuple(self._column(step) for step in self._steps)

    def _column(self, step: Step) -> ColumnDomain:
        missing = "missing" in self.inputs.places(step.source)
        return ColumnDomain(step.source, **{"missing": missing, **step.domain(self._parse(step))})

    @property
    def notes(self) -> list[str]:
        """Sentences on inputs for which proofs cover more values than a table can hold."""
        sources = self.inputs.sources[self._of_several_inputs]
        several = sorted({str(name) for name in sources})
        if not several:
            return []
        return [
            say(
                "A date, a time of day, a text, a picture or a sound, such as {columns} here, "
                "becomes several inputs: a proof covers all values that each of these can have by "
                "itself, and counterexamples have the median date or time and none of the others.",
                columns=listed([repr(name) for name in several], "and"),
            )
        ]

    @property
    def _steps(self) -> Sequence[Step]:
        return self.table_graph.fitted.encoder.steps

    @cached_property
    def _levels(self) -> list[tuple[np.ndarray, Step]]:
        """The group of each column of levels, and its step."""
        steps = {step.source: step for step in self._steps}
        return [(group, steps[coded.source]) for coded, group in self.inputs.by_levels.items()]

    @cached_property
    def _of_several_inputs(self) -> np.ndarray:
        """Which inputs [d] belong to dates and texts."""
        features = self.table_graph.fitted.schema.features
        kinds = {column.name: column.traits for column in features}
        plain = [name for name, kind in kinds.items() if kind.is_quantity or kind.has_levels]
        return ~np.isin(self.inputs.sources, plain)

    @cached_property
    def _typical(self) -> Row:
        """A typical value of each column: the median, the commoner boolean, a level, no text."""
        return {step.source: step.typical(self._parse(step)) for step in self._steps}

    def _parse(self, step: Step) -> Parse:
        return self.table_graph.fitted.schema.column(step.source).parse

    def _within(self, column: str, limits: tuple[Any, ...]) -> Any:
        """Return the limits of a column, with infinite ones replaced by the ends of its domain."""
        step = next((step for step in self._steps if step.source == column), None)
        known = self.table_graph.fitted.schema.column(column)
        if step is None or not known.traits.is_quantity:
            return limits
        least, greatest = step.range or (0.0, 0.0)
        low = limits[0] if np.isfinite(limits[0]) else least
        high = limits[1] if np.isfinite(limits[1]) else greatest
        if low > high:
            raise PropertyError(
                "The region is empty: column {column!r} goes from {least} to {greatest}.",
                "Give both ends of a range beyond it.",
                column=column,
                least=number(least),
                greatest=number(greatest),
            )
        if low > FLOAT32_MAX or high < -FLOAT32_MAX:
            raise PropertyError(
                "The region is empty: no table has numbers beyond {largest}.",
                "Give a range with lesser numbers in it.",
                largest=number(FLOAT32_MAX),
            )
        return low, high
