"""Pictures of one size, and what is measured of them: patches and gradients."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.randomness import stream
from gradum.tables.grids.cell import grids_of
from gradum.tables.grids.gradients import gradient_features, gradient_length
from gradum.tables.grids.patches import PatchFilters
from gradum.tables.grids.resize import resized
from gradum.tables.kinds.grid_step import GridStep, shared_channels, with_channels

LEAST_SIDE, MOST_SIDE = 8, 48  # of the square that every picture becomes
SAMPLE = 2_000  # pictures of which filters are made


class Picture(GridStep, frozen=True, tag="picture"):
    """Square pictures.

    Parameters
    ----------
    filters : PatchFilters or None
        What patches of a picture are compared with; None if no training row has one.
    """

    filters: PatchFilters | None = None

    letter = b"p"

    @classmethod
    def fit(cls, series: pl.Series) -> Picture:
        """Choose the size and the filters from training rows."""
        grids = [grid.pixels for grid in grids_of(series, cls.letter) if grid is not None]
        if not grids:
            return cls(series.name, 0, 0, 0, False)
        longer = [max(pixels.shape[:2]) for pixels in grids]
        side = int(np.clip(np.median(longer), LEAST_SIDE, MOST_SIDE))
        sized = cls(series.name, side, side, shared_channels(grids), len(grids) < len(series))
        some = grids[:: -(-len(grids) // SAMPLE)]
        pixels = np.stack([sized.fixed(grid) for grid in some])
        filters = PatchFilters.fit(pixels, stream(0, "picture", "patches"))
        return cls(series.name, side, side, sized.channels, sized.missing, filters)

    def fixed(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture on a square."""
        return resized(with_channels(pixels, self.channels), self.height, self.width)

    @property
    def names(self) -> tuple[str, ...]:
        """Name the likenesses to patches, then the gradients."""
        if self.filters is None:
            return ()
        patches = (f"patch {k}" for k in range(self.filters.length))
        return (*patches, *(f"gradient {k}" for k in range(gradient_length())))

    def measured(self, grids: np.ndarray) -> np.ndarray:
        """Return the likenesses to patches, then the gradients."""
        assert self.filters is not None
        return np.hstack([self.filters.features(grids), gradient_features(grids)])
