"""The values that the columns of one row may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.fitting.fitted import Fitted
from gradum.study.explanation.counterfactual.axis import Axis, place_of
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.tables.encoders import Boolean, Categorical
from gradum.tables.encoders.categorical import MISSING

MOST_IN_ALL = 256  # values on axes, of all columns together, about
FEWEST, MOST = 4, 16  # of one column


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


def candidates_of(
    fitted: Fitted, row: Mapping[str, Any], axes: Mapping[str, Axis], limits: Limits
) -> tuple[Candidates, ...]:
    """Return the values of each column that may change and that the model sees.

    A missing value stays, for nobody knows how far another one is from it.
    """
    seen = set(fitted.encoder.layout.sources)
    free = [
        (column.name, step)
        for column, step in zip(fitted.schema.features, fitted.encoder.steps, strict=True)
        if column.name in seen and limits.may_change(column) and row[column.name] is not None
    ]
    most = int(np.clip(MOST_IN_ALL // max(len(free), 1), FEWEST, MOST))
    found = []
    for name, step in free:
        own, direction = row[name], limits.direction(name)
        if name in axes:
            candidates = _on_axis(name, own, axes[name], direction, most)
        elif isinstance(step, Boolean):
            candidates = _of_levels(name, own, [not own] if direction * (own - 0.5) <= 0 else [])
        elif isinstance(step, Categorical):
            candidates = _of_levels(name, own, [x for x in step.levels if x not in (own, MISSING)])
        else:
            continue
        if len(candidates.values) > 1:
            found.append(candidates)
    return tuple(found)


def _of_levels(name: str, own: Any, others: list[Any]) -> Candidates:
    """Another level costs 1, whichever it is."""
    costs = np.ones(1 + len(others))
    costs[0] = 0.0
    return Candidates(name, (own, *others), costs, costs)


def _on_axis(name: str, own: Any, axis: Axis, direction: int, most: int) -> Candidates:
    start = place_of(own)
    places = axis.grid(start, direction, most)
    costs = axis.cost(start, places)
    floors = np.zeros(len(places))
    for side in (places < start, places > start):
        there = np.flatnonzero(side)[np.argsort(costs[side])]
        nearer = np.concatenate([[0.0], costs[there[:-1]]])[: len(there)]
        floors[there] = np.minimum(nearer + axis.step_cost(), costs[there])
    values = (own, *(axis.value(place) for place in places))
    return Candidates(name, values, np.append(0.0, costs), np.append(0.0, floors))
