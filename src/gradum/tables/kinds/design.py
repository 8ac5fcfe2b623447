"""A Design: what a table becomes when it is encoded, and where each of its columns came from.

Shapes: n rows, d dense columns, c coded columns, v text columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from gradum.messages import say
from gradum.tables.kinds.blocks import FORMS, Units, grids_in

FLOAT32_MAX = 3.4028234663852886e38
"""The largest float32: dense values are clipped to it, so that no model's cast overflows."""


@dataclass(frozen=True)
class FeatureTraits:
    """Traits of the features of a kind; the defaults hold for any kind."""

    largest: float = FLOAT32_MAX  # largest absolute value, whatever a table holds
    is_quantity: bool = False  # whether it is the column's number itself, in its unit
    is_truth: bool = False  # whether it is 0 or 1
    marks_missing: bool = False  # whether it marks that the column has no value
    is_cyclic: bool = False  # whether it is a place on a circle
    is_of_grid: bool = False  # whether it is one of many numbers that are measured of a grid
    is_of_shape: bool = False  # whether it tells what filters see by themselves


FEATURES = {
    "value": FeatureTraits(is_quantity=True),
    "boolean": FeatureTraits(1.0, is_truth=True),
    "missing": FeatureTraits(1.0, is_truth=True, marks_missing=True),
    "days": FeatureTraits(2.0**63 / 86_400_000_000),  # the range of 64 bits of microseconds
    "minutes": FeatureTraits(1440.0),
    "cycle": FeatureTraits(1.0, is_cyclic=True),
    "length": FeatureTraits(45.0),  # above the logarithm of the number of words in any memory
    "words": FeatureTraits(1.0),
    "characters": FeatureTraits(1.0),
    "grid": FeatureTraits(2.0**20, is_of_grid=True, is_of_shape=True),
    "reading": FeatureTraits(is_of_grid=True),
}


@dataclass(frozen=True)
class Feature:
    """One dense or sparse column, and the table's column that it was made from."""

    name: str
    """What the user reads: ``bill_length_mm``, ``bill_length_mm missing``, ``date year sin``."""
    source: str
    """The table's column."""
    kind: str
    """Its unit: ``value`` in the column's own unit; ``boolean`` and ``missing``, 0 or 1; ``days``
    since 1970-01-01; ``minutes`` since midnight; ``cycle``, a sine or cosine; ``length``, log(1 +
    words); ``words`` and ``characters``, a tf-idf weight of such an n-gram; ``grid``, measured of a
    grid; ``reading``, of a series, in its own unit."""

    levels: ClassVar[tuple[str, ...]] = ()

    @property
    def flat_names(self) -> tuple[str, ...]:
        """The names of its columns in `Design.flat`."""
        return (self.name,)

    @property
    def traits(self) -> FeatureTraits:
        """The traits of features of its kind."""
        return FEATURES.get(self.kind, FeatureTraits())


@dataclass(frozen=True)
class CodedColumn:
    """One integer-coded column: code k stands for ``levels[k - 1]``, code 0 for any other value."""

    source: str
    levels: tuple[str, ...]

    traits: ClassVar = FeatureTraits()

    @property
    def flat_names(self) -> tuple[str, ...]:
        """The names of its columns in `Design.flat`: no known level, and each level."""
        return tuple(f"{self.source}={level}" for level in (say("(unknown)"), *self.levels))


@dataclass(frozen=True)
class GridColumn:
    """One column of grids of bytes (h, w, c), such as pictures."""

    source: str
    height: int
    width: int
    channels: int

    levels: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar = FeatureTraits(255.0)

    flat_names: ClassVar[tuple[str, ...]] = ()  # `Design.flat` leaves grids out

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.width, self.channels


BlockColumn = Feature | CodedColumn | GridColumn


@dataclass(frozen=True)
class Layout:
    """What each column of a Design's blocks means, block by block, in order."""

    dense: tuple[Feature, ...] = ()
    codes: tuple[CodedColumn, ...] = ()
    sparse: tuple[Feature, ...] = ()
    grids: tuple[GridColumn, ...] = ()

    @cached_property
    def blocks(self) -> dict[str, tuple[BlockColumn, ...]]:
        """The columns of each block that a design has."""
        text = {"sparse": self.sparse} if self.sparse else {}
        grids = {"grids": self.grids} if self.grids else {}
        return {"dense": self.dense, "codes": self.codes, **text, **grids}

    @property
    def full(self) -> tuple[BlockColumn, ...]:
        """The columns in which every row holds a number or a code."""
        return (*self.dense, *self.codes)

    @cached_property
    def columns(self) -> tuple[BlockColumn, ...]:
        """All columns."""
        return tuple(column for columns in self.blocks.values() for column in columns)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The table's columns that reach the model, each once."""
        return tuple(dict.fromkeys(column.source for column in self.columns))

    @cached_property
    def views(self) -> tuple[np.ndarray, ...]:
        """The places of each kind of text columns, words and characters."""
        kinds = np.array([column.kind for column in self.sparse])
        return tuple(np.flatnonzero(kinds == kind) for kind in dict.fromkeys(kinds.tolist()))

    @property
    def level_counts(self) -> tuple[int, ...]:
        """Number of levels L of each coded column; its codes lie in 0..L."""
        return tuple(len(column.levels) for column in self.codes)


@dataclass(frozen=True, eq=False)
class Design:
    """A table as named blocks of numbers, in raw units; treat the arrays as read-only."""

    arrays: Mapping[str, Any]
    """The blocks by name:

    - ``dense`` (n, d), float64: imputed values, missing indicators, booleans, parts of dates.
      Column-major as the encoder makes it: columns are contiguous;
    - ``codes`` (n, c), int32: code 0 is a level that was unseen, or too rare, among the
      training rows. Column-major too;
    - ``sparse`` (n, v), a float32 CSR array: text n-grams. Absent where no text column reaches
      the model;
    - ``grids`` (n, g), a cell of bytes each, as many bytes as the largest grid has. Absent
      where no column of grids reaches the model.
    """
    layout: Layout
    """The meaning of every column."""

    @classmethod
    def of_flat(cls, x: np.ndarray, layout: Layout) -> Design:
        """Return the design that columns (n, D) as those of `flat` stand for."""
        arrays, start = {}, 0
        for name, columns in layout.blocks.items():
            end = start + FORMS[name].flat_width(columns)
            arrays[name] = FORMS[name].of_flat(x[:, start:end], columns)
            start = end
        return cls(arrays, layout)

    def __len__(self) -> int:
        return len(self.arrays["dense"])

    @property
    def dense(self) -> np.ndarray:
        """The dense block (n, d)."""
        return self.arrays["dense"]

    @property
    def codes(self) -> np.ndarray:
        """The coded block (n, c)."""
        return self.arrays["codes"]

    @property
    def sparse(self) -> sparse.csr_array | None:
        """The text block (n, v), if any."""
        return self.arrays.get("sparse")

    def encoded(self) -> Design:
        """Return the design itself; `gradum.tables.encode.Unencoded` has still to be encoded."""
        return self

    def dense_columns(self) -> Iterator[np.ndarray]:
        """Go through the dense columns (n,)."""
        return iter(self.dense.T)

    def coded_columns(self) -> Iterator[tuple[CodedColumn, np.ndarray]]:
        """Go through the coded columns, and the codes (n,) of each."""
        return zip(self.layout.codes, self.codes.T, strict=True)

    def grid_columns(self) -> Iterator[tuple[GridColumn, np.ndarray]]:
        """Go through the columns of grids, and the bytes (n, h, w, c) of each."""
        for place, column in enumerate(self.layout.grids):
            yield column, grids_in(self.arrays["grids"], place, column.shape)

    def full(self) -> np.ndarray:
        """Return numbers and codes side by side (n, d + c)."""
        return np.hstack([self.dense, self.codes])

    def flat(self) -> np.ndarray:
        """Return all blocks but grids side by side (n, D): 1 + L columns per code, one is 1."""
        blocks = self.layout.blocks.items()
        parts = (FORMS[name].flat(self.arrays[name], columns) for name, columns in blocks)
        return np.concatenate([part for several in parts for part in several], axis=1)

    def standard_units(self) -> Units:
        """Return mean and deviation of the dense columns, 1 for a column that does not vary."""
        deviation = self.dense.std(axis=0)
        return Units(self.dense.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def take(self, rows: np.ndarray) -> Design:
        """Choose rows by a boolean mask (n,) or by integer positions, in that order."""
        positions = row_positions(rows)
        arrays = {name: FORMS[name].take(block, positions) for name, block in self.arrays.items()}
        return Design(arrays, self.layout)

    def mixed(self, rows: np.ndarray, of: Mapping[str, np.ndarray]) -> Design:
        """Return m rows in which each column takes its values from its own choice of rows.

        There are s choices of m rows, (m, s); column k of a block takes choice ``of[block][k]``.
        """
        blocks = self.arrays.items()
        arrays = {name: FORMS[name].mixed(block, rows, of[name]) for name, block in blocks}
        return Design(arrays, self.layout)

    def blocks(self, rows: int) -> Iterator[Design]:
        """Cut the design into stretches of the given number of rows; the last may have fewer."""
        if len(self) <= rows:
            yield self
            return
        for at in range(0, len(self), rows):
            yield self.stretch(slice(at, at + rows))

    def stretch(self, rows: slice) -> Design:
        """Return consecutive rows without copying numbers and codes."""
        return Design({name: block[rows] for name, block in self.arrays.items()}, self.layout)


def row_positions(rows: np.ndarray) -> np.ndarray:
    """Turn a boolean mask into the integer positions it selects; leave positions as they are."""
    rows = np.asarray(rows)
    if rows.dtype == bool:
        return np.flatnonzero(rows)
    return rows.astype(np.intp)
