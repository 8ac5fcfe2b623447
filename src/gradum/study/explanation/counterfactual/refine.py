"""From a choice on a grid to the least change: what is not needed goes back, the rest comes nearer.

Along one column the value nearest to the row's own is looked for by sections: as many places
between a value that does not reach the goal and one that does, again and again, until no possible
value lies between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradum.study.explanation.counterfactual.answers import Answers
from gradum.study.explanation.counterfactual.axis import place_of
from gradum.study.explanation.counterfactual.costs import Costs

SECTIONS = 16  # places at a time


def refined(
    answers: Answers, costs: Costs, choices: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return each choice with the least moves; two orders of its columns are tried."""
    needed = _needed(answers, costs, choices)
    refined_choices = []
    for order in (1, -1):
        orders = [
            [name for name in sorted(costs.axes) if name in changed][::order] for changed in needed
        ]
        nearer = [dict(changed) for changed in needed]
        for turn in range(max(map(len, orders), default=0)):
            columns = [names[turn] if turn < len(names) else None for names in orders]
            _come_nearer(answers, costs, nearer, columns)
        refined_choices.append(nearer)
    return [min(pair, key=costs.together) for pair in zip(*refined_choices, strict=True)]


def _needed(
    answers: Answers, costs: Costs, choices: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Take back, one by one, the dearest changes without which the goal is reached as well."""
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
        reached = answers.leads(copies) >= 0 if copies else np.zeros(0, bool)
        spare: dict[int, list[str]] = {}
        for (place, column), is_reached in zip(without, reached, strict=True):
            if is_reached:
                spare.setdefault(place, []).append(column)
        if not spare:
            return needed
        for place, columns in spare.items():
            changed = needed[place]
            del changed[max(columns, key=lambda name: costs.with_toll(name, changed[name]))]


def _come_nearer(
    answers: Answers, costs: Costs, changes: list[dict[str, Any]], columns: Sequence[str | None]
) -> None:
    """Bring one column of each of several changes as near to the row's own value as can be."""
    near = [0.0 if name is None else place_of(costs.row[name]) for name in columns]
    going = [place for place, name in enumerate(columns) if name is not None]
    while going:
        between = {}
        for place in going:
            name = columns[place] or ""
            far = place_of(changes[place][name])
            start = place_of(costs.row[name])
            places = costs.axes[name].between(near[place], far, start, SECTIONS)
            if len(places):
                between[place] = places
        going = list(between)
        copies = [
            {**changes[place], (name := columns[place] or ""): costs.axes[name].value(value)}
            for place, places in between.items()
            for value in places
        ]
        reached = answers.leads(copies) >= 0 if copies else np.zeros(0, bool)
        at = 0
        for place, places in between.items():
            name = columns[place] or ""
            ahead = reached[at : at + len(places)]
            at += len(places)
            first = int(ahead.argmax()) if ahead.any() else len(places)
            if first > 0:
                near[place] = float(places[first - 1])
            if first < len(places):
                changes[place][name] = costs.axes[name].value(float(places[first]))
