"""The shards of a pack as tasks of an engine: an epoch of a shard is one.

A task takes the shard's state there and back, some megabytes. Rows, programs and what does not
learn travel to each worker once. How many shards there are depends on the members alone.

Shapes: C chunks of an epoch, M members, n rows of each, k outputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from gradum.core.models.network import Params
from gradum.engines.in_order import ToldToStop
from gradum.messages import say
from gradum.rungs.context import Context, OutOfTime
from gradum.rungs.pack.draws import Draw
from gradum.rungs.pack.program import PackState
from gradum.rungs.pack.shards import Learning, Shards


class ShardEpoch(NamedTuple):
    """What a shard learns in a task: chunks that were drawn for its members, perhaps none."""

    shard: int
    state: PackState
    draws: list[Draw]


class ShardLearned(NamedTuple):
    """What came of it: the state, losses [C, M], and logits [M, n, k] of the rows held out."""

    state: PackState
    losses: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True, eq=False)
class LearningShard:
    """The work of an epoch of a shard: a `gradum.engines.engine.Work`.

    ``held_out`` [M, n] are the rows that all members hold out.
    """

    learning: Learning
    held_out: np.ndarray
    stage = "members"

    def named(self, epoch: ShardEpoch) -> str:
        """Name the members of a shard."""
        members = self.learning.shards[epoch.shard].members
        return say("networks {first}–{last}", first=members.start + 1, last=members.stop)

    def __call__(self, epoch: ShardEpoch) -> ShardLearned:
        """Learn from the chunks, and judge the members by the rows that they hold out."""
        learning, shard = self.learning, self.learning.shards[epoch.shard]
        # Copied, because the first chunk takes the state's memory, and a task may be done again.
        state, losses = jax.tree.map(np.array, epoch.state), []
        for draw in epoch.draws:
            state, loss = learning.learn(shard, state, draw)
            losses.append(loss)
        held_out = learning.batching.padded(self.held_out[shard.members])
        logits = learning.program.judge(state.params, shard.fixed, *held_out)
        return ShardLearned(*jax.tree.map(np.asarray, (state, np.array(losses), logits)))


class ShardsOnEngine(Shards):
    """Shards that learn as tasks of a context's engine.

    An epoch's tasks also judge, so that `judge` returns what the last of them said.
    """

    def __init__(self, learning: Learning, params: Params, context: Context) -> None:
        super().__init__(learning, params)
        self._states = jax.tree.map(np.asarray, self._states)
        self._context = context

    def hold_out(self, rows: np.ndarray) -> None:
        """Give each member the rows [M, n] that `judge` is about, and judge it.

        Raises
        ------
        OutOfTime
            The context said to stop.
        """
        self._work = LearningShard(self._learning, rows)
        try:
            self._do([])
        except ToldToStop:
            raise OutOfTime from None

    def learn(self, draws: Iterable[Draw]) -> list[Any]:
        """Learn from the chunks of an epoch, which are all drawn first.

        Raises
        ------
        ToldToStop
            The context said to stop; nothing was learned.
        """
        together = list(draws)
        return [self._do(together)] if together else []

    def judge(self) -> np.ndarray:
        """Return all members' logits [M, n, k] for the rows that each holds out."""
        return self._logits

    def _do(self, draws: list[Draw]) -> np.ndarray:
        """Let all shards learn from some chunks, and note what they say; return losses [C, M]."""
        epochs = [
            ShardEpoch(number, state, [draw.of(shard.members) for draw in draws])
            for number, (shard, state) in enumerate(
                zip(self._learning.shards, self._states, strict=True)
            )
        ]
        learned: list[ShardLearned] = list(self._context.on_engine(self._work, epochs))
        self._states = [each.state for each in learned]
        self._logits = np.concatenate([each.logits for each in learned])
        return np.concatenate([each.losses for each in learned], axis=-1)
