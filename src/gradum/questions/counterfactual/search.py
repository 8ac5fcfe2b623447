"""The cheapest choices among candidates that reach an aim: one column, two, and then more.

One column and two are tried exhaustively, the cheapest first, until no other can be cheaper than
what was found. More columns are tried by beam search, from the most promising choices.

Shapes: m choices, d columns, c candidates of all columns together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from gradum.margins import distinct, falling
from gradum.questions.counterfactual.leads import CandidateGrid

FIRST_BATCH = 128  # pairs; the next batches are larger
PROMISING = 3.0  # times the ceiling: two gains together may differ this much from their sum
BEAM, EXTENDED = 32, 512  # choices that are kept and tried with one more column

KEPT = 3  # choices of the same columns

Columns = tuple[int, ...]

MOST_COLUMNS, MOST_LEVELS = 64, 64  # that are tried together with others
BATCH = 512


def search(
    grid: CandidateGrid, count: int, most: int, ceiling: float = np.inf
) -> tuple[Found, bool]:
    """Look for the cheapest choices that reach the aim.

    Parameters
    ----------
    count : int
        How many are wanted, each changing different columns.
    most : int
        The most pairs to try.
    ceiling : float
        The highest cost of a choice.

    Returns
    -------
    found : Found
    complete : bool
        Whether all possibly cheaper choices of one or two columns were tried.
    """
    found, singles = Found(count, ceiling), SingleChanges.of(grid)
    beam = Beam(grid, singles, found)
    beam.take(singles.choices, singles.leads)
    pairs = Pairs.of(singles, ceiling)
    complete = pairs.try_on(beam, most) and not pairs.left_out
    while len(beam.choices):
        beam.widen()
    return found, complete


class Beam:
    """The most promising choices among those that do not reach the aim.

    Parameters
    ----------
    found : Found
        Receives the choices that do reach it.
    """

    def __init__(self, grid: CandidateGrid, singles: SingleChanges, found: Found) -> None:
        self.grid = grid
        self.singles = singles
        self.found = found
        self.choices = np.zeros((0, len(grid.candidates)), np.int32)
        self.leads = np.zeros(0)

    def take(self, choices: np.ndarray, leads: np.ndarray) -> None:
        """Add choices (m, d), and drop the least promising ones."""
        reached = leads >= 0
        single = (choices > 0).sum(axis=1) == 1
        spared = ~single & self.singles.suffice(choices)
        self.found.add(self.grid, choices[reached], spared[reached])
        choices = np.concatenate([self.choices, choices[~reached]])
        leads = np.concatenate([self.leads, leads[~reached]])
        costs = self.grid.costs(choices)
        promise = self.singles.promise(costs, leads)
        hopeful = np.flatnonzero(np.isfinite(promise) & (costs < self.found.bound))
        best = hopeful[falling(-promise[hopeful])[:BEAM]]
        self.choices, self.leads = choices[best], leads[best]

    def widen(self) -> None:
        """Change one more column in every choice, in the ways most promising by themselves."""
        singles, costs = self.singles, self.grid.costs(self.choices)
        free = self.choices[:, singles.column] == 0
        total = costs[:, None] + singles.costs
        promise = singles.promise(total, self.leads[:, None] + singles.gains)
        choice, added = np.nonzero(free & (total < self.found.bound) & np.isfinite(promise))
        best = falling(-promise[choice, added])[:EXTENDED]
        wider = self.choices[choice[best]] + singles.choices[added[best]]
        self.choices, self.leads = self.choices[:0], self.leads[:0]
        wider = np.unique(wider, axis=0)
        self.take(wider, _leads_of(self.grid, wider))


@dataclass(frozen=True)
class Pairs:
    """Pairs of candidates of two columns, ordered by the least that they may cost."""

    first: np.ndarray
    second: np.ndarray
    """Their positions among the singles."""
    floors: np.ndarray
    """Rising."""
    left_out: bool
    """Whether further pairs were left out because a candidate is not among the strongest."""

    @classmethod
    def of(cls, singles: SingleChanges, ceiling: float = np.inf) -> Pairs:
        """Pair the strongest candidates of different columns.

        Under a ceiling, pairs whose separate gains promise far too little are left out.
        """
        strongest = singles.strongest
        one, other = np.triu_indices(len(strongest), 1)
        first, second = strongest[one], strongest[other]
        apart = singles.column[first] != singles.column[second]
        if np.isfinite(ceiling):
            gains = singles.leads[first] + singles.gains[second]
            costs = singles.costs[first] + singles.costs[second]
            apart &= singles.promise(costs, gains) < PROMISING * ceiling
        first, second = first[apart], second[apart]
        floors = singles.floors[first] + singles.floors[second]
        costs = singles.costs[first] + singles.costs[second]
        order = np.lexsort((np.round(costs, 9), np.round(floors, 9)))
        left_out = len(strongest) < len(singles.column)
        return cls(first[order], second[order], floors[order], left_out)

    def try_on(self, beam: Beam, most: int) -> bool:
        """Try some pairs in order, and return whether all possibly cheaper ones were tried."""
        choices = beam.singles.choices
        at, batch = 0, FIRST_BATCH
        while at < len(self.floors) and self.floors[at] < beam.found.bound:
            if at >= most:
                return False
            part = slice(at, at + batch)
            both = choices[self.first[part]] + choices[self.second[part]]
            beam.take(both, _leads_of(beam.grid, both))
            at, batch = part.stop, min(2 * batch, BATCH)
        return True


class Reached(NamedTuple):
    """A choice (d,) that reaches the aim, its cost, and what it may cost after refinement."""

    cost: float
    floor: float
    choice: np.ndarray


@dataclass
class Found:
    """Choices that reach the aim."""

    count: int
    """How many choices with different columns are wanted."""
    ceiling: float = np.inf
    """The highest cost at which a choice is wanted."""
    by_columns: dict[Columns, list[Reached]] = field(default_factory=dict)
    """The choices by the columns that they change, the cheapest first."""
    spared: dict[Columns, list[Reached]] = field(default_factory=dict)
    """The same for choices in which one column alone reaches the aim. After refinement they may be
    cheaper than that column, but they may also reduce to it, so they do not count as found."""

    def add(self, grid: CandidateGrid, choices: np.ndarray, spared: np.ndarray) -> None:
        """Add choices (m, d) that reach the aim, given whether one column alone does (m,)."""
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
        """The cost above which no choice is wanted."""
        wanted = self.wanted
        return min(self.ceiling, wanted[-1].cost if len(wanted) == self.count else np.inf)

    def worth_refining(self, most: int) -> list[np.ndarray]:
        """Return choices (d,): the wanted ones, and at most some number that may become cheaper."""
        bound = self.bound
        both = (*self.by_columns.values(), *self.spared.values())
        closer = [one for alike in both for one in alike if one.floor < bound]
        order = falling(-np.array([one.cost for one in closer]))[:most]
        return [one.choice for one in (*self.wanted, *(closer[place] for place in order))]


def without_detours(columns: Sequence[Collection[Any]], costs: np.ndarray, most: int) -> list[int]:
    """Return the positions of up to ``most`` sets of columns: the cheapest, then the smallest.

    They are in that order. A set is left out if it contains one that was taken, which costs no
    more.
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


@dataclass(frozen=True)
class SingleChanges:
    """Choices that change one column."""

    column: np.ndarray
    """Integers of shape (c,). The column that each choice changes."""
    choices: np.ndarray
    """Integers of shape (c, d)."""
    costs: np.ndarray
    floors: np.ndarray
    """Of shape (c,). See `candidates.Candidates`."""
    leads: np.ndarray
    """Of shape (c,). How far beyond the aim the choices come."""
    start: float
    """The lead of the row as it is, below 0."""

    @classmethod
    def of(cls, grid: CandidateGrid) -> SingleChanges:
        """Compute the lead of every candidate."""
        sizes = [len(candidates.values) - 1 for candidates in grid.candidates]
        column = np.repeat(np.arange(len(sizes)), sizes)
        number = np.concatenate([np.zeros(0, int), *(np.arange(1, size + 1) for size in sizes)])
        choices = np.zeros((1 + len(column), len(sizes)), np.int32)
        choices[np.arange(1, len(choices)), column] = number
        leads = _leads_of(grid, choices)
        costs, floors = grid.costs(choices), grid.floors(choices)
        return cls(column, choices[1:], costs[1:], floors[1:], leads[1:], float(leads[0]))

    @property
    def gains(self) -> np.ndarray:
        """The gain in lead from each change by itself (c,)."""
        return self.leads - self.start

    @property
    def strongest(self) -> np.ndarray:
        """The positions of the strongest changes, which are tried in pairs.

        They are the `MOST_LEVELS` that gain most in each of the `MOST_COLUMNS` columns that gain
        most: all changes, unless there are very many.
        """
        size = np.abs(self.gains)
        columns = np.unique(self.column)
        most = np.array([size[self.column == column].max() for column in columns])
        kept = [np.zeros(0, int)]
        for column in columns[falling(most)[:MOST_COLUMNS]]:
            there = np.flatnonzero(self.column == column)
            kept.append(there[falling(self.gains[there])[:MOST_LEVELS]])
        return np.sort(np.concatenate(kept))

    def suffice(self, choices: np.ndarray) -> np.ndarray:
        """Return, for each choice, whether one of its columns alone reaches the aim (m,)."""
        numbers = self.choices.max(axis=1, initial=0)
        enough = np.zeros((choices.shape[1], 1 + numbers.max(initial=0)), bool)
        enough[self.column, numbers] = self.leads >= 0
        return np.any(enough[np.arange(choices.shape[1]), choices], axis=1)

    def promise(self, costs: np.ndarray, leads: np.ndarray) -> np.ndarray:
        """Return the cost of reaching the aim at the price per gain so far.

        It is infinite where nothing has been gained; ``costs`` and ``leads`` have the same shape.
        """
        gain = leads - self.start
        gained = gain > 0
        return np.where(gained, costs * -self.start / np.where(gained, gain, 1.0), np.inf)


def _leads_of(grid: CandidateGrid, choices: np.ndarray) -> np.ndarray:
    """Return the leads of choices (m,), computed some at a time."""
    parts = [grid.leads(choices[at : at + BATCH]) for at in range(0, len(choices), BATCH)]
    return np.concatenate([np.zeros(0), *parts])
