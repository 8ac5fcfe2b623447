"""Choices that reach an aim, and which of them are wanted: the cheapest, without detours.

Shapes: m choices, d columns.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from gradum.margins import distinct, falling
from gradum.study.explanation.counterfactual.answers import CandidateGrid

KEPT = 3  # choices of the same columns

Columns = tuple[int, ...]


class Reached(NamedTuple):
    """A choice (d,) that reaches the aim, its cost, and what it may cost once it is refined."""

    cost: float
    floor: float
    choice: np.ndarray


@dataclass
class Found:
    """Choices that reach the aim.

    Parameters
    ----------
    count : int
        How many that change different columns are wanted.
    ceiling : float
        What a choice may cost at most to be wanted.

    Attributes
    ----------
    by_columns : dict
        By the columns that they change, the cheapest first.
    spared : dict
        The same of choices of which one column alone reaches the aim: refined they may be cheaper
        than that column, yet they may also come down to it, so that they do not count as found.
    """

    count: int
    ceiling: float = np.inf
    by_columns: dict[Columns, list[Reached]] = field(default_factory=dict)
    spared: dict[Columns, list[Reached]] = field(default_factory=dict)

    def add(self, grid: CandidateGrid, choices: np.ndarray, spared: np.ndarray) -> None:
        """Take choices (m, d) that reach the aim, and whether one column alone does (m,)."""
        costs, floors = grid.costs(choices).tolist(), grid.floors(choices).tolist()
        for *reached, is_spared in zip(costs, floors, choices, spared, strict=True):
            one = Reached(*reached)
            columns = tuple(np.flatnonzero(one.choice).tolist())
            alike = (self.spared if is_spared else self.by_columns).setdefault(columns, [])
            alike.append(one)
            alike.sort(key=attrgetter("cost"))
            del alike[KEPT:]

    @property
    def wanted(self) -> list[Reached]:
        """Up to `count` choices that change different columns, the cheapest first."""
        cheapest = {columns: alike[0] for columns, alike in self.by_columns.items()}
        costs = np.array([one.cost for one in cheapest.values()])
        places = without_detours(list(cheapest), costs, self.count)
        return [list(cheapest.values())[place] for place in places]

    @property
    def bound(self) -> float:
        """The cost beyond which nothing is wanted any more."""
        wanted = self.wanted
        return min(self.ceiling, wanted[-1].cost if len(wanted) == self.count else np.inf)

    def worth_refining(self, most: int) -> list[np.ndarray]:
        """Return choices (d,): those that are wanted, and up to so many that may become cheaper."""
        bound = self.bound
        both = (*self.by_columns.values(), *self.spared.values())
        closer = [one for alike in both for one in alike if one.floor < bound]
        order = falling(-np.array([one.cost for one in closer]))[:most]
        return [one.choice for one in (*self.wanted, *(closer[place] for place in order))]


def without_detours(columns: Sequence[Collection[Any]], costs: np.ndarray, most: int) -> list[int]:
    """Return the places of up to ``most`` sets of columns: the cheapest, of equals the smallest.

    They stand in that order. A set is left out if one that was taken, and so costs no more, is part
    of it.
    """
    size = np.array([len(names) for names in columns])
    order = np.argsort(costs, kind="stable")
    tier = np.zeros(len(costs), int)
    tier[order] = distinct(costs[order])
    kept: list[int] = []
    for place in np.lexsort((size, tier)).tolist():
        if len(kept) == most:
            break
        if not any(set(columns[one]) <= set(columns[place]) for one in kept):
            kept.append(place)
    return kept
