"""The shards of a pack on all cores of this process.

A step's matrices are too small to be divided among cores, so each thread has its own shards: XLA
runs what one thread launches in order, and what several launch side by side. Besides, a step reads
and writes all parameters and Adam's moments. Those of all members are many megabytes, those of a
shard stay in a core's cache from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import Any, Self, TypeVar

import jax
import numpy as np

from gradum.core.models.network import Params
from gradum.core_count import cores
from gradum.rungs.pack.draws import Draw
from gradum.rungs.pack.shards import MOST, Learning, Shards

Result = TypeVar("Result")


class ShardsOnThreads(Shards):
    """Shards that learn on threads, which last as long as a ``with`` block.

    Parameters
    ----------
    threads : int, optional
        How many shards learn at a time: one for each core, if not given.
    """

    def __init__(self, learning: Learning, params: Params, threads: int | None = None) -> None:
        super().__init__(learning, params)
        self._held_out: list[Any] = []
        self._threads = min(cores() if threads is None else threads, len(self._states))
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

    def learn(self, draws: Iterable[Draw]) -> list[jax.Array]:
        """Launch chunk after chunk of steps of every shard; return the losses, to come."""
        return [losses for draw in draws for losses in self._each(partial(self._launch, draw))]

    def _launch(self, draw: Draw, number: int) -> jax.Array:
        shard = self._learning.shards[number]
        own = draw.of(shard.members)
        self._states[number], losses = self._learning.learn(shard, self._states[number], own)
        return losses

    def hold_out(self, rows: np.ndarray) -> None:
        """Give each member the rows [M, n] that `judge` is about, and put them on the device."""
        batching = self._learning.batching
        self._held_out = [
            jax.device_put(batching.padded(rows[shard.members])) for shard in self._learning.shards
        ]

    def judge(self) -> np.ndarray:
        """Return all members' logits [M, n, k] for the rows that each holds out."""

        def launch(number: int) -> jax.Array:
            params, fixed = self._states[number].params, self._learning.shards[number].fixed
            return self._learning.program.judge(params, fixed, *self._held_out[number])

        return np.concatenate([np.asarray(logits) for logits in self._each(launch)])

    def _each(self, launch: Callable[[int], Result]) -> list[Result]:
        """Do the same with every shard, in its thread; return the results in order."""
        if not self._pools:
            return list(map(launch, range(len(self._states))))
        # The first goes alone: if the program has to be compiled, it is compiled once.
        first = self._pools[0].submit(launch, 0).result()
        shares = [
            pool.submit(lambda own: list(map(launch, own)), own)
            for pool, own in zip(self._pools, self._shares(), strict=True)
        ]
        return [first, *(result for share in shares for result in share.result())]

    def _shares(self) -> Iterator[range]:
        """Divide the shards among the threads, without the first shard."""
        count = len(self._states)
        bounds = [count * thread // self._threads for thread in range(self._threads + 1)]
        for begin, end in pairwise(bounds):
            yield range(max(begin, 1), end)


def most_shards() -> int:
    """Return the most shards; on an accelerator, which all members together fill, one."""
    return MOST if jax.default_backend() == "cpu" else 1
