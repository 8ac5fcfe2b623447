"""The values that the columns of one row may take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.questions.counterfactual.costs import Costs
from gradum.run.fitted import Fitted
from gradum.tables.kinds.axis import place_of
from gradum.tables.kinds.step import Step

MOST_IN_ALL = 256  # values on axes in all columns together, approximately
FEWEST, MOST = 4, 16  # in one column, besides the ends of its range
MOST_WITHIN = 64  # in one column, within reach


@dataclass(frozen=True)
class Candidates:
    """Candidate values of one column, the row's own first."""

    column: str
    values: tuple[Any, ...]
    """Numbers, dates, levels, or booleans."""
    costs: np.ndarray
    """Of shape (v,). Cost of moving to each."""
    floors: np.ndarray
    """Of shape (v,). The least cost of any value that this one stands for: the values between it
    and the next candidate nearer to the row's own."""


def candidates_of(
    fitted: Fitted, costs: Costs, reach: float | None = None
) -> tuple[Candidates, ...]:
    """Return the values of each column that may change and that the model sees.

    A missing value stays, since its distance to other values is unknown; a text stays, since what
    it might say has no bounds. With a ``reach``, only changes that cost no more are returned, but
    more finely spaced.
    """
    seen = set(fitted.encoder.layout.sources)
    steps = [
        step
        for step in fitted.encoder.steps
        if step.source in seen and costs.row[step.source] is not None
    ]
    most = MOST if reach is None else MOST_WITHIN
    most = int(np.clip(MOST_IN_ALL // max(len(steps), 1), FEWEST, most))
    of_columns = (_candidates(step, costs, most, reach) for step in steps)
    return tuple(candidates for candidates in of_columns if len(candidates.values) > 1)


def _candidates(step: Step, costs: Costs, most: int, reach: float | None) -> Candidates:
    name = step.source
    value = costs.row[name]
    others = _others(step, costs, most, reach)
    if not costs.toll:
        others = [other for other in others if costs.limits.allow(name, value, other)]
    prices = np.array([costs.with_toll(name, other) for other in others])
    floors = _floors(name, others, prices, costs) if name in costs.axes else prices
    return Candidates(name, (value, *others), np.append(0.0, prices), np.append(0.0, floors))


def _others(step: Step, costs: Costs, most: int, reach: float | None) -> list[Any]:
    """Return the values that a column may take besides its own, whatever the limits."""
    value, axis = costs.row[step.source], costs.axes.get(step.source)
    if axis is not None:
        start = place_of(value)
        places = axis.grid(start, most) if reach is None else axis.within(start, reach, most)
        return [axis.value(place) for place in places]
    if reach is not None and reach < 1.0:  # the cost of another level
        return []
    return [level for level in step.choices if level != value]


def _floors(name: str, others: Sequence[Any], prices: np.ndarray, costs: Costs) -> np.ndarray:
    """Return the cost of the first step beyond the next nearer value, on either side."""
    axis, start = costs.axes[name], place_of(costs.row[name])
    places = np.array([place_of(value) for value in others])
    sizes = axis.cost(start, places)
    floors = prices.copy()
    for side in (places < start, places > start):
        there = np.flatnonzero(side)[np.argsort(sizes[side])]
        nearer = np.append(0.0, sizes[there])[: len(there)]
        floors[there] += np.minimum(nearer + axis.step_cost - sizes[there], 0.0)
    return floors
