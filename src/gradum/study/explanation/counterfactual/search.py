"""The cheapest choices among candidates that reach a goal: one column, two, and then more.

One column and two are tried exhaustively, the cheapest first, until no other can be cheaper than
what was found. More columns are tried by a beam, from the pairs of columns that promise most.

Shapes: m choices, d columns, c candidates of all columns together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, TypeVar

import numpy as np

from gradum.margins import distinct, falling
from gradum.study.explanation.counterfactual.answers import Grid

FIRST_BATCH, BATCH = 128, 512
MOST_COLUMNS, MOST_LEVELS = 64, 64  # that are tried in pairs: those that alone do most
BEAM, EXTENDED = 32, 512
HOPELESS = 1e300  # in place of an infinite promise
KEPT = 3  # choices of the same columns

Columns = tuple[int, ...]
T = TypeVar("T")


class Reached(NamedTuple):
    """A choice (d,) that reaches the goal, its cost, and what it may cost once it is refined."""

    cost: float
    floor: float
    choice: np.ndarray


@dataclass
class Found:
    """Choices that reach the goal.

    Parameters
    ----------
    count : int
        How many that change different columns are wanted.

    Attributes
    ----------
    by_columns : dict
        By the columns that they change, the cheapest first.
    spared : dict
        The same of choices of which one column alone reaches the goal: refined they may be cheaper
        than that column, yet they may also come down to it, so that they do not count as found.
    """

    count: int
    by_columns: dict[Columns, list[Reached]] = field(default_factory=dict)
    spared: dict[Columns, list[Reached]] = field(default_factory=dict)

    def add(self, grid: Grid, choices: np.ndarray, spared: np.ndarray) -> None:
        """Take choices (m, d) that reach the goal, and whether one column alone does (m,)."""
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
        return wanted[-1].cost if len(wanted) == self.count else np.inf

    def worth_refining(self, most: int) -> list[np.ndarray]:
        """Return choices (d,): those that are wanted, and up to so many that may become cheaper."""
        bound = self.bound
        both = (*self.by_columns.values(), *self.spared.values())
        closer = [one for alike in both for one in alike if one.floor < bound]
        order = falling(-np.array([one.cost for one in closer]))[:most]
        return [one.choice for one in (*self.wanted, *(closer[place] for place in order))]


def without_detours(columns: Sequence[Collection[T]], costs: np.ndarray, most: int) -> list[int]:
    """Return the places of up to so many sets of columns, the cheapest first, of equals the fewest.

    A set is left out if some of its columns alone reach the goal, and for no more.
    """
    size = np.array([len(each) for each in columns])
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


@dataclass(frozen=True)
class Searched:
    """What was found, and whether all choices of one or two columns that matter were tried."""

    found: Found
    complete: bool


def search(grid: Grid, count: int, most: int) -> Searched:
    """Look for the cheapest choices that reach the goal.

    Parameters
    ----------
    grid : Grid
    count : int
        How many are wanted, each changing other columns.
    most : int
        Pairs that are tried at most.
    """
    found = Found(count)
    singles = _Singles.of(grid)
    reached = singles.leads >= 0
    found.add(grid, singles.choices[reached], np.zeros(reached.sum(), bool))
    pairs = _Pairs.of(singles)
    choices, leads, complete = _tried(grid, singles, pairs, found, most)
    _widen(grid, singles, choices, leads, found)
    return Searched(found, complete and not pairs.fewer)


@dataclass(frozen=True)
class _Singles:
    """Every candidate by itself: c choices that change one column."""

    column: np.ndarray
    choices: np.ndarray
    costs: np.ndarray
    floors: np.ndarray
    leads: np.ndarray
    start: float  # the lead of the row as it is

    @classmethod
    def of(cls, grid: Grid) -> _Singles:
        sizes = [len(each.values) - 1 for each in grid.candidates]
        column = np.repeat(np.arange(len(sizes)), sizes)
        number = np.concatenate([np.zeros(0, int), *(np.arange(1, size + 1) for size in sizes)])
        choices = np.zeros((1 + len(column), len(sizes)), np.int32)
        choices[np.arange(1, len(choices)), column] = number
        leads = _leads(grid, choices)
        parts = list(zip(grid.candidates, range(len(sizes)), strict=True))
        costs = np.concatenate([np.zeros(0), *(each.costs[1:] for each, _ in parts)])
        floors = np.concatenate([np.zeros(0), *(each.floors[1:] for each, _ in parts)])
        return cls(column, choices[1:], costs, floors, leads[1:], float(leads[0]))

    @property
    def gains(self) -> np.ndarray:
        """What each brings by itself (c,)."""
        return self.leads - self.start

    def suffice(self, choices: np.ndarray) -> np.ndarray:
        """Return whether one column of each choice alone reaches the goal (m,)."""
        enough = self.choices[self.leads >= 0]
        return ((choices[:, None] == enough) & (enough > 0)).any(axis=(1, 2))

    def promise(self, costs: np.ndarray, leads: np.ndarray) -> np.ndarray:
        """Return what it would cost to reach the goal at the price paid so far (m,)."""
        gain = leads - self.start
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(gain > 0, costs * -self.start / gain, np.inf)


@dataclass(frozen=True)
class _Pairs:
    """Candidates of two columns each, by the least that they may cost."""

    first: np.ndarray
    second: np.ndarray
    floors: np.ndarray
    fewer: bool  # than there are

    @classmethod
    def of(cls, singles: _Singles) -> _Pairs:
        tried = _telling(singles)
        one, other = np.triu_indices(len(tried), 1)
        first, second = tried[one], tried[other]
        apart = singles.column[first] != singles.column[second]
        first, second = first[apart], second[apart]
        floors = singles.floors[first] + singles.floors[second]
        costs = singles.costs[first] + singles.costs[second]
        order = np.lexsort((np.round(costs, 9), np.round(floors, 9)))
        fewer = len(tried) < len(singles.column)
        return cls(first[order], second[order], floors[order], fewer)


def _telling(singles: _Singles) -> np.ndarray:
    """Return the candidates that are tried in pairs: of columns, and levels, those that do most."""
    size = np.abs(singles.gains)
    columns = np.unique(singles.column)
    most = np.array([size[singles.column == each].max() for each in columns])
    kept = []
    for column in columns[falling(most)[:MOST_COLUMNS]]:
        there = np.flatnonzero(singles.column == column)
        kept.append(there[falling(singles.gains[there])[:MOST_LEVELS]])
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, int)


def _tried(
    grid: Grid, singles: _Singles, pairs: _Pairs, found: Found, most: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Try pairs in order; return their choices, leads, and whether all that matter were tried."""
    choices, leads = [singles.choices], [singles.leads]
    at, batch = 0, FIRST_BATCH
    while at < min(most, len(pairs.floors)) and pairs.floors[at] < found.bound:
        part = slice(at, min(at + batch, most))
        both = singles.choices[pairs.first[part]] + singles.choices[pairs.second[part]]
        ahead = _leads(grid, both)
        reached = ahead >= 0
        found.add(grid, both[reached], singles.suffice(both[reached]))
        choices.append(both)
        leads.append(ahead)
        at, batch = part.stop, min(2 * batch, BATCH)
    rest = at < len(pairs.floors) and pairs.floors[at] < found.bound
    return np.concatenate(choices), np.concatenate(leads), not rest


def _widen(
    grid: Grid, singles: _Singles, choices: np.ndarray, leads: np.ndarray, found: Found
) -> None:
    """Add column after column to the choices that promise most, while that may be cheaper."""
    columns = len(grid.candidates)
    for _ in range(columns):
        costs = grid.costs(choices)
        open_ = (leads < 0) & (costs < found.bound)
        choices, leads, costs = choices[open_], leads[open_], costs[open_]
        promise = singles.promise(costs, leads)
        best = falling(-np.where(np.isfinite(promise), promise, HOPELESS))[:BEAM]
        choices = _extended(singles, choices[best], leads[best], costs[best], found.bound)
        if not len(choices):
            return
        leads = _leads(grid, choices)
        reached = leads >= 0
        found.add(grid, choices[reached], singles.suffice(choices[reached]))


def _extended(
    singles: _Singles, choices: np.ndarray, leads: np.ndarray, costs: np.ndarray, bound: float
) -> np.ndarray:
    """Return choices with one column more, of which each by itself promises most."""
    free = choices[:, singles.column] == 0
    total = costs[:, None] + singles.costs
    ahead = leads[:, None] + singles.gains
    promise = np.where(free & (total < bound), singles.promise(total, ahead), np.inf)
    state, added = np.nonzero(np.isfinite(promise))
    best = falling(-promise[state, added])[:EXTENDED]
    return np.unique(choices[state[best]] + singles.choices[added[best]], axis=0)


def _leads(grid: Grid, choices: np.ndarray) -> np.ndarray:
    """Ask for leads, some choices at a time."""
    parts = [grid.leads(choices[at : at + BATCH]) for at in range(0, len(choices), BATCH)]
    return np.concatenate([np.zeros(0), *parts])
