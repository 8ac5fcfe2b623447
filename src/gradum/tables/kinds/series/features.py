"""What is measured of series: shares of time by random kernels, of readings and of their changes.

Shapes: n series of c channels, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from gradum.messages import say
from gradum.tables.grids.whitening import Whitening
from gradum.tables.kinds.series.kernels import Kernels

SHRINKAGE = 100.0  # added to the variances of components; all p numbers together have p
MOST_COMPONENTS = 500
SHORTEST = 2  # readings, so that there is a change
LARGEST = 1e6  # of a reading, in standard units


class SeriesFeatures(msgspec.Struct, frozen=True):
    """Combinations of the features of `Kernels`, of readings and of changes between them.

    A series less its mean, each channel divided by its typical deviation s, is what the kernels
    see; and so are its changes from one reading to the next, divided by theirs. The level of a
    series makes no difference, and so is measured beside.

    Parameters
    ----------
    scales, change_scales : tuple of float
        s of each channel, and of its changes.
    readings, changes : Kernels
    whitening : Whitening
        Of both together.

    References
    ----------
    Tan, Dempster, Bergmeir and Webb, "MultiRocket: multiple pooling operators and transformations
    for fast and effective time series classification", 2022 (changes beside readings).
    """

    scales: tuple[float, ...]
    change_scales: tuple[float, ...]
    readings: Kernels
    changes: Kernels
    whitening: Whitening

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        channels = {len(self.scales), len(self.change_scales)}
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
        scales, change_scales = (
            _scales([part(each) for each in series]) for part in (_level, _change)
        )
        seen, moved = _scaled(series, _level, scales), _scaled(series, _change, change_scales)
        readings, changes = Kernels.fit(seen, generator), Kernels.fit(moved, generator)
        shares = np.hstack([readings.shares(seen), changes.shares(moved)])
        whitening = Whitening.fit(shares, generator, SHRINKAGE, MOST_COMPONENTS)
        features = cls(scales, change_scales, readings, changes, whitening)
        return features, whitening.applied(shares)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, F."""
        return tuple(f"component {at}" for at in range(self.whitening.count))

    def measured(self, series: Sequence[np.ndarray]) -> np.ndarray:
        """Return the features, float32 (n, F); a row's do not hang on other rows."""
        seen = self.readings.shares(_scaled(series, _level, self.scales))
        moved = self.changes.shares(_scaled(series, _change, self.change_scales))
        return self.whitening.applied(np.hstack([seen, moved]))


def _level(readings: np.ndarray) -> np.ndarray:
    return readings - readings.mean(axis=1, keepdims=True)


def _change(readings: np.ndarray) -> np.ndarray:
    if readings.shape[1] < SHORTEST:
        return np.zeros_like(readings)
    return np.diff(readings, axis=1)


def _scales(series: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Return the typical deviation of each channel; 1 where nothing varies."""
    squares = np.mean([np.square(each).mean(axis=1) for each in series], axis=0)
    return tuple(np.where(squares > 0, np.sqrt(squares), 1.0).tolist())


def _scaled(
    series: Sequence[np.ndarray],
    part: Callable[[np.ndarray], np.ndarray],
    scales: tuple[float, ...],
) -> list[np.ndarray]:
    each_scale = np.array(scales)[:, None]
    units = (part(each) / each_scale for each in series)
    return [np.clip(each, -LARGEST, LARGEST).astype(np.float32) for each in units]
