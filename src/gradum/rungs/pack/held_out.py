"""The rows that members have not learned from, and each member as it was at its best on them.

A member's own fold tells which of its epochs is best. But few rows tell this poorly, and all
members learn in much the same way. So a member's cost c at an epoch, on the h rows that it holds
out, is shrunk towards the median cost c̃ of all members, each on its own fold,

    (1 - s) c + s c̃,    s = r / (h + r).

The median is used so that one diverging member does not end the training of all others.

Shapes: M members, n rows of a fold, padded to the same length for all folds, k outputs.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from gradum.core.models.network import Params
from gradum.randomness import stream
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.inputs import PackInputs
from gradum.rungs.pack.program import folded
from gradum.rungs.pack.select import answers
from gradum.rungs.pack.shards import Shards

SMOOTHED = 3  # a member's best epoch is told by its mean cost over so many epochs
MOST_ROWS = 8192  # of a fold that are judged after every epoch
PADDED_TO = 64  # a multiple of so many rows, so that folds of similar size share a program


class HeldOut:
    """Judges each member by the fold that it holds out.

    Parameters
    ----------
    folds : sequence of ndarray
        The rows that each fold holds out.
    fold : ndarray of shape (M,)
        The fold of each member.
    shrinkage : int
        r, the number of rows that count as much as the median of all members of a kind. Members
        that begin with a linear model are a kind of their own, because they are compared with what
        they began with.
    """

    def __init__(
        self,
        inputs: PackInputs,
        goal: Goal,
        folds: list[np.ndarray],
        fold: np.ndarray,
        *,
        shrinkage: int,
        seed: int,
    ) -> None:
        rng = stream(seed, "pack", "held")
        self.folds = [
            rows if len(rows) <= MOST_ROWS else np.sort(rng.choice(rows, MOST_ROWS, replace=False))
            for rows in folds
        ]
        self.fold, self._goal, self._network = fold, goal, inputs.network
        size = -(-max(map(len, self.folds)) // PADDED_TO) * PADDED_TO
        self._padded = np.stack([np.resize(self.folds[places], size) for places in fold])
        sizes = np.array([len(rows) for rows in self.folds])
        self._shrinkage = (shrinkage / (sizes + shrinkage))[fold]
        self._padding = inputs.padding
        self._recent: list[np.ndarray] = []
        self._began = np.zeros(len(fold), bool)
        self.best = np.full(len(fold), np.inf)
        self.logits = np.zeros((len(fold), size, inputs.network.outputs))
        self.members: list[Params | None] = [None] * len(fold)

    def begin(self, shards: Shards, which: np.ndarray) -> None:
        """Judge the members marked by ``which`` (M,) before they have learned anything."""
        self._began = which
        shards.hold_out(self._padded)
        logits, losses = self._judged(shards)
        costs = np.where(which, self._costs(logits, losses), np.inf)
        self._keep(shards, logits, self._shrunk(costs), np.isfinite(costs))

    def note(self, shards: Shards) -> tuple[bool, float]:
        """Judge all members; return whether any is at its best so far, and their mean loss."""
        logits, losses = self._judged(shards)
        self._recent = [*self._recent[1 - SMOOTHED :], self._costs(logits, losses)]
        smoothed = self._shrunk(np.mean(self._recent, axis=0))
        better = smoothed < self.best
        self._keep(shards, logits, smoothed, better)
        finite = losses[np.isfinite(losses)]
        return bool(better.any()), float(finite.mean()) if len(finite) else np.inf

    def _judged(self, shards: Shards) -> tuple[np.ndarray, np.ndarray]:
        """Return the members' logits [M, n, k] and losses [M], infinite if a member diverged."""
        logits = np.asarray(shards.judge(), np.float64)
        losses = np.empty(len(logits))
        for fold, rows in enumerate(self.folds):
            members = self.fold == fold
            losses[members] = self._goal.mean_loss(logits[members, : len(rows)], rows)
        return logits, np.where(np.isfinite(losses), losses, np.inf)

    def _costs(self, logits: np.ndarray, losses: np.ndarray) -> np.ndarray:
        """Return the costs [M] that decide the best epochs: the losses, unless a metric does."""
        if self._goal.metric is None:
            return losses
        costs = losses.copy()
        for fold, rows in enumerate(self.folds):
            members = np.flatnonzero((self.fold == fold) & np.isfinite(losses))
            predicted = answers(self._network, logits[members, : len(rows)])
            costs[members] = self._goal.cost(rows)(predicted) if len(members) else 0.0
        return costs

    def _shrunk(self, costs: np.ndarray) -> np.ndarray:
        """Return costs [M], shrunk towards the median of the finite costs of the same kind."""
        shrunk = costs.copy()
        for kind in (self._began, ~self._began):
            finite = costs[kind & np.isfinite(costs)]
            if len(finite):
                share = self._shrinkage[kind]
                shrunk[kind] = (1 - share) * costs[kind] + share * np.median(finite)
        return shrunk

    def _keep(
        self, shards: Shards, logits: np.ndarray, costs: np.ndarray, which: np.ndarray
    ) -> None:
        if not which.any():
            return
        self.best[which], self.logits[which] = costs[which], logits[which]
        chosen: Any = self._padding.cut(folded(shards.params(which)))
        for place, member in enumerate(np.flatnonzero(which)):
            self.members[member] = jax.tree.map(lambda leaf, at=place: leaf[at].copy(), chosen)
