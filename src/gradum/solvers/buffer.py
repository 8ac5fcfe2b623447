"""The memory of a chunk: batches of rows, gathered on the host into the shapes of the program."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gradum.core import Network
from gradum.solvers.chunk import Batches
from gradum.solvers.data import Data

ALIGNMENT = 64  # bytes; JAX reads host arrays so aligned in place, without copying them
MOST_BYTES = 64 << 20  # of a chunk's inputs
MOST_STEPS = 256
CHUNK_SECONDS = 0.1


class ChunkRows(NamedTuple):
    """Rows in the dtypes of a chunk: a gather that converts takes three times as long.

    ``inputs`` are those of `Data`; ``weight`` has a mean of 1 over all rows there are.
    """

    inputs: Mapping[str, Any]
    target: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, data: Data) -> ChunkRows:
        """Convert what is of another dtype."""
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
        Some rows, of whose kind all will be.
    padded : Network
        The network in padded shapes.
    length, size : int
        Steps of the chunk, and rows of a step.
    """

    def __init__(self, rows: ChunkRows, padded: Network, length: int, size: int) -> None:
        shape, dtype = (length, size), rows.weight.dtype
        inputs: dict[str, Any] = {"dense": _aligned((*shape, padded.inputs), dtype)}
        if padded.embedding:
            inputs["codes"] = _aligned((*shape, padded.embedding.columns), np.int32)
        # Probabilities of classes, [n, K]: a class that only fills up has probability 0.
        self._classes = rows.target.shape[1:]
        classes = (padded.outputs,) if self._classes else ()
        self.batches = Batches(
            inputs,
            target=_aligned((*shape, *classes), rows.target.dtype),
            weight=_aligned(shape, dtype),
            total=_aligned((length,), dtype),
            factor=_aligned((length,), dtype),
        )
        # A row that only fills up has weight 0, but 0 times an infinite loss is no number.
        self._target()[:] = rows.target[0]

    def put(self, rows: ChunkRows, chosen: np.ndarray, at: int = 0) -> None:
        """Copy the chosen rows into the places from ``at`` on."""
        places = slice(at, at + len(chosen))
        for name, batches in self.batches.inputs.items():
            _gather(rows.inputs[name], chosen, _flat(batches)[places])
        if "sparse" in rows.inputs:
            start = rows.inputs["dense"].shape[1]
            block = rows.inputs["sparse"][chosen]
            _flat(self.batches.inputs["dense"])[places, start : start + block.shape[1]] = (
                block.toarray()
            )
        _gather(rows.target, chosen, self._target()[places])
        _gather(rows.weight, chosen, self.batches.weight.reshape(-1)[places])

    def close(self, counts: np.ndarray, factors: np.ndarray) -> None:
        """Make batches: ``counts`` rows each, and factors of the learning rate, [steps].

        What remains of a batch that is not full has weight 0.
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


def chunk_length(padded: Network, size: int, row_bytes: int) -> int:
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
