"""The features of series: how often shapes occur in the readings, and in the changes between them.

Shapes: n series of c channels, F features.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gradum.messages import say
from gradum.tables.grids.whitening import Whitening
from gradum.tables.kinds.series.kernels import Kernels
from gradum.tables.kinds.series.readings import typical_sizes

SHRINKAGE = 100.0  # added to the variances of components; all p numbers together have p
MOST_COMPONENTS = 500
SHORTEST = 2  # readings, so that there is a change
LARGEST = 1e6  # of a reading, in standard units


class SeriesFeatures(msgspec.Struct, frozen=True):
    """Combinations of the features of `Kernels`, of readings and of changes between them.

    What the kernels see is (x - m) / s, with the mean m of each channel in the training series and
    its typical deviation s within a series; and likewise changes from one reading to the next,
    divided by theirs.

    Parameters
    ----------
    centres, scales, change_scales : tuple of float
        m and s of each channel, and s of its changes.
    readings, changes : Kernels
    whitening : Whitening
        Of both together.

    References
    ----------
    Tan, Dempster, Bergmeir and Webb, "MultiRocket: multiple pooling operators and transformations
    for fast and effective time series classification", 2022 (changes beside readings).
    """

    centres: tuple[float, ...]
    scales: tuple[float, ...]
    change_scales: tuple[float, ...]
    readings: Kernels
    changes: Kernels
    whitening: Whitening

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        channels = {len(self.centres), len(self.scales), len(self.change_scales)}
        channels |= {self.readings.channels, self.changes.channels}
        numbers = self.readings.count + self.changes.count
        scales = np.array([*self.scales, *self.change_scales])
        if len(channels) > 1 or numbers != self.whitening.numbers or not (scales > 0).all():
            raise ValueError(say("the kernels of series do not go together"))

    @classmethod
    def fit(
        cls, series: Sequence[np.ndarray], generator: np.random.Generator
    ) -> tuple[SeriesFeatures, np.ndarray]:
        """Draw the kernels by training series without gaps (c, T), at least one.

        Returns
        -------
        SeriesFeatures, ndarray (n, F)
            And what `measured` returns of the series, which takes longest.
        """
        centres = np.mean([each.mean(axis=1) for each in series], axis=0)
        scales = typical_sizes([each - each.mean(axis=1, keepdims=True) for each in series])
        change_scales = typical_sizes([_changes(each) for each in series])
        seen = _scaled(series, centres, scales)
        moved = _scaled([_changes(each) for each in series], np.zeros(len(scales)), change_scales)
        readings, changes = Kernels.fit(seen, generator), Kernels.fit(moved, generator)
        shares = np.hstack([readings.shares(seen), changes.shares(moved)])
        whitening = Whitening.fit(shares, generator, SHRINKAGE, MOST_COMPONENTS)
        features = cls(tuple(centres.tolist()), scales, change_scales, readings, changes, whitening)
        return features, whitening.applied(shares)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, F."""
        return tuple(f"component {at}" for at in range(self.whitening.count))

    def measured(self, series: Sequence[np.ndarray]) -> np.ndarray:
        """Return the features, float32 (n, F); a row's do not hang on other rows."""
        seen = _scaled(series, self.centres, self.scales)
        nothing = np.zeros(len(self.scales))
        moved = _scaled([_changes(each) for each in series], nothing, self.change_scales)
        shares = np.hstack([self.readings.shares(seen), self.changes.shares(moved)])
        return self.whitening.applied(shares)


def _changes(readings: np.ndarray) -> np.ndarray:
    if readings.shape[1] < SHORTEST:
        return np.zeros_like(readings)
    return np.diff(readings, axis=1)


def _scaled(
    series: Sequence[np.ndarray], centres: Sequence[float] | np.ndarray, scales: Sequence[float]
) -> list[np.ndarray]:
    centre, scale = np.array(centres)[:, None], np.array(scales)[:, None]
    units = ((each - centre) / scale for each in series)
    return [np.clip(each, -LARGEST, LARGEST).astype(np.float32) for each in units]
