"""Rows in the order of training, gathered on the host into the shape of a chunk.

The order of an epoch is a function of seed and epoch alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import numpy as np

from gradum.core import Network, Problem
from gradum.randomness import stream
from gradum.solvers.chunk import Batches, precision
from gradum.solvers.data import Data
from gradum.solvers.padding import bucket, pad_problem

ALIGNMENT = 64  # bytes; JAX reads host arrays so aligned in place, without copying them
MOST_BYTES = 64 << 20  # of a chunk's inputs
MOST_STEPS = 1024
FEWEST_ROWS = 64  # of a full batch: filling up costs less than compiling for every small table
CHUNK_SECONDS = 0.1


@dataclass(frozen=True)
class Chunk:
    """Batches for some steps.

    ``share`` [steps] is the share of all rows that each step sees.
    """

    batches: Batches
    share: np.ndarray

    @property
    def steps(self) -> int:
        """Steps to take."""
        return len(self.share)


class Feed(Protocol):
    """Where chunks come from."""

    whole: bool
    steps_per_epoch: int

    def chunks(
        self, factors: np.ndarray, seed: int, first_epoch: int, done: int = 0
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one for each factor [steps] of the learning rate.

        The first ``done`` steps, of whole chunks, are left out; the rest is as it would have been.
        """
        ...


def feed_of(data: Data, problem: Problem, batch_size: int | None, *, epoch_by_epoch: bool) -> Feed:
    """Return the feed for a batch size; ``epoch_by_epoch`` lets no chunk span two epochs."""
    padded = pad_problem(problem).network
    if batch_size is None or batch_size >= data.rows:
        return FullBatch(data, padded, one_by_one=epoch_by_epoch)
    return MiniBatches(data, padded, batch_size)


class FullBatch:
    """Every step sees every row, so that a step is an epoch, in the same order for ever."""

    whole = True
    steps_per_epoch = 1

    def __init__(self, data: Data, padded: Network, *, one_by_one: bool) -> None:
        """Lay the rows out once; ``one_by_one`` makes chunks of one step."""
        size = bucket(max(data.rows, FEWEST_ROWS), per_octave=2)
        buffer = _Buffer(data, padded, 1, size)
        buffer.fill(np.arange(data.rows), 0, 1)
        with precision(data.dtype):
            self._batches = jax.device_put(buffer.batches)
        self._dtype = data.dtype
        self._length = 1 if one_by_one else _chunk_length(padded, size, row_bytes=0)

    def chunks(
        self, factors: np.ndarray, seed: int, first_epoch: int, done: int = 0
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one for each factor [steps] of the learning rate but the first."""
        for start in range(done, len(factors), self._length):
            part = factors[start : start + self._length]
            factor = np.zeros(self._length, self._dtype)
            factor[: len(part)] = part
            yield Chunk(self._batches._replace(factor=factor), np.ones(len(part)))


class MiniBatches:
    """Each step sees ``size`` rows, in a new order each epoch; chunks end where epochs do.

    Two buffers take turns: one is filled while the compiled program reads the other.
    """

    whole = False

    def __init__(self, data: Data, padded: Network, size: int) -> None:
        self._rows, self._size = data.rows, size
        self.steps_per_epoch = -(-data.rows // size)
        row_bytes = padded.inputs * np.dtype(data.dtype).itemsize
        self._length = _chunk_length(padded, size, row_bytes)
        self._buffers = [_Buffer(data, padded, self._length, size) for _ in range(2)]

    def chunks(
        self, factors: np.ndarray, seed: int, first_epoch: int, done: int = 0
    ) -> Iterator[Chunk]:
        """Yield chunks of steps, one for each factor [steps] of the learning rate but the first."""
        turn, steps = 0, self.steps_per_epoch
        for epoch in range(done // steps, len(factors) // steps):
            order = stream(seed, "shuffle", first_epoch + epoch).permutation(self._rows)
            for start in range(max(done - epoch * steps, 0), steps, self._length):
                stop = min(start + self._length, steps)
                buffer = self._buffers[turn]
                turn = 1 - turn
                rows = order[start * self._size : stop * self._size]
                buffer.fill(rows, epoch * steps + start, stop - start, factors)
                share = buffer.batches.total[: stop - start].astype(np.float64) / self._rows
                yield Chunk(buffer.batches, share)


class _Buffer:
    """Memory for the batches of one chunk, filled again and again."""

    def __init__(self, data: Data, padded: Network, length: int, size: int) -> None:
        shape, dtype = (length, size), data.dtype
        inputs: dict[str, Any] = {"dense": _aligned((*shape, padded.inputs), dtype)}
        if padded.embedding:
            inputs["codes"] = _aligned((*shape, padded.embedding.columns), np.int32)
        whole = np.issubdtype(data.target.dtype, np.integer)
        # Probabilities of classes, [n, K]: a class that only fills up has probability 0.
        classes = (padded.outputs,) if data.target.ndim == 2 else ()
        target = _aligned((*shape, *classes), np.int32 if whole else dtype)
        self._data = data
        # In the buffer's own dtype: a gather that converts takes three times as long.
        self._target = data.target.astype(target.dtype)
        self._weight = data.unit_weight().astype(dtype)
        self.batches = Batches(
            inputs,
            target=target,
            weight=_aligned(shape, dtype),
            total=_aligned((length,), dtype),
            factor=_aligned((length,), dtype),
        )
        # A row that only fills up has weight 0, but 0 times an infinite loss is no number.
        self._rows_of_target()[:] = data.target[0]

    def fill(self, rows: np.ndarray, first: int, steps: int, factors: Any = None) -> None:
        """Gather these rows into the first ``steps`` batches; what remains has weight 0."""
        inputs, _, weight, total, factor = self.batches
        size, count = weight.shape[1], len(rows)
        source = self._data.inputs
        for name in inputs:
            _gather(source[name], rows, _flat(inputs[name])[:count])
        if "sparse" in source:
            start, stop = source["dense"].shape[1], self._data.columns
            flat = _flat(inputs["dense"])
            flat[:count, start:stop] = source["sparse"][rows].toarray()
        _gather(self._target, rows, self._rows_of_target()[:count])
        _gather(self._weight, rows, weight.reshape(-1)[:count])
        weight.reshape(-1)[count : steps * size] = 0.0
        total[:steps] = size
        total[steps - 1] = count - (steps - 1) * size
        if factors is not None:
            factor[:steps] = factors[first : first + steps]

    def _rows_of_target(self) -> np.ndarray:
        """View the targets, [steps·size] or, for K classes, [steps·size, K]."""
        target = self.batches.target
        if target.ndim == 2:
            return target.reshape(-1)
        return _flat(target)[:, : self._data.target.shape[1]]


def _gather(source: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Copy rows of the source into ``out``, whose further columns stay as they are."""
    if source.dtype == out.dtype and source.shape[1:] == out.shape[1:]:
        # Straight into place; "clip" spares a copy that only serves to leave out whole on errors.
        np.take(source, rows, axis=0, out=out, mode="clip")
    else:
        out[:, : source.shape[1]] = np.take(source, rows, axis=0)


def _flat(batches: np.ndarray) -> np.ndarray:
    """View batches [steps, size, columns] as rows, also where there are no columns."""
    steps, size, columns = batches.shape
    return batches.reshape(steps * size, columns)


def _aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return zeros at an aligned address; pages that are never touched take no memory."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def _chunk_length(padded: Network, size: int, row_bytes: int) -> int:
    """Return the most steps of a chunk, whatever the number of rows: one program serves all.

    About ``CHUNK_SECONDS`` of work, after which progress is shown and a wish to stop is heard;
    a power of 4, so that networks of like size share a program too. The time of a step is
    estimated from its shapes and not measured: what a fit computes must not depend on a clock.
    """
    weights = sum(a * b for a, b in itertools.pairwise(padded.widths))
    step_seconds = 5e-6 + 6.0 * size * weights / 200e9 + weights * 5e-9
    most = min(CHUNK_SECONDS / step_seconds, MOST_STEPS)
    if row_bytes:
        most = min(most, MOST_BYTES / (size * row_bytes))
    length = 1
    while length * 4 <= most:
        length *= 4
    return length
