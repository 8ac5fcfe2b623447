"""The game that Shapley values divide: the values of one row against those of background rows.

The players are columns of the table, or groups of them. Where the players in S bring the row's
values and the others keep those of a background row b, the model answers f(x_S, b). At a model's
first layer each column adds its own share, so that

    z(S, b) = z(b) + Σ_{i ∈ S} Δ_i(b) + Σ_{i < j ∈ S} Δ_ij(b),

with Δ_i what bringing x_i changes, and Δ_ij what two players do together beyond that, which only
pairs of columns in a pack have. What is left is the layers behind z.

Shapes: d players, B background rows, h numbers of z, k answers, M members.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from gradum.study.explanation.scale import Answer
from gradum.study.first_layer import Opened

Player = tuple[str, ...]
"""Columns of the table whose values are brought together."""

ROWS_AT_ONCE = 8_192  # of z: they stay in the processor's cache
NUMBERS_AT_ONCE = 2**22  # of z: at most 16 MiB


@dataclass(frozen=True)
class Game:
    """One row against background rows.

    Parameters
    ----------
    opened : Opened
        The rung before the background rows, then the rows that are explained.
    players : tuple of Player
    background : ndarray of int (B,)
        Places of the background rows among those opened.
    row : int
        Place of the row that is explained.
    answer : Answer
        From logits to answers.
    """

    opened: Opened
    players: tuple[Player, ...]
    background: np.ndarray
    row: int
    answer: Answer

    @cached_property
    def members(self) -> int:
        """M, the networks that answer together."""
        return len(self.opened.first_layer.members(self.opened.total[:1]))

    def answers(self, coalitions: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield stretches of coalitions with their answers.

        Parameters
        ----------
        coalitions : ndarray of bool (m, d)
            Each meets every background row; (m, B, d) are coalitions of their own for each.

        Yields
        ------
        slice
            Of the coalitions.
        answers : ndarray (·, B, k)
            Of the model.
        members : ndarray (M, ·, B, k)
            Of each of its members.
        """
        z_background, changes = self._parts
        rows, width = z_background.shape
        step = max(1, min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // width) // rows)
        for start in range(0, len(coalitions), step):
            stretch = slice(start, start + step)
            present = self._present(coalitions[stretch])
            if present.ndim == 2:  # the same for all background rows: one product
                moved = present @ changes.reshape(len(changes), -1)
                z = moved.reshape(-1, rows, width)
            else:
                z = np.einsum("mbp,pbh->mbh", present, changes, optimize=True)
            z += z_background
            members = self.opened.first_layer.members(z.reshape(-1, width))
            together = self.answer(self.opened.first_layer.together(members))
            shape = (-1, rows, together.shape[1])
            alone = (
                np.stack([self.answer(each.astype(np.float64)) for each in members])
                if len(members) > 1
                else together[None]
            )
            yield stretch, together.reshape(shape), alone.reshape(len(members), *shape)

    def _present(self, coalitions: np.ndarray) -> np.ndarray:
        """Return which terms of z take part: 1 where all players of a term are in S."""
        columns = [coalitions[..., list(term)].all(axis=-1) for term in self._terms]
        return np.stack(columns, axis=-1).astype(self._parts[0].dtype)

    @property
    def _terms(self) -> Sequence[tuple[int, ...]]:
        return list(self._by_term)

    @cached_property
    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return z of the background rows (B, h), and what each term changes of it (p, B, h)."""
        changes = list(self._by_term.values())
        return self.opened.total[self.background], np.stack(changes)

    @cached_property
    def _by_term(self) -> dict[tuple[int, ...], np.ndarray]:
        """What each player (i,), and each two that do something together (i, j), changes of z."""
        rows, others = self.background, np.full(len(self.background), self.row)
        nothing = np.zeros_like(self.opened.total[rows])
        terms: dict[tuple[int, ...], np.ndarray] = {}
        owner = {column: i for i, player in enumerate(self.players) for column in player}
        for column, i in owner.items():
            change = self.opened.change(column)
            added = nothing if change is None else change(rows, others)
            terms[(i,)] = terms.get((i,), nothing) + added
        for one, other in combinations(owner, 2):
            interaction = self.opened.interaction(one, other)
            if interaction is not None:
                term = tuple(sorted({owner[one], owner[other]}))
                terms[term] = terms.get(term, nothing) + interaction(rows, others)
        return terms
