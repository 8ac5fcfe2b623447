"""Rows that do not fit in memory, read a segment at a time and mixed in a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

from gradum.solvers.buffer import Buffer, ChunkRows

POOL_ROWS = 262_144
POOL_BYTES = 64 << 20  # of dense columns


@runtime_checkable
class SegmentedData(Protocol):
    """The rows that a solver learns from, in S segments of neighbours."""

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
        """K, where the target is the probabilities of K > 2 classes."""
        ...

    @property
    def dtype(self) -> Any:
        """The dtype computed in."""
        ...

    @property
    def lengths(self) -> Sequence[int]:
        """Rows of each segment."""
        ...

    def read(self, segment: int) -> ChunkRows:
        """Return a segment; weights have a mean of 1 over all segments."""
        ...


class Pool:
    """The rows of an epoch in a random order: whole segments at random, mixed a pool at a time.

    The order is a function of the generator and the segments' lengths alone. While the rows of
    one pool are learned from, another thread reads the next.
    """

    def __init__(self, data: SegmentedData, rng: np.random.Generator, reader: Executor) -> None:
        self._data, self._reader = data, reader
        self._pools = self._drawn(rng)
        self._coming: Future[ChunkRows] | None = None
        self._coming_order = self._order = np.empty(0, np.int64)
        self._at = 0

    def skip(self, rows: int) -> None:
        """Leave out the first rows of the epoch; pools of none but such rows are not read."""
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
        """Take up the pool that was read, and have the next one read."""
        assert self._coming is not None
        self._rows, self._order, self._at = self._coming.result(), self._coming_order, 0
        self._coming = None
        following = next(self._pools, None)
        if following is not None:
            self._fetch(*following)

    def _read(self, segments: list[int]) -> ChunkRows:
        parts = [self._data.read(segment) for segment in segments]
        inputs: dict[str, Any] = {
            name: sparse.csr_array(sparse.vstack([part.inputs[name] for part in parts]))
            if name == "sparse"
            else np.concatenate([part.inputs[name] for part in parts])
            for name in parts[0].inputs
        }
        return ChunkRows(
            inputs,
            np.concatenate([part.target for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )
