"""The blocks of a design by name: how each holds its columns, for code that goes through all.

A new block takes a line in ``FORMS`` (and a class, if it holds its columns in another way), a field
of `Layout`, and what the encoder puts into it; first layers that take it name it too.

Shapes: n rows, c columns of a block, m rows of a mixture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Units:
    """Standard units of the dense columns: z = (x − centre) / scale, [d] each."""

    centre: np.ndarray
    scale: np.ndarray


class BlockForm:
    """How a block holds its columns: here as an array (n, c) of numbers."""

    dtype: ClassVar[Any] = np.float64

    def of_rows(self, values: Sequence[float], rows: int, columns: int) -> Any:
        """Return the block of a given shape whose values come row by row."""
        return np.array(values, self.dtype).reshape(rows, columns)

    def take(self, block: Any, positions: np.ndarray) -> Any:
        """Return the rows at these positions."""
        # np.take gathers rows of a column-major array three times faster than indexing does.
        return np.take(block, positions, axis=0)

    def mixed(self, block: Any, rows: np.ndarray, of: np.ndarray) -> Any:
        """Return m rows whose column k has the values of the rows (m, s)[:, of[k]]."""
        return np.take_along_axis(block, rows[:, of], axis=0)

    def flat_width(self, columns: Sequence[Any]) -> int:
        """Return how many columns `flat` returns."""
        return sum(1 + len(column.levels) for column in columns)

    def flat(self, block: Any, columns: Sequence[Any]) -> list[np.ndarray]:
        """Return float64 columns; for levels, one column for none and one for each."""
        return [block]

    def of_flat(self, x: np.ndarray, columns: Sequence[Any]) -> Any:
        """Return the block that columns such as those of `flat` stand for."""
        return x

    def spooled(self, block: Any, units: Units) -> list[np.ndarray]:
        """Return contiguous arrays that hold it: numbers in standard units, 4 bytes each."""
        # Computed column by column, as they lie in a design, then transposed once.
        return [np.ascontiguousarray((block - units.centre) / units.scale, np.float32)]

    def read(self, parts: Iterator[np.ndarray], columns: int) -> Any:
        """Return the block that the next arrays made by `spooled` hold."""
        return next(parts)


class Codes(BlockForm):
    """Integers: the codes of levels, 0 for an unknown level."""

    dtype = np.int32

    def flat(self, block: np.ndarray, columns: Sequence[Any]) -> list[np.ndarray]:
        """Return 1 + L columns per code, one of them 1 and the others 0."""
        return [
            (codes[:, None] == np.arange(1 + len(column.levels))).astype(np.float64)
            for codes, column in zip(block.T, columns, strict=True)
        ]

    def of_flat(self, x: np.ndarray, columns: Sequence[Any]) -> np.ndarray:
        """Return the position of the greatest of each code's 1 + L numbers."""
        ends = np.cumsum([1 + len(column.levels) for column in columns], dtype=np.intp)
        groups = np.split(x, ends, axis=1)[: len(columns)]
        codes = [group.argmax(axis=1) for group in groups]
        return np.array(codes, self.dtype).reshape(len(columns), len(x)).T

    def spooled(self, block: np.ndarray, units: Units) -> list[np.ndarray]:
        """Return the codes as they are."""
        return [np.ascontiguousarray(block, self.dtype)]


class Entries(BlockForm):
    """A CSR array (n, c) of numbers: the nonzero ones of each row."""

    dtype = np.float32

    def of_rows(self, values: Sequence[float], rows: int, columns: int) -> sparse.csr_array:
        """Return the nonzero numbers."""
        return sparse.csr_array(super().of_rows(values, rows, columns))

    def take(self, block: sparse.csr_array, positions: np.ndarray) -> Any:
        """Return the rows at these positions."""
        return block[positions]

    def mixed(self, block: sparse.csr_array, rows: np.ndarray, of: np.ndarray) -> Any:
        """Return m rows; as a rule, all columns use the same choice."""
        choices = np.unique(of)
        if len(choices) == 1:
            return block[rows[:, choices[0]]]
        kept = (sparse.diags_array((of == choice).astype(self.dtype)) for choice in choices)
        parts = [block[rows[:, k]] @ columns for k, columns in zip(choices, kept, strict=True)]
        return sparse.csr_array(sum(parts[1:], parts[0]))

    def flat(self, block: sparse.csr_array, columns: Sequence[Any]) -> list[np.ndarray]:
        """Return all numbers, zeros included."""
        return [block.toarray().astype(np.float64)]

    def of_flat(self, x: np.ndarray, columns: Sequence[Any]) -> sparse.csr_array:
        """Return the nonzero numbers."""
        return sparse.csr_array(x.astype(self.dtype))

    def spooled(self, block: sparse.csr_array, units: Units) -> list[np.ndarray]:
        """Return where rows begin, the column of each entry, and the entries, in units of 1."""
        block = sparse.csr_array(block)
        whole = [array.astype(np.int32) for array in (block.indptr, block.indices)]
        return [*whole, block.data.astype(self.dtype)]

    def read(self, parts: Iterator[np.ndarray], columns: int) -> sparse.csr_array:
        """Return the array that the next three arrays hold."""
        starts, places, values = (next(parts) for _ in range(3))
        return sparse.csr_array((values, places, starts), shape=(len(starts) - 1, columns))


class Grids(BlockForm):
    """Cells (n, c) of equally many bytes: grids, each at the beginning of its cell.

    They have no columns in `flat`: a model that takes them is no graph of such columns.
    """

    def of_rows(self, values: Sequence[float], rows: int, columns: int) -> np.ndarray:
        """Refuse plain numbers, which are no grids."""
        raise NotImplementedError

    def flat_width(self, columns: Sequence[Any]) -> int:
        """Return 0."""
        return 0

    def flat(self, block: np.ndarray, columns: Sequence[Any]) -> list[np.ndarray]:
        """Return nothing."""
        return []

    def of_flat(self, x: np.ndarray, columns: Sequence[Any]) -> np.ndarray:
        """Return grids of zeros."""
        sizes = [math.prod(column.shape) for column in columns]
        return np.zeros((len(x), len(columns)), f"V{max(sizes)}")

    def spooled(self, block: np.ndarray, units: Units) -> list[np.ndarray]:
        """Return the bytes as they are."""
        return [np.ascontiguousarray(block).view(np.uint8).reshape(len(block), -1)]

    def read(self, parts: Iterator[np.ndarray], columns: int) -> np.ndarray:
        """Return the cells of these bytes."""
        flat = np.ascontiguousarray(next(parts))
        return flat.view(f"V{flat.shape[1] // columns}")


def cells_of(several: Sequence[np.ndarray]) -> np.ndarray:
    """Return columns of grids, uint8 (n, h, w, c) each, as one block of cells."""
    flat = [grids.reshape(len(grids), math.prod(grids.shape[1:])) for grids in several]
    block = np.zeros((len(flat[0]), len(flat), max(grids.shape[1] for grids in flat)), np.uint8)
    for place, grids in enumerate(flat):
        block[:, place, : grids.shape[1]] = grids
    return block.view(f"V{block.shape[2]}")[:, :, 0]


def grids_in(block: np.ndarray, place: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Return one column of a block of cells as grids: uint8 (n, h, w, c)."""
    cells = np.ascontiguousarray(block[:, place])
    flat = cells.view(np.uint8).reshape(len(cells), block.dtype.itemsize)
    return flat[:, : math.prod(shape)].reshape(len(cells), *shape)


FORMS = {"dense": BlockForm(), "codes": Codes(), "sparse": Entries(), "grids": Grids()}
