"""The least changes of rows that change their answers, each replayed through `predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict
from gradum.fitting.rung import Prediction, Rung
from gradum.messages import say
from gradum.study.explanation.counterfactual.aim import Aim, aim_of, wanted_of
from gradum.study.explanation.counterfactual.answers import Answers, CandidateGrid
from gradum.study.explanation.counterfactual.candidates import candidates_of
from gradum.study.explanation.counterfactual.costs import Costs, PricedAxis, priced_axes
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.explanation.counterfactual.refine import refined
from gradum.study.explanation.counterfactual.result import (
    ColumnChange,
    Counterfactual,
    CounterfactualRows,
    RowCounterfactuals,
)
from gradum.study.explanation.counterfactual.search import search, without_detours

COUNT = 3
REFINED = 8  # choices that are refined besides those that are wanted
TOLL = 1e4  # the cost of a change beyond the limits
MOST_PRODUCTS = 2e10
"""Multiplications that pairs of columns may take to be tried: a second of one core."""
MOST_PAIRS, FEWEST_PAIRS = 32_768, 1_024


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
    axes = priced_axes(fitted, background)
    asked = [
        _Asked.of(fitted, chosen, axes, row, int(number), wanted)
        for row, number in zip(rows.iter_slices(1), numbers, strict=True)
    ]
    label = fitted.classes[int(wanted)] if fitted.classes and wanted is not None else wanted
    return CounterfactualRows(
        chosen.name,
        tuple(row.answer(limits, count) for row in asked),
        axes,
        limits,
        len(background),
        label,
        count,
    )


@dataclass(frozen=True)
class _Asked:
    """One row, of which a change is looked for."""

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
        """Look within the limits and, where nothing is found, beyond as few as can be."""
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
        """Return the cheapest changes, replayed, and whether all that matter were tried.

        Once some are known, the search is repeated on a finer grid of what could be cheaper.
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
        """Return changes that reach the aim, and whether all that matter were tried.

        Where some are known, only what costs no more than these is tried.
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
        """Return what `predict` says of the changed row."""
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
    """Return up to so many changes of different columns, the cheapest first."""
    prices = np.array([costs.together(changed) for changed in changes])
    return [changes[place] for place in without_detours(changes, prices, count)]
