"""Encoded rows on disk: written once, read back a segment at a time, as often as needed.

A table larger than memory is decoded, checked and encoded once. What a fit reads over and over is
then not a table but numbers in their final form: dense columns in standard units (float32), codes,
text weights, targets and weights. They lie in a file without a name, which the system removes by
itself, however the process ends. `Totals` sums up their targets and weights.

Shapes: n rows, d dense columns, c coded columns, v text columns.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate
from operator import add
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, NamedTuple, Protocol

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


class EncodedRows(Protocol):
    """Rows in segments, wherever they lie."""

    @property
    def units(self) -> Units:
        """The units of the dense columns."""
        ...

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of rows of each segment."""
        ...

    @property
    def partitions(self) -> Sequence[range]:
        """The segments that are made of each partition of the table."""
        ...

    @property
    def total_weight(self) -> float:
        """The sum of all weights."""
        ...

    def weigh(self, factor: np.ndarray) -> None:
        """Multiply the weights of each class's rows by a factor (K,) in all later reads.

        The factors of `balance` do not change the sum of all weights.
        """
        ...

    def read(self, segment: int) -> Encoded:
        """Read a segment; several threads may call this at once."""
        ...

    def named(self, partition: int, /) -> str:
        """Name a partition of the table, in words."""
        ...


class Spool:
    """Rows in segments, in the order in which they were written.

    Parameters
    ----------
    layout : Layout
        The columns of the Design that the rows come from.
    classes : int
        K, if the target is a code; 0 if it is a number.
    folder : Path, optional
        The folder of the file; the system's folder for temporary files if left out.
    path : Path, optional
        The file, if it is to have a name.
    """

    def __init__(
        self,
        layout: Layout,
        units: Units,
        *,
        classes: int,
        folder: Path | None = None,
        path: Path | None = None,
    ) -> None:
        self.layout, self.units = layout, units
        self._target_dtype: Any = np.int32 if classes else np.float64
        self._segment_rows = _segment_rows(layout, classes)
        self._file = (  # closed by the spool's owner
            TemporaryFile(dir=folder, prefix=".gradum-") if path is None else path.open("w+b")  # noqa: SIM115
        )
        self._end, self._reading = 0, Lock()
        self.segments: list[SpooledSegment] = []
        self.partitions: list[range] = []
        self.total_weight = 0.0
        self._factor: np.ndarray | None = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what the disk does not take has been reported
            self._file.close()

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(self.lengths)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of rows of each segment."""
        return tuple(segment.rows for segment in self.segments)

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

    def end_partition(self) -> None:
        """Count the rows since the last partition as one."""
        start = self.partitions[-1].stop if self.partitions else 0
        self.partitions.append(range(start, len(self.segments)))

    def named(self, partition: int) -> str:
        """Name a partition of the table, in words."""
        return say("partition {number:,}", number=partition + 1)

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
        total = float(weight.sum())
        self.segments.append(SpooledSegment(offset, len(target), total, tuple(arrays)))
        self.total_weight += total

    def weigh(self, factor: np.ndarray) -> None:
        """Multiply the weights of each class's rows by a factor (K,); see `EncodedRows`."""
        self._factor = factor

    def read(self, segment: int) -> Encoded:
        """Read a segment back; several threads may call this at once."""
        there = self.segments[segment]
        return there.decoded(self._bytes_at(there.offset, there.size), self.layout, self._factor)

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


class SpooledSegment(NamedTuple):
    """A segment as it lies in its file."""

    offset: int
    rows: int
    weight: float
    arrays: tuple[_Array, ...]

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(array.size for array in self.arrays)

    def decoded(self, data: bytes, layout: Layout, factor: np.ndarray | None) -> Encoded:
        """Return the rows of these bytes, their weights multiplied by a factor for each class."""
        parts = _cut(data, self.arrays)
        columns = layout.blocks.items()
        blocks = {name: FORMS[name].read(parts, len(several)) for name, several in columns}
        target, weight = parts
        return Encoded(blocks, target, weight if factor is None else weight * factor[target])


@dataclass
class SpoolFiles:
    """Encoded rows in a file for each partition, for tasks that may be done anywhere.

    A partition whose file is not at hand, as on a machine that has not had the task before, is
    encoded again: the file is the same.
    """

    layout: Layout
    """The columns of the Design that the rows come from."""
    units: Units
    files: tuple[tuple[SpooledSegment, ...], ...]
    """What lies in the file of each partition."""
    encoded: Callable[[int], Path]
    """Returns the file of a partition, by its number, once all of it is there."""
    named_rows: Callable[[int], str]
    """Names a partition, by its number."""
    factor: np.ndarray | None = None
    """Of shape (K,). By which the weights of each class's rows are multiplied."""
    partitions: Sequence[range] = field(init=False)
    total_weight: float = field(init=False)

    def __post_init__(self) -> None:
        """Sum up the weights in the order of the segments, as a `Spool` does."""
        ends = list(accumulate(map(len, self.files)))
        self.partitions = [
            range(end - len(file), end) for end, file in zip(ends, self.files, strict=True)
        ]
        weights = (segment.weight for file in self.files for segment in file)
        self.total_weight = reduce(add, weights, 0.0)

    def __len__(self) -> int:
        return sum(self.lengths)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of rows of each segment."""
        return tuple(segment.rows for file in self.files for segment in file)

    def named(self, partition: int) -> str:
        """Name a partition of the table, in words."""
        return self.named_rows(partition)

    def weigh(self, factor: np.ndarray) -> None:
        """Multiply the weights of each class's rows by a factor (K,); see `EncodedRows`."""
        self.factor = factor

    def read(self, segment: int) -> Encoded:
        """Read a segment; several threads may call this at once."""
        starts = [part.start for part in self.partitions]
        number = bisect_right(starts, segment) - 1
        there = self.files[number][segment - starts[number]]
        with self.encoded(number).open("rb") as file:
            file.seek(there.offset)
            data = file.read(there.size)
        return there.decoded(data, self.layout, self.factor)


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

    def merge(self, later: Totals) -> None:
        """Add the rows of other totals, whose origin may be another."""
        self._by_class = self._by_class + later._by_class
        self._rows += later._rows
        self._low, self._high = min(self._low, later._low), max(self._high, later._high)
        if self._origin is None:
            self._origin = later._origin
        total, first, second = later._sums
        moved = (later._origin or 0.0) - (self._origin or 0.0)
        about = total, first + moved * total, second + moved * (2 * first + moved * total)
        self._sums = self._sums + np.array(about)

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
