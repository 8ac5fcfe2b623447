"""Pictures of one size, and what is measured of them: patches and gradients."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.messages import say
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

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        made_for = self.filters and (
            self.filters.height,
            self.filters.width,
            self.filters.channels,
        )
        if made_for != ((self.height, self.width, self.channels) if self.height else None):
            raise ValueError(
                say("the patches of column {source!r} are of another size", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> Picture:
        """Choose the size and the filters from training rows."""
        ordered = series.drop_nulls().sort()  # so that the order of rows does not matter
        grids = [grid.pixels for grid in grids_of(ordered, cls.letter) if grid is not None]
        if not grids:
            return cls(series.name, 0, 0, 0, False)
        longer = [max(pixels.shape[:2]) for pixels in grids]
        side = int(np.clip(np.median(longer), LEAST_SIDE, MOST_SIDE))
        channels = shared_channels(grids)
        some = (with_channels(grid, channels) for grid in grids[:: -(-len(grids) // SAMPLE)])
        pixels = np.stack([resized(grid, side, side) for grid in some])
        filters = PatchFilters.fit(pixels, stream(0, "picture", "patches"))
        missing = len(grids) < len(series)
        return cls(series.name, side, side, channels, missing, filters)

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
