"""Rows on their way to a chunk: a buffer of batches, and a pool for rows that do not fit in memory.

Batches are gathered on the host in the shapes of the program. Rows that do not fit in memory are
read one segment at a time and mixed in the pool.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

from gradum.core import Network
from gradum.core.models.input_blocks import join, side_by_side
from gradum.solvers.chunk import Batches
from gradum.solvers.rows_to_learn import Data

ALIGNMENT = 64  # bytes; JAX reads host arrays with this alignment in place, without a copy
MOST_BYTES = 64 << 20  # in a chunk's inputs
MOST_STEPS = 256
CHUNK_SECONDS = 0.1

POOL_ROWS = 262_144
POOL_BYTES = 64 << 20  # in dense columns


class ChunkRows(NamedTuple):
    """Rows in the dtypes of a chunk, since a gather that converts takes three times as long.

    ``inputs`` are those of `Data`; ``weight`` has a mean of 1 over all rows.
    """

    inputs: Mapping[str, Any]
    target: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, data: Data) -> ChunkRows:
        """Convert whatever has another dtype."""
        whole = np.issubdtype(data.target.dtype, np.integer)
        return cls(
            data.inputs,
            np.asarray(data.target, np.int32 if whole else data.dtype),
            data.unit_weight().astype(data.dtype),
        )


class Buffer:
    """Memory for the batches of one chunk, filled again and again.

    Parameters
    ----------
    rows : ChunkRows
        Example rows; all later rows have the same kind.
    padded : Network
        The network with padded shapes.
    length, size : int
        Steps of the chunk, and rows of a step.
    """

    def __init__(self, rows: ChunkRows, padded: Network, length: int, size: int) -> None:
        shape, dtype = (length, size), rows.weight.dtype
        forms = padded.input_forms(dtype)
        inputs = {name: _aligned((*shape, width), kind) for name, (width, kind) in forms.items()}
        # Probabilities of classes, [n, K]: a padding class has probability 0.
        self._classes = rows.target.shape[1:]
        classes = (padded.outputs,) if self._classes else ()
        self.batches = Batches(
            inputs,
            target=_aligned((*shape, *classes), rows.target.dtype),
            weight=_aligned(shape, dtype),
            total=_aligned((length,), dtype),
            factor=_aligned((length,), dtype),
        )
        # A padding row has weight 0, but 0 times an infinite loss is not a number.
        self._target()[:] = rows.target[0]

    def put(self, rows: ChunkRows, chosen: np.ndarray, at: int = 0) -> None:
        """Copy the chosen rows into the places from ``at`` on."""
        places = slice(at, at + len(chosen))
        for name, block, start in side_by_side(rows.inputs):
            _gather(block, chosen, _flat(self.batches.inputs[name])[places], start)
        _gather(rows.target, chosen, self._target()[places])
        _gather(rows.weight, chosen, self.batches.weight.reshape(-1)[places])

    def close(self, counts: np.ndarray, factors: np.ndarray) -> None:
        """Complete batches, given their numbers of rows and learning-rate factors, [steps].

        The rest of a batch that is not full gets weight 0.
        """
        _, _, weight, total, factor = self.batches
        steps = len(counts)
        for step in np.flatnonzero(counts < weight.shape[1]).tolist():
            weight[step, counts[step] :] = 0.0
        total[:steps], factor[:steps] = counts, factors

    def _target(self) -> np.ndarray:
        """View the targets, [steps·size] or, for K classes, [steps·size, K]."""
        target = self.batches.target
        return _flat(target)[:, : self._classes[0]] if self._classes else target.reshape(-1)


def _gather(source: Any, rows: np.ndarray, out: np.ndarray, start: int = 0) -> None:
    """Copy rows of the source into the columns of ``out`` from ``start``, and keep the others."""
    if sparse.issparse(source):
        out[:, start : start + source.shape[1]] = source[rows].toarray()
    elif source.dtype == out.dtype and source.shape[1:] == out.shape[1:]:
        # Straight into place; "clip" avoids a copy that only keeps ``out`` intact on errors.
        np.take(source, rows, axis=0, out=out, mode="clip")
    else:
        out[:, : source.shape[1]] = np.take(source, rows, axis=0)


def _flat(batches: np.ndarray) -> np.ndarray:
    """View batches [steps, size, columns] as rows, even without columns."""
    steps, size, columns = batches.shape
    return batches.reshape(steps * size, columns)


def _aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return zeros at an aligned address; pages that are never touched take no memory."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def chunk_length(padded: Network, size: int, row_bytes: int) -> int:
    """Return the most steps of a chunk for any number of rows, so that one program serves all.

    This is about ``CHUNK_SECONDS`` of work, after which progress is shown and a request to stop is
    noticed. It is a power of 4, so that networks of similar size share a program too. The time of a
    step is estimated from its shapes and not measured, because what a fit computes must not depend
    on a clock.
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


@runtime_checkable
class SegmentedData(Protocol):
    """The rows that a solver learns from, in S segments of consecutive rows."""

    @property
    def rows(self) -> int:
        """Number of rows in all segments."""
        ...

    @property
    def columns(self) -> int:
        """Number of dense and sparse columns."""
        ...

    @property
    def coded_columns(self) -> int:
        """Number of coded columns."""
        ...

    @property
    def soft_classes(self) -> int | None:
        """K, if the target holds the probabilities of K > 2 classes."""
        ...

    @property
    def dtype(self) -> Any:
        """The dtype of the computations."""
        ...

    @property
    def lengths(self) -> Sequence[int]:
        """Rows of each segment."""
        ...

    def read(self, segment: int) -> ChunkRows:
        """Return a segment; weights have a mean of 1 over all segments."""
        ...


class Pool:
    """The rows of an epoch in random order: segments in random order, mixed one pool at a time.

    The order depends only on the generator and the segments' lengths. While a solver learns from
    the rows of one pool, another thread reads the next.
    """

    def __init__(self, data: SegmentedData, rng: np.random.Generator, reader: Executor) -> None:
        self._data, self._reader = data, reader
        self._pools = self._drawn(rng)
        self._coming: Future[ChunkRows] | None = None
        self._coming_order = self._order = np.empty(0, np.int64)
        self._at = 0

    def skip(self, rows: int) -> None:
        """Skip the first rows of the epoch; pools with only such rows are not read."""
        while rows:
            segments, order = next(self._pools)
            if len(order) > rows:
                self._fetch(segments, order)
                self._turn()
                self._at = rows
                return
            rows -= len(order)

    def pour(self, buffer: Buffer, count: int) -> None:
        """Copy the next ``count`` rows into a buffer."""
        at = 0
        while at < count:
            if self._at == len(self._order):
                if self._coming is None:
                    self._fetch(*next(self._pools))
                self._turn()
            taken = self._order[self._at : self._at + count - at]
            buffer.put(self._rows, taken, at)
            self._at += len(taken)
            at += len(taken)

    def _drawn(self, rng: np.random.Generator) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield segments, and the order of their rows, pool by pool."""
        lengths = np.asarray(self._data.lengths)
        most = max(1, min(POOL_ROWS, POOL_BYTES // (4 * max(self._data.columns, 1))))
        segments = rng.permutation(len(lengths))
        while len(segments):
            ends = np.cumsum(lengths[segments])
            count = max(1, int(np.searchsorted(ends, most, side="right")))
            chosen, segments = segments[:count], segments[count:]
            yield chosen.tolist(), rng.permutation(int(ends[count - 1]))

    def _fetch(self, segments: list[int], order: np.ndarray) -> None:
        self._coming, self._coming_order = self._reader.submit(self._read, segments), order

    def _turn(self) -> None:
        """Take the pool that was read, and start reading the next one."""
        assert self._coming is not None
        self._rows, self._order, self._at = self._coming.result(), self._coming_order, 0
        self._coming = None
        following = next(self._pools, None)
        if following is not None:
            self._fetch(*following)

    def _read(self, segments: list[int]) -> ChunkRows:
        parts = [self._data.read(segment) for segment in segments]
        return ChunkRows(
            join([part.inputs for part in parts]),
            np.concatenate([part.target for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )
