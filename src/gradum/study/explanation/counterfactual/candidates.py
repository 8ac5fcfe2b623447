"""The values that the columns of one row may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.fitting.fitted import Fitted
from gradum.study.explanation.counterfactual.axis import place_of
from gradum.study.explanation.counterfactual.costs import Costs
from gradum.tables.encoders import AnyStep, Boolean, Categorical
from gradum.tables.encoders.categorical import MISSING

MOST_IN_ALL = 256  # values on axes, of all columns together, about
FEWEST, MOST = 4, 16  # of one column, on either side of the row's own


@dataclass(frozen=True)
class Candidates:
    """The values of one column, the row's own first.

    Parameters
    ----------
    column : str
    values : tuple
        Numbers, dates, levels, or yes and no.
    costs : ndarray (v,)
        Of moving to each.
    floors : ndarray (v,)
        The least that any value costs for which this one stands: those between it and the next
        one that is nearer to the row's own.
    """

    column: str
    values: tuple[Any, ...]
    costs: np.ndarray
    floors: np.ndarray


def candidates_of(fitted: Fitted, costs: Costs) -> tuple[Candidates, ...]:
    """Return the values of each column that may change and that the model sees.

    A missing value stays, for nobody knows how far another one is from it; and so does a text, for
    what it might say has no bounds.
    """
    seen = set(fitted.encoder.layout.sources)
    steps = [
        step
        for step in fitted.encoder.steps
        if step.source in seen and costs.row[step.source] is not None
    ]
    most = int(np.clip(MOST_IN_ALL // max(len(steps), 1), FEWEST, MOST))
    found = (_candidates(step, costs, most) for step in steps)
    return tuple(candidates for candidates in found if len(candidates.values) > 1)


def _candidates(step: AnyStep, costs: Costs, most: int) -> Candidates:
    name = step.source
    own = costs.row[name]
    if name in costs.axes:
        axis, start = costs.axes[name], place_of(own)
        others = [axis.value(place) for place in axis.grid(start, most)]
    elif isinstance(step, Boolean):
        others = [not own]
    elif isinstance(step, Categorical):
        others = [level for level in step.levels if level not in (own, MISSING)]
    else:
        others = []
    if not costs.toll:
        others = [value for value in others if costs.limits.allow(name, own, value)]
    prices = np.array([0.0, *(costs.with_toll(name, value) for value in others)])
    floors = prices.copy()
    if name in costs.axes:
        places = np.array([place_of(value) for value in others])
        sizes = costs.axes[name].cost(start, places)
        tolls = prices[1:] - sizes
        for side in (places < start, places > start):
            there = np.flatnonzero(side)[np.argsort(sizes[side])]
            nearer = np.concatenate([[0.0], sizes[there]])[: len(there)]
            floors[1 + there] = tolls[there] + np.minimum(nearer + axis.step_cost, sizes[there])
    return Candidates(name, (own, *others), prices, floors)
