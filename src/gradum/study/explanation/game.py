"""The game that Shapley values divide: the values of one row against those of background rows.

The players are columns of the table, or groups of them. Where the players in S bring the row's
values and the others keep those of a background row b, the model answers f(x_S, b). At a model's
first layer each column adds its own share:

    z(S, b) = z(b) + Σ_{i ∈ S} Δ_i(b) + Σ_{i < j ∈ S} Δ_ij(b),

where Δ_i is the change from bringing in x_i, and Δ_ij is what two players do together beyond that,
which occurs only for pairs of columns in a pack. Only the layers behind z remain to be computed.

Shapes: d players, B background rows, h numbers of z, k answers, M members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from gradum.core.models.opened import Change
from gradum.study.explanation.scale import Answer, answers_of
from gradum.study.first_layer import Opened

Player = tuple[str, ...]
"""Columns of the table whose values come in together."""

NUMBERS_AT_ONCE = 2**18
"""For z: a mebibyte, which stays in the cache; a quarter of that takes a fifth longer."""


@dataclass(frozen=True)
class Setting:
    """What the games of several rows share."""

    opened: Opened
    """The rung opened on the B background rows, then on the explained rows."""
    players: tuple[Player, ...]
    background: int
    """B."""
    answer: Answer
    """From logits to answers."""

    @cached_property
    def terms(self) -> tuple[tuple[int, ...], ...]:
        """The players (i,), and the pairs of players (i, j) that interact."""
        alone = tuple((i,) for i in range(len(self.players)))
        pairs = dict.fromkeys(term for term, _ in self._added if len(term) == 2)
        return (*alone, *pairs)

    def changes(self, row: int) -> np.ndarray:
        """Return by how much each term changes z (p, B, h) as a row's values come in."""
        rows = np.arange(self.background)
        others = np.full(self.background, self.background + row)
        shape = len(self.terms), self.background, self.opened.total.shape[1]
        changes = np.zeros(shape, self.opened.total.dtype)
        place = {term: i for i, term in enumerate(self.terms)}
        for term, change in self._added:
            changes[place[term]] += change(rows, others)
        return changes

    @cached_property
    def _added(self) -> list[tuple[tuple[int, ...], Change]]:
        """The changes of z by columns and pairs of columns, each with the players that bring it."""
        owner = {column: i for i, player in enumerate(self.players) for column in player}
        changes = [((i,), self.opened.change(column)) for column, i in owner.items()]
        changes += [
            (tuple(sorted({owner[one], owner[other]})), self.opened.interaction(one, other))
            for one, other in combinations(owner, 2)
        ]
        return [(term, change) for term, change in changes if change is not None]


@dataclass(frozen=True)
class ColumnGame:
    """One row against the background rows."""

    setting: Setting
    row: int
    """Its position among the explained rows."""

    @property
    def players(self) -> int:
        """The number d of players."""
        return len(self.setting.players)

    @property
    def background(self) -> int:
        """The number B of background rows."""
        return self.setting.background

    @property
    def products(self) -> int:
        """The number of multiplications for one coalition with all background rows."""
        behind = self.setting.opened.first_layer.products
        return self.background * (len(self._terms) * self._width + behind)

    def answers(self, coalitions: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield runs of coalitions with their answers.

        Parameters
        ----------
        coalitions : ndarray of bool (m, d)
            Each meets every background row; (m, B, d) holds separate coalitions for each background
            row.

        Yields
        ------
        slice
            Which coalitions.
        answers : ndarray (·, B, k)
            Of the whole model.
        members : ndarray (M, ·, B, k)
            Of each of its members.
        """
        setting, layers = self.setting, self.setting.opened.first_layer
        present = self._present(coalitions)
        step = max(1, NUMBERS_AT_ONCE // (self.background * self._width))
        for start in range(0, len(coalitions), step):
            stretch = slice(start, start + step)
            total = self._first_sums(present[stretch])
            together, alone = answers_of(layers, total, setting.answer)
            shape = (-1, self.background, together.shape[1])
            yield stretch, together.reshape(shape), alone.reshape(len(alone), *shape)

    def _first_sums(self, present: np.ndarray) -> np.ndarray:
        """Return z (m B, h) of coalitions, given which terms take part: (m, t) or (m, B, t)."""
        if present.ndim == 2:  # the same coalitions for all background rows: one product
            return (present @ self._terms.reshape(len(self._terms), -1)).reshape(-1, self._width)
        z = np.empty((len(present), self.background, self._width), present.dtype)
        by_row = (0, 1)  # a product for each background row, written into place
        np.matmul(present.swapaxes(*by_row), self._terms.swapaxes(*by_row), out=z.swapaxes(*by_row))
        return z.reshape(-1, self._width)

    def _present(self, coalitions: np.ndarray) -> np.ndarray:
        """Return which terms of z take part: 1 where all of a term's players are in S."""
        always = np.ones(coalitions.shape[:-1], bool)  # the background row itself
        parts = [coalitions[..., list(term)].all(axis=-1) for term in self.setting.terms]
        return np.stack([always, *parts], axis=-1).astype(self._terms.dtype)

    @cached_property
    def _terms(self) -> np.ndarray:
        """The terms that sum to z (t, B, h): z of the background rows, then each term's change."""
        opened, rows = self.setting.opened, self.background
        return np.concatenate([opened.total[None, :rows], self.setting.changes(self.row)])

    @property
    def _width(self) -> int:
        """The width h of z."""
        return self.setting.opened.total.shape[1]
