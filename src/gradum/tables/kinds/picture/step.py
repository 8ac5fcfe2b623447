"""Pictures of one size, and what is measured of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.tables.grids.cell import grids_of
from gradum.tables.grids.resize import resized
from gradum.tables.kinds.grid_step import GridStep, shared_channels, with_channels

LEAST_SIDE, MOST_SIDE = 8, 48  # of the square that every picture becomes


class Picture(GridStep, frozen=True, tag="picture"):
    """Square pictures."""

    letter = b"p"

    @classmethod
    def fit(cls, series: pl.Series) -> Picture:
        """Choose the size from training rows."""
        grids = [grid.pixels for grid in grids_of(series, cls.letter) if grid is not None]
        if not grids:
            return cls(series.name, 0, 0, 0, False)
        longer = [max(pixels.shape[:2]) for pixels in grids]
        side = int(np.clip(np.median(longer), LEAST_SIDE, MOST_SIDE))
        return cls(series.name, side, side, shared_channels(grids), len(grids) < len(series))

    def fixed(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture on a square."""
        return resized(with_channels(pixels, self.channels), self.height, self.width)

    @property
    def names(self) -> tuple[str, ...]:
        """Name the numbers."""
        return tuple(f"{k}" for k in range(49))

    def measured(self, grids: np.ndarray) -> np.ndarray:
        """Return what is measured."""
        n, h, w, _ = grids.shape
        rows, columns = (np.linspace(0, side, 8).astype(int)[:-1] for side in (h, w))
        sums = np.add.reduceat(np.add.reduceat(grids.mean(axis=3), rows, 1), columns, 2)
        return sums.reshape(n, -1).astype(np.float32)
