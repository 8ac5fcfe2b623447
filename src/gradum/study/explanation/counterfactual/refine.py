"""From choices on a grid to the least changes: moves are shortened, what is not needed goes back.

A move is shortened by sections: as many values between one that does not reach the aim and one
that does, again and again, until no possible value lies between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.study.explanation.counterfactual.answers import Answers, Changed
from gradum.study.explanation.counterfactual.costs import Costs
from gradum.study.explanation.counterfactual.priced_axis import PricedAxis
from gradum.tables.kinds.axis import place_of

SECTIONS = 16  # values at a time


def refined(answers: Answers, costs: Costs, choices: Sequence[Changed]) -> list[dict[str, Any]]:
    """Return what becomes of choices that reach the aim, in several ways each.

    Every choice is refined as it is and without the changes that it does not need, and its moves
    are shortened in two orders: what one column saves, another one has to pay.
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
    """One column's move in a change of several, to be shortened.

    Parameters
    ----------
    changed : dict
        The change, which reaches the aim; it is brought up to date.
    column : str
    value : number or date
        The row's value of the column.
    axis : PricedAxis
    """

    changed: dict[str, Any]
    column: str
    value: Any
    axis: PricedAxis

    def __post_init__(self) -> None:
        self.start = place_of(self.value)
        self.near = self.start  # where the aim is not reached

    def between(self) -> np.ndarray:
        """Return places that may be enough, the nearest first."""
        far = place_of(self.changed[self.column])
        return self.axis.between(self.near, far, self.start, SECTIONS)

    def to(self, place: float) -> dict[str, Any]:
        """Return the change with another place in it."""
        return {**self.changed, self.column: self.axis.value(place)}

    def narrow(self, places: np.ndarray, reached: np.ndarray) -> None:
        """Move to the first place that reaches the aim, no nearer than the one before it."""
        first = int(reached.argmax()) if reached.any() else len(places)
        if first > 0:
            self.near = float(places[first - 1])
        if first < len(places):
            self.changed[self.column] = self.axis.value(float(places[first]))


def _shorten(answers: Answers, moves: Sequence[Move]) -> None:
    """Shorten moves of different changes as far as can be, all at the same time."""
    while tried := [(move, places) for move in moves if len(places := move.between())]:
        copies = [move.to(place) for move, places in tried for place in places]
        ends = np.cumsum([len(places) for _, places in tried])
        parts = np.split(_reach(answers, copies), ends[:-1])
        for (move, places), reached in zip(tried, parts, strict=True):
            move.narrow(places, reached)


def _needed(answers: Answers, costs: Costs, choices: Sequence[Changed]) -> list[dict[str, Any]]:
    """Take back, one by one, the dearest changes without which the aim is reached as well."""
    needed = [dict(changed) for changed in choices]
    while True:
        without = [
            (place, column)
            for place, changed in enumerate(needed)
            for column in changed
            if len(changed) > 1
        ]
        copies = [_less(needed[place], column) for place, column in without]
        spare: dict[int, list[str]] = {}
        for (place, column), reached in zip(without, _reach(answers, copies), strict=True):
            if reached:
                spare.setdefault(place, []).append(column)
        if not spare:
            return needed
        for place, columns in spare.items():
            prices = {name: costs.with_toll(name, needed[place][name]) for name in columns}
            del needed[place][max(columns, key=prices.__getitem__)]


def _less(changed: Mapping[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in changed.items() if name != column}


def _reach(answers: Answers, copies: Sequence[Changed]) -> np.ndarray:
    """Return whether copies of the row reach the aim (m,)."""
    return answers.leads(copies) >= 0 if copies else np.zeros(0, bool)
