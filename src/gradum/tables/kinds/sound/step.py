"""Spectrograms of one length, and what is measured of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.randomness import stream
from gradum.tables.grids.fixed_features import SoundFeatures
from gradum.tables.grids.log_mel import BANDS
from gradum.tables.grids.resize import fitted_frames, resized
from gradum.tables.kinds.grid_step import GridStep

LEAST_FRAMES, MOST_FRAMES = 16, 128
COVERED = 0.95  # of the training sounds fit into the length


class Sound(GridStep, frozen=True, tag="sound"):
    """Spectrograms of one length, in which shorter sounds stand in the middle."""

    shrunk: int = 1
    """How many frames become one, their mean, so that long sounds fit."""
    features: SoundFeatures | None = None
    """What is measured of a sound; None if no training row has one."""

    letter = b"s"

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        measured = (self.features is not None) == (self.height > 0)
        shape = (self.height, self.channels) in ((BANDS, 1), (0, 0))
        if not (measured and shape and self.shrunk >= 1):
            raise ValueError(
                say("the grids of column {source!r} have no possible size", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> Sound:
        """Choose the length and the patches from training rows."""
        grids = cls.sample(series)
        if not grids:
            return cls(series.name, 0, 0, 0, False)
        length = float(np.quantile([grid.shape[1] for grid in grids], COVERED))
        shrunk = max(1, int(np.ceil(length / MOST_FRAMES)))
        frames = int(np.clip(np.ceil(length / shrunk), LEAST_FRAMES, MOST_FRAMES))
        equal = np.stack([_of_length(grid, frames, shrunk) for grid in grids])
        features = SoundFeatures.fit(equal, stream(0, "sound"))
        missing = series.null_count() > 0
        return cls(series.name, BANDS, frames, 1, missing, shrunk, features)

    def fixed(self, pixels: np.ndarray) -> np.ndarray:
        """Return a spectrogram of the step's length; silence if it has another number of bands."""
        if pixels.shape[::2] != (BANDS, 1):
            return np.zeros((BANDS, self.width, 1), np.uint8)
        return _of_length(pixels, self.width, self.shrunk)


def _of_length(pixels: np.ndarray, frames: int, shrunk: int) -> np.ndarray:
    if shrunk > 1:
        pixels = resized(pixels, BANDS, -(-pixels.shape[1] // shrunk))
    return fitted_frames(pixels, frames)
