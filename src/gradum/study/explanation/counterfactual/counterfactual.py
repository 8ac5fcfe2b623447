"""The least changes of rows that change their answers, each replayed through `predict`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict
from gradum.fitting.rung import Prediction, Rung
from gradum.messages import say
from gradum.study.explanation.counterfactual.answers import Answers
from gradum.study.explanation.counterfactual.axis import Axis, place_of
from gradum.study.explanation.counterfactual.candidates import candidates_of
from gradum.study.explanation.counterfactual.goal import Goal, goal_of, wanted_of
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.explanation.counterfactual.refine import Costs, refined
from gradum.study.explanation.counterfactual.search import Searched, search, without_detours
from gradum.tables.encoders import Date, Numeric

COUNT = 3
REFINED = 4  # for each that is wanted, and as many besides
MOST_PRODUCTS = 2e10
"""Multiplications that pairs of columns may take to be tried: a second of one core."""
MOST_PAIRS, FEWEST_PAIRS = 65_536, 1_024


class Change(msgspec.Struct, frozen=True):
    """One column's change.

    Parameters
    ----------
    column : str
    before, after : number, str, bool or datetime
        ``from`` and ``to`` in JSON.
    cost : float
        |after − before| / unit, or 1 for another level.
    """

    column: str
    before: Any = msgspec.field(name="from")
    after: Any = msgspec.field(name="to")
    cost: float


class Counterfactual(msgspec.Struct, frozen=True):
    """Changes of a row that change its answer.

    Parameters
    ----------
    changes : tuple of Change
        In the table's order of columns.
    cost : float
        The sum of theirs.
    output : label or float
        The answer of the changed row.
    probability_before, probability : float or None
        Of that class, for the row as it is and for the changed one; None for numbers.
    """

    changes: tuple[Change, ...]
    cost: float
    output: Any
    probability_before: float | None
    probability: float | None

    @property
    def columns(self) -> frozenset[str]:
        """The columns that change."""
        return frozenset(change.column for change in self.changes)


class RowCounterfactuals(msgspec.Struct, frozen=True):
    """What would have changed the answer for one row.

    Parameters
    ----------
    row : int
        Its number, from 1.
    output : label or float
        The answer as it is.
    counterfactuals : tuple of Counterfactual
        The cheapest first.
    complete : bool
        Whether every change of one column or two that could be cheaper was tried, on the grid of
        candidates.
    without_limits : Counterfactual or None
        Where there is none within the limits: the cheapest of those beyond them.
    beyond_limits : tuple of str
        The columns that this one changes although they may not, or the other way than they may.
    missing : tuple of str
        Columns without a value in this row, which stay so.
    """

    row: int
    output: Any
    counterfactuals: tuple[Counterfactual, ...]
    complete: bool
    without_limits: Counterfactual | None = None
    beyond_limits: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class CounterfactualRows:
    """What would have changed the answers for some rows.

    Parameters
    ----------
    rung : str
        The rung that answers.
    rows : tuple of RowCounterfactuals
    axes : dict of str to Axis
        The columns in which a change has a size, and its unit.
    limits : Limits
    background : int
        Rows that the units were measured on.
    wanted : label, float or None
        What is to be reached; None for any other class.
    """

    rung: str
    rows: tuple[RowCounterfactuals, ...]
    axes: dict[str, Axis]
    limits: Limits
    background: int
    wanted: Any


def counterfactuals(
    fitted: Fitted,
    rows: pl.DataFrame,
    background: pl.DataFrame,
    *,
    numbers: np.ndarray,
    limits: Limits,
    towards: Any = None,
    count: int = COUNT,
    rung: str | None = None,
) -> CounterfactualRows:
    """Look for the least changes of each row after which `predict` answers as is wanted.

    Parameters
    ----------
    fitted : Fitted
    rows, background : polars.DataFrame
        Checked columns; the background measures how far a change is.
    numbers : ndarray of int (n,)
        What the rows are called.
    limits : Limits
    towards : label or float
        The class to reach, any other if left out; or a number: at least it where it is above the
        present answer, at most it where it is below.
    count : int
        How many for each row, each changing other columns.
    rung : str, optional
        The best if left out.

    Raises
    ------
    SpecError
        There is no such rung or class, it is the answer already, or answers are quantiles.
    """
    chosen = fitted.rung(rung)
    if not isinstance(count, int | np.integer) or count < 1:
        raise SpecError(
            say("{count!r} counterfactuals are asked for.", count=count), say("Give 1 or more.")
        )
    if not fitted.classes and chosen.network.outputs > 1:
        raise SpecError(
            say("The model answers with several quantiles, not with one number to move."),
            say("Choose a rung or a model of one number."),
        )
    wanted = wanted_of(fitted, towards)
    axes = {
        column.name: axis
        for column, step in zip(fitted.schema.features, fitted.encoder.steps, strict=True)
        if isinstance(step, Numeric | Date)
        and (axis := Axis.of(column, step, background[column.name])) is not None
    }
    asked = [
        _Asked.of(fitted, chosen, axes, row, int(number), wanted)
        for row, number in zip(rows.iter_slices(1), numbers, strict=True)
    ]
    label = fitted.classes[int(wanted)] if fitted.classes and wanted is not None else wanted
    return CounterfactualRows(
        chosen.name,
        tuple(each.answer(limits, count) for each in asked),
        axes,
        limits,
        len(background),
        label,
    )


@dataclass(frozen=True)
class _Asked:
    """One row, of which a change is looked for."""

    fitted: Fitted
    rung: Rung
    axes: Mapping[str, Axis]
    row: pl.DataFrame
    number: int
    present: Prediction
    goal: Goal

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        rung: Rung,
        axes: Mapping[str, Axis],
        row: pl.DataFrame,
        number: int,
        wanted: int | float | None,
    ) -> _Asked:
        present, _ = predict(fitted, row, rung=rung.name)
        goal = goal_of(fitted, wanted, present, number)
        return cls(fitted, rung, axes, row, number, present, goal)

    def answer(self, limits: Limits, count: int) -> RowCounterfactuals:
        """Look within the limits and, where nothing is found, without them."""
        found, searched = self._found(limits, count)
        beyond: list[Counterfactual] = []
        if not found and limits.any:
            beyond, _ = self._found(Limits(), 1)
        values = self.row.row(0, named=True)
        return RowCounterfactuals(
            self.number,
            self._output(self.present, 0),
            tuple(found),
            searched.complete,
            beyond[0] if beyond else None,
            tuple(_broken(beyond[0], limits)) if beyond else (),
            tuple(name for name, value in values.items() if value is None),
        )

    def _found(self, limits: Limits, count: int) -> tuple[list[Counterfactual], Searched]:
        values = self.row.row(0, named=True)
        answers = Answers(self.fitted.encoder, self.rung, self.goal, self.row)
        grid = answers.among(candidates_of(self.fitted, values, self.axes, limits))
        searched = search(grid, count, self._most_pairs)
        costs = Costs(values, self.axes)
        choices = searched.found.cheapest(REFINED * (count + 1))
        changes = refined(answers, costs, [grid.changed(choice) for choice in choices])
        replayed = list(self._replayed(answers, costs, changes))
        kept = without_detours(
            [each.columns for each in replayed],
            np.array([each.cost for each in replayed]),
            count,
        )
        return [replayed[place] for place in kept], searched

    @property
    def _most_pairs(self) -> int:
        if self.rung.input_layer is None:
            return FEWEST_PAIRS
        products = self.rung.network.products(len(self.rung.input_layer.centre))
        return int(np.clip(MOST_PRODUCTS / max(products, 1), FEWEST_PAIRS, MOST_PAIRS))

    def _replayed(
        self, answers: Answers, costs: Costs, changes: Sequence[Mapping[str, Any]]
    ) -> Iterator[Counterfactual]:
        """Yield what `predict` answers as it should."""
        order = {column.name: place for place, column in enumerate(self.fitted.schema.features)}
        for changed in changes:
            prediction, _ = predict(self.fitted, answers.frame([changed]), rung=self.rung.name)
            if not self.goal.reached(prediction)[0]:
                continue
            parts = tuple(
                Change(name, costs.row[name], changed[name], costs.of(name, changed[name]))
                for name in sorted(changed, key=order.__getitem__)
            )
            before = after = None
            if prediction.probability is not None and self.present.probability is not None:
                place = int(prediction.value[0])
                before = float(self.present.probability[0, place])
                after = float(prediction.probability[0, place])
            output = self._output(prediction, 0)
            yield Counterfactual(parts, sum(each.cost for each in parts), output, before, after)

    def _output(self, prediction: Prediction, row: int) -> Any:
        value = prediction.value[row]
        return self.fitted.classes[int(value)] if self.fitted.classes else float(value)


def _broken(beyond: Counterfactual, limits: Limits) -> Iterator[str]:
    """Name the columns that a counterfactual changes against the limits."""
    for change in beyond.changes:
        places = [
            place_of(value) if not isinstance(value, str) else 0.0
            for value in (change.before, change.after)
        ]
        if not limits.allow(change.column, *places):
            yield change.column
