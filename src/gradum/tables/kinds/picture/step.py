"""Pictures of one size, and what is measured of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.randomness import stream
from gradum.tables.grids.fixed_features import PictureFeatures
from gradum.tables.grids.resize import resized
from gradum.tables.kinds.grid_step import GridStep, shared_channels, with_channels

LEAST_SIDE, MOST_SIDE = 8, 48  # of the square that every picture becomes


class PictureStep(GridStep, frozen=True, tag="picture"):
    """Square pictures."""

    features: PictureFeatures | None = None
    """What is measured of a picture; None if no training row has one."""

    letter = b"p"

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        made_for = None
        if self.features is not None:
            patches = self.features.patches
            made_for = patches.height, patches.width, patches.channels
        if made_for != ((self.height, self.width, self.channels) if self.height else None):
            raise ValueError(
                say("the patches of column {source!r} are of another size", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> PictureStep:
        """Choose the size and the patches from training rows."""
        grids = cls.sample(series)
        if not grids:
            return cls(series.name, 0, 0, 0, False)
        longer = [max(pixels.shape[:2]) for pixels in grids]
        side = int(np.clip(np.median(longer), LEAST_SIDE, MOST_SIDE))
        channels = shared_channels(grids)
        squares = np.stack([resized(with_channels(grid, channels), side, side) for grid in grids])
        features = PictureFeatures.fit(squares, stream(0, "picture"))
        return cls(series.name, side, side, channels, series.null_count() > 0, features)

    def fixed(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture on a square."""
        if pixels.shape == (self.height, self.width, self.channels):
            return pixels
        return resized(with_channels(pixels, self.channels), self.height, self.width)
