"""The smallest changes of rows that change their answers: found on a grid, refined and replayed.

Choices on a grid are refined: moves are shortened, and unneeded changes are taken back. A move is
shortened in sections: several values are tried between one that does not reach the aim and one that
does, again and again, until no possible value lies between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import say
from gradum.questions.counterfactual.aim import Aim, aim_of, wanted_of
from gradum.questions.counterfactual.candidates import candidates_of
from gradum.questions.counterfactual.costs import Costs, PricedAxis, priced_axes
from gradum.questions.counterfactual.leads import Answers, CandidateGrid, Changed
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.counterfactual.result import (
    ColumnChange,
    Counterfactual,
    CounterfactualRows,
    RowCounterfactuals,
)
from gradum.questions.counterfactual.search import search, without_detours
from gradum.run.fitted import Fitted
from gradum.run.predicting import predict
from gradum.rungs.rung import Prediction, Rung
from gradum.tables.kinds.axis import place_of
from gradum.waiting import told

COUNT = 3
REFINED = 8  # choices that are refined besides the wanted ones
TOLL = 1e4  # the cost of a change beyond the limits
MOST_PRODUCTS = 2e10
"""Multiplications allowed for trying pairs of columns: a second of one core."""
MOST_PAIRS, FEWEST_PAIRS = 32_768, 1_024

SECTIONS = 16  # values at a time


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
    """Look for the smallest changes of each row after which `predict` gives the wanted answer.

    Parameters
    ----------
    rows, background : polars.DataFrame
        Checked columns; the background defines the units of changes.
    numbers : ndarray of int (n,)
        The rows' numbers, as they are reported.
    towards : label or float
        The class to reach (by default any other), or a number: the answer must be at least this
        number if it is above the present answer, at most this number if it is below.
    count : int
        How many counterfactuals for each row, each changing different columns.
    rung : str, optional
        By default the best.

    Raises
    ------
    SpecError
        There is no such rung or class, the row already has that answer, or answers are quantiles.
    """
    chosen = fitted.rung(rung)
    if not fitted.classes and chosen.network.outputs > 1:
        raise SpecError(
            "The model answers with several quantiles, not with one number to move.",
            "Choose a model of one number.",
        )
    wanted = wanted_of(fitted, towards)
    axes = priced_axes(fitted, background)
    asked = [
        _Asked.of(fitted, chosen, axes, row, int(number), wanted)
        for row, number in zip(rows.iter_slices(1), numbers, strict=True)
    ]
    label = fitted.classes[int(wanted)] if fitted.classes and wanted is not None else wanted
    return CounterfactualRows(
        chosen.name,
        tuple(
            row.answer(limits, count)
            for row in told(asked, say("searching for the least changes, row by row"), len(asked))
        ),
        axes,
        limits,
        len(background),
        label,
        count,
    )


@dataclass(frozen=True)
class _Asked:
    """One row for which a change is sought."""

    fitted: Fitted
    rung: Rung
    axes: Mapping[str, PricedAxis]
    row: pl.DataFrame
    number: int
    present: Prediction
    aim: Aim

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        rung: Rung,
        axes: Mapping[str, PricedAxis],
        row: pl.DataFrame,
        number: int,
        wanted: int | float | None,
    ) -> _Asked:
        present, _ = predict(fitted, row, rung=rung.name)
        aim = aim_of(fitted, wanted, present, number)
        return cls(fitted, rung, axes, row, number, present, aim)

    def answer(self, limits: Limits, count: int) -> RowCounterfactuals:
        """Look within the limits and, if nothing is found, beyond as few of them as possible."""
        values = self.row.row(0, named=True)
        found, complete = self._found(Costs(values, self.axes, limits), count)
        beyond: list[dict[str, Any]] = []
        costs = Costs(values, self.axes, limits, TOLL)
        if not found and limits.any:
            beyond, _ = self._found(costs, 1)
        return RowCounterfactuals(
            self.number,
            self._output(self.present),
            tuple(self._counterfactual(costs, changed) for changed in found),
            complete,
            self._counterfactual(costs, beyond[0]) if beyond else None,
            costs.beyond_limits(beyond[0]) if beyond else (),
            tuple(name for name, value in values.items() if value is None),
        )

    def _found(self, costs: Costs, count: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the cheapest changes, replayed, and whether all relevant changes were tried.

        Once some are known, the search is repeated on a finer grid of changes that could be
        cheaper.
        """
        changes, complete = self._searched(costs, count)
        if known := _cheapest(changes, costs, count):
            changes += self._searched(costs, count, known)[0]
        while True:
            kept = _cheapest(changes, costs, count)
            failed = [
                changed for changed in kept if not self.aim.reached(self._replayed(changed))[0]
            ]
            if not failed:
                return kept, complete
            changes = [changed for changed in changes if changed not in failed]

    def _searched(
        self, costs: Costs, count: int, known: Sequence[Mapping[str, Any]] = ()
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return changes that reach the aim, and whether all relevant changes were tried.

        Where some are known, only changes that cost no more than these are tried.
        """
        reach, ceiling = None, np.inf
        if known:
            reach = max(sum(costs.of(*change) for change in changed.items()) for changed in known)
            ceiling = max(map(costs.together, known))
        grid = CandidateGrid(self._answers, candidates_of(self.fitted, costs, reach))
        reached, complete = search(grid, count, self._most_pairs, ceiling)
        choices = reached.worth_refining(REFINED)
        changes = refined(self._answers, costs, [grid.changed(choice) for choice in choices])
        return changes, complete

    def _replayed(self, changed: Mapping[str, Any]) -> Prediction:
        """Return the answer of `predict` for the changed row."""
        return predict(self.fitted, self._answers.frame([changed]), rung=self.rung.name)[0]

    @property
    def _answers(self) -> Answers:
        return Answers(self.fitted.encoder, self.rung, self.aim, self.row)

    @property
    def _most_pairs(self) -> int:
        if self.rung.input_layer is None:
            return 0
        products = self.rung.network.products(len(self.rung.input_layer.centre))
        return int(np.clip(MOST_PRODUCTS / max(products, 1), FEWEST_PAIRS, MOST_PAIRS))

    def _counterfactual(self, costs: Costs, changed: Mapping[str, Any]) -> Counterfactual:
        prediction = self._replayed(changed)
        parts = tuple(
            ColumnChange(name, value, changed[name], costs.of(name, changed[name]))
            for name, value in costs.row.items()
            if name in changed
        )
        before = after = None
        if prediction.probability is not None and self.present.probability is not None:
            reached = int(prediction.value[0])
            before = float(self.present.probability[0, reached])
            after = float(prediction.probability[0, reached])
        cost = sum(part.cost for part in parts)
        return Counterfactual(parts, cost, self._output(prediction), before, after)

    def _output(self, prediction: Prediction) -> Any:
        value = prediction.value[0]
        return self.fitted.classes[int(value)] if self.fitted.classes else float(value)


def _cheapest(changes: Sequence[dict[str, Any]], costs: Costs, count: int) -> list[dict[str, Any]]:
    """Return at most a given number of changes of different columns, the cheapest first."""
    prices = np.array([costs.together(changed) for changed in changes])
    return [changes[place] for place in without_detours(changes, prices, count)]


def refined(answers: Answers, costs: Costs, choices: Sequence[Changed]) -> list[dict[str, Any]]:
    """Refine choices that reach the aim, each in several ways.

    Every choice is refined both as it is and without its unneeded changes. Its moves are shortened
    in two orders, since what one column saves must be paid by another.
    """
    ways = [dict(changed) for changed in choices]
    ways += [changed for changed in _needed(answers, costs, choices) if changed not in ways]
    shortened = []
    for order in (1, -1):
        copies = [dict(changed) for changed in ways]
        columns = [sorted(costs.axes.keys() & changed.keys())[::order] for changed in copies]
        for turn in range(max(map(len, columns), default=0)):
            moves = [
                Move(changed, names[turn], costs.row[names[turn]], costs.axes[names[turn]])
                for changed, names in zip(copies, columns, strict=True)
                if turn < len(names)
            ]
            _shorten(answers, moves)
        shortened += copies
    return _needed(answers, costs, shortened)


@dataclass
class Move:
    """One column's move in a change of several, to be shortened."""

    changed: dict[str, Any]
    """The change, which reaches the aim; it is updated."""
    column: str
    value: Any
    """A number or a date. The row's value of the column."""
    axis: PricedAxis

    def __post_init__(self) -> None:
        self.start = place_of(self.value)
        self.near = self.start  # a position at which the aim is not reached

    def between(self) -> np.ndarray:
        """Return positions that may be enough, the nearest first."""
        far = place_of(self.changed[self.column])
        return self.axis.between(self.near, far, self.start, SECTIONS)

    def to(self, place: float) -> dict[str, Any]:
        """Return the change with this column at another position."""
        return {**self.changed, self.column: self.axis.value(place)}

    def narrow(self, places: np.ndarray, reached: np.ndarray) -> None:
        """Move to the first position that reaches the aim, and stay beyond the one before it."""
        first = int(reached.argmax()) if reached.any() else len(places)
        if first > 0:
            self.near = float(places[first - 1])
        if first < len(places):
            self.changed[self.column] = self.axis.value(float(places[first]))


def _shorten(answers: Answers, moves: Sequence[Move]) -> None:
    """Shorten moves of different changes as far as possible, all at the same time."""
    while tried := [(move, places) for move in moves if len(places := move.between())]:
        copies = [move.to(place) for move, places in tried for place in places]
        ends = np.cumsum([len(places) for _, places in tried])
        parts = np.split(_reach(answers, copies), ends[:-1])
        for (move, places), reached in zip(tried, parts, strict=True):
            move.narrow(places, reached)


def _needed(answers: Answers, costs: Costs, choices: Sequence[Changed]) -> list[dict[str, Any]]:
    """Take back, one by one, the most expensive changes without which the aim is still reached."""
    needed = [dict(changed) for changed in choices]
    while True:
        without = [
            (place, column)
            for place, changed in enumerate(needed)
            for column in changed
            if len(changed) > 1
        ]
        copies = [
            {name: value for name, value in needed[place].items() if name != column}
            for place, column in without
        ]
        spare: dict[int, list[str]] = {}
        for (place, column), reached in zip(without, _reach(answers, copies), strict=True):
            if reached:
                spare.setdefault(place, []).append(column)
        if not spare:
            return needed
        for place, columns in spare.items():
            prices = {name: costs.with_toll(name, needed[place][name]) for name in columns}
            del needed[place][max(columns, key=prices.__getitem__)]


def _reach(answers: Answers, copies: Sequence[Changed]) -> np.ndarray:
    """Return whether copies of the row reach the aim (m,)."""
    return answers.leads(copies) >= 0 if copies else np.zeros(0, bool)
