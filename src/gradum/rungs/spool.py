"""Encoded rows on disk: written once, read back a segment at a time, as often as needed.

A table larger than memory is decoded, checked and encoded once. What a fit reads over and over is
then not a table but numbers in their final form: dense columns in standard units (float32), codes,
text weights, targets and weights. They lie in a file without a name, which the system removes by
itself, however the process ends. `Totals` sums up their targets and weights.

Shapes: n rows, d dense columns, c coded columns, v text columns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from gradum.files.atomic import filling
from gradum.messages import say
from gradum.rungs.cost import expanded_levels
from gradum.rungs.target_scale import TargetScale
from gradum.tables.kinds.blocks import FORMS, Units
from gradum.tables.kinds.design import Design, Layout

SEGMENT_ROWS = 16_384
SEGMENT_VALUES = 2**19  # fewer rows for wide tables and many classes: each thread holds a segment


class Encoded(NamedTuple):
    """A segment of n rows."""

    arrays: dict[str, Any]  # the blocks of a Design, dense in standard units and float32
    target: np.ndarray  # float64 [n], or int32 class codes
    weight: np.ndarray  # float64 [n]


class Spool:
    """Rows in segments, in the order in which they were written.

    Parameters
    ----------
    layout : Layout
        The columns of the Design that the rows come from.
    units : Units
        The units of the dense columns.
    classes : int
        K, if the target is a code; 0 if it is a number.
    folder : Path, optional
        The folder of the file; the system's folder for temporary files if left out.
    """

    def __init__(
        self, layout: Layout, units: Units, *, classes: int, folder: Path | None = None
    ) -> None:
        self.layout, self.units = layout, units
        self._target_dtype: Any = np.int32 if classes else np.float64
        self._segment_rows = _segment_rows(layout, classes)
        self._file = TemporaryFile(dir=folder, prefix=".gradum-")  # noqa: SIM115 - closed by the spool's owner
        self._end, self._reading = 0, Lock()
        self._segments: list[tuple[int, int, list[_Array]]] = []  # offset, rows, what lies there
        self.total_weight = 0.0
        self._factor: np.ndarray | None = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what the disk does not take has been reported
            self._file.close()

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(rows for _, rows, _ in self._segments)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of rows of each segment."""
        return tuple(rows for _, rows, _ in self._segments)

    @property
    def bytes(self) -> int:
        """The size of the file on disk."""
        return self._end

    def write(self, design: Design, target: np.ndarray, weight: np.ndarray) -> None:
        """Append rows.

        Raises
        ------
        DiskError
            The disk is full.
        """
        for start in range(0, len(design), self._segment_rows):
            rows = slice(start, start + self._segment_rows)
            self._append(design.stretch(rows), target[rows], weight[rows])

    def _append(self, design: Design, target: np.ndarray, weight: np.ndarray) -> None:
        parts = [
            part
            for name in self.layout.blocks
            for part in FORMS[name].spooled(design.arrays[name], self.units)
        ]
        parts.append(np.ascontiguousarray(target, self._target_dtype))
        parts.append(np.ascontiguousarray(weight, np.float64))
        offset = self._end
        with filling(say("the encoded rows")):
            self._file.seek(offset)
            for part in parts:
                self._file.write(part.data)
                self._end += part.nbytes
            self._file.flush()
        arrays = [_Array(part.dtype, part.shape, part.nbytes) for part in parts]
        self._segments.append((offset, len(target), arrays))
        self.total_weight += float(weight.sum())

    def weigh(self, factor: np.ndarray) -> None:
        """Multiply the weights of each class's rows by a factor (K,) in all later reads.

        The factors of `balance` do not change the sum of all weights.
        """
        self._factor = factor

    def read(self, segment: int) -> Encoded:
        """Read a segment back; several threads may call this at once."""
        offset, _, arrays = self._segments[segment]
        parts = _cut(self._bytes_at(offset, sum(array.size for array in arrays)), arrays)
        columns = self.layout.blocks.items()
        blocks = {name: FORMS[name].read(parts, len(several)) for name, several in columns}
        target, weight = parts
        weight = weight if self._factor is None else weight * self._factor[target]
        return Encoded(blocks, target, weight)

    def _bytes_at(self, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, offset)
        with self._reading:  # Windows has one position for all threads
            self._file.seek(offset)
            return self._file.read(size)


class _Array(NamedTuple):
    """An array as it lies in the file."""

    dtype: np.dtype
    shape: tuple[int, ...]
    size: int  # bytes


def _cut(data: bytes, arrays: Sequence[_Array]) -> Iterator[np.ndarray]:
    """Yield the arrays that lie in ``data`` one after the other."""
    at = 0
    for dtype, shape, size in arrays:
        yield np.frombuffer(data, dtype, size // dtype.itemsize, at).reshape(shape)
        at += size


def _segment_rows(layout: Layout, classes: int) -> int:
    values = len(layout.full) + expanded_levels(layout) + classes
    return max(1, min(SEGMENT_ROWS, SEGMENT_VALUES // max(values, 1)))


class Totals:
    """Sums over the training rows: of weights, of targets and of their squares.

    Parameters
    ----------
    classes : int
        K; 0 for a regression.
    log : bool
        Whether the logarithm of the target is learned.
    """

    def __init__(self, classes: int, *, log: bool) -> None:
        self._log = log
        self._by_class = np.zeros(classes)
        self._sums = np.zeros(3)  # of weight, weight · (t − origin), weight · (t − origin)²
        self._origin: float | None = None
        self._low, self._high, self._rows = np.inf, -np.inf, 0

    def add(self, target: np.ndarray, weight: np.ndarray) -> None:
        """Add rows."""
        self._rows += len(target)
        if len(self._by_class):
            self._by_class += np.bincount(target, weight, len(self._by_class))
            return
        if not len(target):
            return
        self._low = min(self._low, float(target.min()))
        self._high = max(self._high, float(target.max()))
        learned = np.log(target) if self._log else target
        if self._origin is None:
            self._origin = float(learned.mean())  # near the mean, so that nothing cancels
        moved = learned - self._origin
        self._sums += [weight.sum(), weight @ moved, weight @ moved**2]

    @property
    def by_class(self) -> np.ndarray:
        """The weight of each class (K,), where rows weigh 1 on average."""
        return self._by_class * (self._rows / self._by_class.sum())

    @property
    def scale(self) -> TargetScale:
        """The scale of a regression's target, as `TargetScale.fit` gives it for rows in memory."""
        total, first, second = self._sums
        mean = first / total
        deviation = float(np.sqrt(max(second / total - mean**2, 0.0)))
        centre = float((self._origin or 0.0) + mean)
        return TargetScale(centre, deviation or 1.0, self._low, self._high, self._log)
