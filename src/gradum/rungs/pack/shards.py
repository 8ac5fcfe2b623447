"""The members of a pack in shards, each of which learns by itself, side by side on all cores.

Members know nothing of each other, so a shard of them gets the same bits as it would among all. A
step's matrices are too small to be divided among cores, so each thread has its own shards: XLA runs
what one thread launches in order, and what several launch side by side. Besides, a step reads and
writes all parameters and Adam's moments. Those of all members are many megabytes, those of a shard
stay in a core's cache from step to step.

Shapes: M members, n rows of each, k outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self, TypeVar

import jax
import numpy as np
from msgspec import structs

from gradum.core.models.network import Params
from gradum.core_count import cores
from gradum.rungs.pack.program import PackBatches, PackProgram, PackState

MOST = 8  # shards, and the fewest members of each: smaller ones take longer to launch than to run
FEWEST = 2

Result = TypeVar("Result")


@dataclass
class _Shard:
    """The members at some places, and what is theirs: all arguments of the program's two halves."""

    members: slice
    state: PackState
    fixed: Params
    hyper: Params
    held_out: Any = None


class Shards:
    """All members in shards of the same size, so that all shards run one compiled program.

    To be used in a ``with`` block, which ends the threads.

    Parameters
    ----------
    program : PackProgram
        The program of all members.
    params : dict
        The parameters to begin with, arrays [M, …].
    fixed : dict
        The parameters that do not learn, arrays [M, …].
    hyper : dict
        The members' hyper-parameters, arrays [M].
    shared : dict
        What `PackProgram.learn` takes besides, the same for all members.
    threads : int, optional
        How many shards learn at a time: one for each core, if not given.
    """

    def __init__(
        self,
        program: PackProgram,
        params: Params,
        fixed: Params,
        hyper: Params,
        shared: Params,
        threads: int | None = None,
    ) -> None:
        members = program.network.members
        most = max(min(_most(), members // FEWEST), 1)
        count = next(count for count in range(most, 0, -1) if members % count == 0)
        size = members // count
        self._program = replace(program, network=structs.replace(program.network, members=size))
        self._shards = []
        for first in range(0, members, size):
            own = slice(first, first + size)
            start, still, drawn = (_taken(each, own) for each in (params, fixed, hyper))
            drawn = drawn | shared | {"first": np.uint32(first)}
            self._shards.append(_Shard(own, self._program.start(start), still, drawn))
        self._threads = min(cores() if threads is None else threads, count)
        self._pools: list[ThreadPoolExecutor] = []

    def __enter__(self) -> Self:
        """Begin the threads, unless one is enough."""
        with ExitStack() as begun:
            if self._threads > 1:
                pools = (ThreadPoolExecutor(1) for _ in range(self._threads))
                self._pools = [begun.enter_context(pool) for pool in pools]
            self._ended = begun.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads; what they have launched may still run."""
        self._ended.close()

    def learn(self, batches: Callable[[slice], PackBatches]) -> list[jax.Array]:
        """Launch a chunk of steps of every shard; return their members' mean losses, to come.

        ``batches`` is called in each thread, with the places of a shard's members.
        """

        def launch(shard: _Shard) -> jax.Array:
            shard.state, losses = self._program.learn(
                shard.state, shard.fixed, shard.hyper, batches(shard.members)
            )
            return losses

        return self._each(launch)

    def hold_out(self, dense: np.ndarray, codes: np.ndarray | None) -> None:
        """Give each member the rows that `judge` is about, dense [M, n, d] and codes [M, n, e]."""
        for shard in self._shards:
            rows = dense[shard.members], None if codes is None else codes[shard.members]
            shard.held_out = jax.device_put(rows)

    def judge(self) -> np.ndarray:
        """Return all members' logits [M, n, k] for the rows that each holds out."""

        def launch(shard: _Shard) -> jax.Array:
            return self._program.judge(shard.state.params, shard.fixed, *shard.held_out)

        return np.concatenate([np.asarray(logits) for logits in self._each(launch)])

    def params(self, which: np.ndarray) -> Params:
        """Return copies, on the host, of what the members marked by ``which`` (M,) have learned."""
        # In NumPy, because JAX would compile a program for every product.
        some = [
            _taken(jax.tree.map(np.asarray, shard.state.params), which[shard.members])
            for shard in self._shards
            if which[shard.members].any()
        ]
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *some)

    def _each(self, launch: Callable[[_Shard], Result]) -> list[Result]:
        """Do the same with every shard, in its thread; return the results in order."""
        if not self._pools:
            return list(map(launch, self._shards))
        # The first goes alone: if the program has to be compiled, it is compiled once.
        first = self._pools[0].submit(launch, self._shards[0]).result()
        shares = [
            pool.submit(lambda own: list(map(launch, own)), own)
            for pool, own in zip(self._pools, self._shares(), strict=True)
        ]
        return [first, *(result for share in shares for result in share.result())]

    def _shares(self) -> Iterator[list[_Shard]]:
        """Divide the shards among the threads, without the first shard."""
        count = len(self._shards)
        bounds = [count * thread // self._threads for thread in range(self._threads + 1)]
        for begin, end in pairwise(bounds):
            yield self._shards[max(begin, 1) : end]


def _taken(params: Params, members: slice | np.ndarray) -> Params:
    """Return the parameters of some members, from arrays [M, …]."""
    return jax.tree.map(lambda values: values[members], params)


def _most() -> int:
    """Return the most shards; on an accelerator, which all members together fill, one."""
    return MOST if jax.default_backend() == "cpu" else 1
