"""The base of encoder steps of grids: all of one size, with numbers that are measured of each.

Shapes: n rows, each a grid of height h, width w and c channels; d numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Protocol

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.tables.grids.cell import Grid, grids_of, packed, unpacked
from gradum.tables.kinds.design import Feature, GridColumn
from gradum.tables.kinds.step import Measure, MissingMeasure, Step, missing_feature

SAMPLE = 2_000  # grids by which a step is chosen
MOST_BYTES = 2**17  # of a grid


class FixedFeatures(Protocol):
    """Numbers d that are measured of grids."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, d."""
        ...

    def measured(self, grids: np.ndarray) -> np.ndarray:
        """Return them, float32 (n, d), of grids (n, h, w, c)."""
        ...


class GridStep(Step, frozen=True):
    """A column of grids."""

    height: int
    width: int
    channels: int
    """The size of every grid, h, w and c; 0 if no training row has a value."""
    missing: bool
    """Whether training rows have missing values: if so, an indicator column is added."""

    letter: ClassVar[bytes]
    features: ClassVar[FixedFeatures | None] = None
    """What is measured of a grid; None if no training row has one."""
    is_measured = True

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        size = self.height * self.width * self.channels
        if (
            min(self.height, self.width, self.channels) < 0
            or size > MOST_BYTES
            or (not size and (self.height or self.width or self.channels))
        ):
            raise ValueError(
                say("the grids of column {source!r} have no possible size", source=self.source)
            )

    def fixed(self, pixels: np.ndarray) -> np.ndarray:
        """Return a grid of any size as one of the step's size: uint8 (h, w, c)."""
        raise NotImplementedError

    @classmethod
    def sample(cls, series: pl.Series) -> list[np.ndarray]:
        """Return up to `SAMPLE` grids of a column, whatever the order of its rows."""
        ordered = series.drop_nulls().sort()
        grids = grids_of(ordered.gather_every(-(-len(ordered) // SAMPLE) or 1), cls.letter)
        return [grid.pixels for grid in grids if grid is not None]

    def pixels(self, series: pl.Series) -> np.ndarray:
        """Return the grids of a column: uint8 (n, h, w, c); 0 where the value is missing."""
        shape = self.height, self.width, self.channels
        grids = np.zeros((len(series), *shape), np.uint8)
        for row, cell in enumerate(series):
            if cell is None:
                continue
            if (grid := unpacked(cell, self.letter)) is not None:
                grids[row] = self.fixed(grid.pixels)
            elif (grid := unpacked(cell, self.letter.upper())) is not None:
                grids[row] = grid.pixels
        return grids

    @property
    def is_divisible(self) -> bool:
        """Whether training rows had a grid."""
        return self.height > 0

    def divided(self, own: pl.Series, others: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return one grid and others, uint8."""
        return self.pixels(own)[0], self.pixels(others)

    def cells(self, grids: np.ndarray) -> pl.Series:
        """Return a typed column that has these grids, uint8 (n, h, w, c)."""
        letter = self.letter.upper()  # of grids that need not be brought to the size
        return pl.Series(self.source, [packed(letter, Grid(grid)) for grid in grids], pl.Binary)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the numbers, then the indicator."""
        if not self.height:
            return ()
        source, names = self.source, self.features.names if self.features is not None else ()
        numbers = tuple(Feature(f"{source} {name}", source, "grid") for name in names)
        return (*numbers, missing_feature(self.source)) if self.missing else numbers

    def dense_block(self, series: pl.Series) -> np.ndarray:
        """Compute these columns (n, d)."""
        if self.features is None or not len(series):
            return np.zeros((len(series), len(self.dense_features())), np.float32)
        numbers = self.features.measured(self.pixels(series))
        gaps = series.is_null().to_numpy()
        numbers[gaps] = 0.0
        return np.column_stack([numbers, gaps]) if self.missing else numbers

    def grid_column(self) -> GridColumn | None:
        """Describe the grids."""
        if not self.height:
            return None
        return GridColumn(self.source, self.height, self.width, self.channels)

    def measure(self, most: int) -> Measure:
        """Count the missing values of all rows, to tell whether there are any."""
        return MissingMeasure(self)


def shared_channels(grids: Iterable[np.ndarray]) -> int:
    """Return how many channels suffice for all grids: 1 if none has more."""
    return max((pixels.shape[2] for pixels in grids), default=1)


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Return a grid with 1 or 3 channels, grey as three alike, and three as their mean."""
    if pixels.shape[2] == channels:
        return pixels
    if channels == 1:
        return np.rint(pixels.mean(axis=2, keepdims=True)).astype(np.uint8)
    return np.repeat(pixels[:, :, :1], channels, axis=2)
