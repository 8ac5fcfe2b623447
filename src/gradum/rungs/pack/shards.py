"""The members of a pack in shards, each of which learns by itself.

Members know nothing of each other, so a shard of them gets the same bits as it would among all,
wherever it learns: on a thread of this process (`gradum.rungs.pack.shards_on_threads`), or as a
task of an engine (`gradum.rungs.pack.shards_on_engine`).

Shapes: M members, n rows of each, k outputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from msgspec import structs

from gradum.core.models.network import Params
from gradum.rungs.pack.draws import Batching, Draw
from gradum.rungs.pack.program import PackProgram, PackState

MOST = 8  # shards, and the fewest members of each: smaller ones take longer to launch than to run
FEWEST = 2


@dataclass(frozen=True)
class Shard:
    """Some members, and what stays theirs: arguments of the program's two halves."""

    members: slice
    fixed: Params
    hyper: Params


@dataclass(frozen=True)
class Learning:
    """How shards learn: all that is the same whoever does it.

    Parameters
    ----------
    program : PackProgram
        Of the members of one shard; all shards are of the same size, so that they share it.
    shards : tuple of Shard
    batching : Batching
    """

    program: PackProgram
    shards: tuple[Shard, ...]
    batching: Batching

    @classmethod
    def of(
        cls,
        program: PackProgram,
        fixed: Params,
        hyper: Params,
        shared: Params,
        batching: Batching,
        most: int = MOST,
    ) -> Learning:
        """Divide all members into at most ``most`` shards.

        Parameters
        ----------
        program : PackProgram
            Of all members.
        fixed : dict
            The parameters that do not learn, arrays [M, …].
        hyper : dict
            The members' hyper-parameters, arrays [M].
        shared : dict
            What `PackProgram.learn` takes besides, the same for all members.
        """
        members = program.network.members
        most = max(min(most, members // FEWEST), 1)
        count = next(count for count in range(most, 0, -1) if members % count == 0)
        size = members // count
        shards = []
        for first in range(0, members, size):
            own = slice(first, first + size)
            drawn = taken(hyper, own) | shared | {"first": np.uint32(first)}
            shards.append(Shard(own, taken(fixed, own), drawn))
        network = structs.replace(program.network, members=size)
        return cls(replace(program, network=network), tuple(shards), batching)

    def start(self, params: Params) -> list[PackState]:
        """Return the state of each shard, from the parameters to begin with, arrays [M, …]."""
        return [self.program.start(taken(params, shard.members)) for shard in self.shards]

    def learn(self, shard: Shard, state: PackState, draw: Draw) -> tuple[PackState, Any]:
        """Take a chunk of steps; return the state, which takes the other's memory, and losses."""
        batches = self.batching.batches(draw, shard.members)
        return self.program.learn(state, shard.fixed, shard.hyper, batches)


class Shards(ABC):
    """All members in shards, which learn from the same chunks of steps.

    Parameters
    ----------
    learning : Learning
    params : dict
        The parameters to begin with, arrays [M, …].
    """

    def __init__(self, learning: Learning, params: Params) -> None:
        self._learning, self._states = learning, learning.start(params)

    @abstractmethod
    def learn(self, draws: Iterable[Draw]) -> list[Any]:
        """Learn from chunks of steps; return the mean losses in each, which may be to come.

        They are arrays of any shapes, in the order of the chunks, then of the members; there are
        none if there are no chunks.
        """

    @abstractmethod
    def hold_out(self, rows: np.ndarray) -> None:
        """Give each member the rows [M, n] that `judge` is about."""

    @abstractmethod
    def judge(self) -> np.ndarray:
        """Return all members' logits [M, n, k] for the rows that each holds out."""

    def params(self, which: np.ndarray) -> Params:
        """Return copies, on the host, of what the members marked by ``which`` (M,) have learned."""
        # In NumPy, because JAX would compile a program for every product.
        some = [
            taken(jax.tree.map(np.asarray, state.params), which[shard.members])
            for shard, state in zip(self._learning.shards, self._states, strict=True)
            if which[shard.members].any()
        ]
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *some)


def taken(params: Params, members: slice | np.ndarray) -> Params:
    """Return the parameters of some members, from arrays [M, …]."""
    return jax.tree.map(lambda values: values[members], params)
