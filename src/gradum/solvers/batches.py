"""Rows in training order, gathered on the host into the shape of a chunk.

The order of an epoch depends only on the seed and the epoch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import jax
import numpy as np

from gradum.core import Network, Problem
from gradum.errors import SpecError
from gradum.randomness import stream
from gradum.solvers.chunk import Batches, bucket, pad_problem, precision
from gradum.solvers.pool import Buffer, ChunkRows, Pool, SegmentedData, chunk_length
from gradum.solvers.rows_to_learn import Data

FEWEST_ROWS = 64  # in a full batch: padding costs less than compiling for every small table


@dataclass(frozen=True)
class Chunk:
    """Batches for some steps.

    ``share`` [steps] is the share of all rows that each step sees.
    """

    batches: Batches
    share: np.ndarray

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.share)


def endless() -> int:
    """Return more epochs than any training has."""
    return sys.maxsize


class Feed(Protocol):
    """Where chunks come from."""

    whole: bool
    steps_per_epoch: int

    def chunks(
        self,
        factors: np.ndarray,
        seed: int,
        first_epoch: int,
        done: int = 0,
        ahead: Callable[[], int] = endless,
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one for each factor [steps] of the learning rate.

        The first ``done`` steps are left out; the rest is unchanged. ``ahead`` tells, for the
        chunks before the last one, how many epochs are certain to follow: a chunk may span this
        many.
        """
        ...


def feed_of(
    data: Data | SegmentedData, problem: Problem, batch_size: int | None, *, epoch_by_epoch: bool
) -> Feed:
    """Return the feed for a batch size; with ``epoch_by_epoch`` no chunk spans two epochs.

    Raises
    ------
    SpecError
        One step would have to see all rows, but they are read one segment at a time.
    """
    padded = pad_problem(problem).network
    if isinstance(data, SegmentedData):
        if batch_size is None or batch_size >= data.rows:
            raise not_in_one_step()
        return SegmentBatches(data, padded, batch_size)
    if batch_size is None or batch_size >= data.rows:
        return FullBatch(data, padded, one_by_one=epoch_by_epoch)
    return MiniBatches(data, padded, batch_size)


def not_in_one_step() -> SpecError:
    """Return the refusal of a step that would see all rows, which are read segment by segment."""
    return SpecError(
        "Rows that are read in segments cannot all be in one step.",
        "Choose a solver of mini-batches and a smaller batch_size.",
    )


class FullBatch:
    """Every step sees every row, always in the same order, so that a step is an epoch."""

    whole = True
    steps_per_epoch = 1

    def __init__(self, data: Data, padded: Network, *, one_by_one: bool) -> None:
        """Lay out the rows once; ``one_by_one`` makes chunks of one step."""
        size = bucket(max(data.rows, FEWEST_ROWS), per_octave=2)
        rows = ChunkRows.of(data)
        buffer = Buffer(rows, padded, 1, size)
        buffer.put(rows, np.arange(data.rows))
        buffer.close(np.array([data.rows]), np.ones(1))
        with precision(data.dtype):
            self._batches = jax.device_put(buffer.batches)
        self._dtype = data.dtype
        self._length = 1 if one_by_one else chunk_length(padded, size, row_bytes=0)

    def chunks(
        self,
        factors: np.ndarray,
        seed: int,
        first_epoch: int,
        done: int = 0,
        ahead: Callable[[], int] = endless,
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one step for each factor [steps] after the first ``done``."""
        for start in range(done, len(factors), self._length):
            part = factors[start : start + self._length]
            factor = np.zeros(self._length, self._dtype)
            factor[: len(part)] = part
            yield Chunk(self._batches._replace(factor=factor), np.ones(len(part)))


class MiniBatches:
    """Each step sees ``size`` rows, in a new order each epoch.

    A chunk ends within an epoch or at the end of one; if epochs are short, it may span several. Two
    buffers take turns: one is filled while the compiled program reads the other.
    """

    whole = False

    def __init__(self, data: Data, padded: Network, size: int) -> None:
        self._rows, self._size = data.rows, size
        self.steps_per_epoch = -(-data.rows // size)
        row_bytes = padded.inputs * np.dtype(data.dtype).itemsize
        self._length = chunk_length(padded, size, row_bytes)
        self._source = ChunkRows.of(data)
        self._buffers = [Buffer(self._source, padded, self._length, size) for _ in range(2)]
        # Rows of each step of an epoch; the last step may have fewer.
        self._counts = np.minimum(size, data.rows - size * np.arange(self.steps_per_epoch))

    def chunks(
        self,
        factors: np.ndarray,
        seed: int,
        first_epoch: int,
        done: int = 0,
        ahead: Callable[[], int] = endless,
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one step for each factor [steps] after the first ``done``."""
        per_epoch, step, running, turn = self.steps_per_epoch, done, 0, 0
        order, ordered = np.empty(0, np.int64), -1
        while step < len(factors):
            sure = ahead()
            epochs = min(max(1, sure - running), max(1, sure // 2))
            within = step % per_epoch
            steps = min(self._length, per_epoch - within)
            if steps == per_epoch - within:
                more = min((self._length - steps) // per_epoch, epochs - 1)
                steps = min(steps + more * per_epoch, len(factors) - step)
            buffer = self._buffers[turn]
            turn = 1 - turn
            places = np.arange(step, step + steps)
            for start in [0, *(np.flatnonzero(places[1:] % per_epoch == 0) + 1).tolist()]:
                epoch, first = divmod(step + start, per_epoch)
                if epoch != ordered:
                    rng = stream(seed, "shuffle", first_epoch + epoch)
                    order, ordered = rng.permutation(self._rows), epoch
                last = min(first + steps - start, per_epoch)
                buffer.put(
                    self._source, order[first * self._size : last * self._size], start * self._size
                )
            counts = self._counts[places % per_epoch]
            buffer.close(counts, factors[step : step + steps])
            running = (step + steps) // per_epoch - step // per_epoch
            step += steps
            yield Chunk(buffer.batches, counts / self._rows)


class SegmentBatches:
    """Mini-batches of rows that are read one segment at a time; chunks end where epochs do.

    Each epoch draws a new order of the segments, and of the rows within each pool of segments that
    are in memory together. A batch may take rows from two pools.
    """

    whole = False

    def __init__(self, data: SegmentedData, padded: Network, size: int) -> None:
        self._data, self._size = data, size
        self.steps_per_epoch = -(-data.rows // size)
        row_bytes = padded.inputs * np.dtype(data.dtype).itemsize
        self._length = chunk_length(padded, size, row_bytes)
        some = data.read(0)
        self._buffers = [Buffer(some, padded, self._length, size) for _ in range(2)]

    def chunks(
        self,
        factors: np.ndarray,
        seed: int,
        first_epoch: int,
        done: int = 0,
        ahead: Callable[[], int] = endless,
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one step for each factor [steps] after the first ``done``."""
        turn, steps = 0, self.steps_per_epoch
        with ThreadPoolExecutor(1) as reader:
            for epoch in range(done // steps, len(factors) // steps):
                first = max(done - epoch * steps, 0)
                pool = Pool(self._data, stream(seed, "shuffle", first_epoch + epoch), reader)
                pool.skip(first * self._size)
                for start in range(first, steps, self._length):
                    stop = min(start + self._length, steps)
                    buffer = self._buffers[turn]
                    turn = 1 - turn
                    count = min(stop * self._size, self._data.rows) - start * self._size
                    pool.pour(buffer, count)
                    counts = np.minimum(self._size, count - self._size * np.arange(stop - start))
                    buffer.close(counts, factors[epoch * steps + start : epoch * steps + stop])
                    yield Chunk(buffer.batches, counts / self._data.rows)
