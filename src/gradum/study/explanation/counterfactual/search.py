"""The cheapest choices among candidates that reach an aim: one column, two, and then more.

One column and two are tried exhaustively, the cheapest first, until no other can be cheaper than
what was found. More columns are tried by a beam, from the choices that promise most.

Shapes: m choices, d columns, c candidates of all columns together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.margins import falling
from gradum.study.explanation.counterfactual.answers import CandidateGrid
from gradum.study.explanation.counterfactual.found import Found
from gradum.study.explanation.counterfactual.singles import BATCH, Singles, leads_of

FIRST_BATCH = 128  # pairs; the next ones are larger
PROMISING = 3.0  # times the ceiling: so far may sums of gains be off what two do together
BEAM, EXTENDED = 32, 512  # choices that are kept, and that are tried with one column more


def search(
    grid: CandidateGrid, count: int, most: int, ceiling: float = np.inf
) -> tuple[Found, bool]:
    """Look for the cheapest choices that reach the aim.

    Parameters
    ----------
    grid : CandidateGrid
    count : int
        How many are wanted, each changing other columns.
    most : int
        Pairs that are tried at most.
    ceiling : float
        What a choice may cost at most.

    Returns
    -------
    found : Found
    complete : bool
        Whether all choices of one or two columns were tried that could be cheaper.
    """
    found, singles = Found(count, ceiling), Singles.of(grid)
    beam = Beam(grid, singles, found)
    beam.take(singles.choices, singles.leads)
    pairs = Pairs.of(singles, ceiling)
    complete = pairs.try_on(beam, most) and not pairs.left_out
    while len(beam.choices):
        beam.widen()
    return found, complete


class Beam:
    """The choices that promise most, of those that do not reach the aim.

    Parameters
    ----------
    grid : CandidateGrid
    singles : Singles
    found : Found
        Where those go that do reach it.
    """

    def __init__(self, grid: CandidateGrid, singles: Singles, found: Found) -> None:
        self.grid = grid
        self.singles = singles
        self.found = found
        self.choices = np.zeros((0, len(grid.candidates)), np.int32)
        self.leads = np.zeros(0)

    def take(self, choices: np.ndarray, leads: np.ndarray) -> None:
        """Take choices (m, d) in, and let go of those that promise least."""
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
        """Change one column more in every choice, in the ways that promise most by themselves."""
        singles, costs = self.singles, self.grid.costs(self.choices)
        free = self.choices[:, singles.column] == 0
        total = costs[:, None] + singles.costs
        promise = singles.promise(total, self.leads[:, None] + singles.gains)
        choice, added = np.nonzero(free & (total < self.found.bound) & np.isfinite(promise))
        best = falling(-promise[choice, added])[:EXTENDED]
        wider = self.choices[choice[best]] + singles.choices[added[best]]
        self.choices, self.leads = self.choices[:0], self.leads[:0]
        wider = np.unique(wider, axis=0)
        self.take(wider, leads_of(self.grid, wider))


@dataclass(frozen=True)
class Pairs:
    """Pairs of candidates of two columns, by the least that they may cost.

    Parameters
    ----------
    first, second : ndarray of int
        Their places among the singles.
    floors : ndarray
        Rising.
    left_out : bool
        Whether there are pairs besides, of candidates that are not telling.
    """

    first: np.ndarray
    second: np.ndarray
    floors: np.ndarray
    left_out: bool

    @classmethod
    def of(cls, singles: Singles, ceiling: float = np.inf) -> Pairs:
        """Pair the telling candidates of different columns.

        Under a ceiling, pairs whose gains by themselves promise far less are left out.
        """
        telling = singles.telling
        one, other = np.triu_indices(len(telling), 1)
        first, second = telling[one], telling[other]
        apart = singles.column[first] != singles.column[second]
        if np.isfinite(ceiling):
            gains = singles.leads[first] + singles.gains[second]
            costs = singles.costs[first] + singles.costs[second]
            apart &= singles.promise(costs, gains) < PROMISING * ceiling
        first, second = first[apart], second[apart]
        floors = singles.floors[first] + singles.floors[second]
        costs = singles.costs[first] + singles.costs[second]
        order = np.lexsort((np.round(costs, 9), np.round(floors, 9)))
        left_out = len(telling) < len(singles.column)
        return cls(first[order], second[order], floors[order], left_out)

    def try_on(self, beam: Beam, most: int) -> bool:
        """Try up to so many pairs in order; return whether all were that could be cheaper."""
        choices = beam.singles.choices
        at, batch = 0, FIRST_BATCH
        while at < len(self.floors) and self.floors[at] < beam.found.bound:
            if at >= most:
                return False
            part = slice(at, at + batch)
            both = choices[self.first[part]] + choices[self.second[part]]
            beam.take(both, leads_of(beam.grid, both))
            at, batch = part.stop, min(2 * batch, BATCH)
        return True
