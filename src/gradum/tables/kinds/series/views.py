"""Series as grids one row high, for networks whose filters are learned.

Shapes: n series of c channels and T readings; grids of v c channels, with v `VIEWS` of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gradum.messages import say
from gradum.tables.grids.resize import overlaps
from gradum.tables.kinds.series.readings import typical_sizes

LEAST_PLACES, MOST_PLACES = 16, 128  # in time
MIDDLE, BYTES = 128, 32  # the byte of 0, and bytes in a unit
FINE = 2**10  # whole numbers in a unit
LARGEST = 8 * FINE  # of these whole numbers: more than any byte shows
VIEWS = 3


class SeriesViews(msgspec.Struct, frozen=True):
    """Each channel of a series as three channels of bytes, at the places of one length.

    The first says where readings lie among all: 128 + 32 (x - m) / s, with the mean m of the
    channel in the training series and its deviation s. The second says which shape they have,
    whatever their level and spread: 128 + 32 (x - m') / s', with the mean m' and the deviation s'
    of the series itself. The third says how they change from place to place, 128 + 32 Δ / d, with
    d the root mean square of such changes in the training series. All are cut off at 0 and 255.
    Readings are rounded to whole numbers before they are added up, so that the same series has the
    same bytes on every processor.

    Parameters
    ----------
    length : int
        The places. A longer series has the means of as many equal stretches there, a shorter one
        is straight between its readings.
    centres, scales, change_scales : tuple of float
        m, s and, in units of s, d of each channel.
    """

    length: int
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    change_scales: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        scales = np.array([*self.scales, *self.change_scales])
        possible = np.isfinite([*self.centres, *scales]).all() and (scales > 0).all()
        within = LEAST_PLACES <= self.length <= MOST_PLACES
        channels = {len(self.centres), len(self.scales), len(self.change_scales)}
        if not (possible and within and len(channels) == 1):
            raise ValueError(say("the views of series do not go together"))

    @classmethod
    def fit(cls, series: Sequence[np.ndarray]) -> SeriesViews:
        """Measure training series without gaps (c, T), at least one."""
        usual = int(np.median([each.shape[1] for each in series]))
        centres = np.mean([each.mean(axis=1) for each in series], axis=0)
        scales = typical_sizes([each - centres[:, None] for each in series])
        length, ones = min(max(usual, LEAST_PLACES), MOST_PLACES), (1.0,) * len(scales)
        blank = cls(length, tuple(centres.tolist()), scales, ones)
        changes = typical_sizes([np.diff(blank._among_all(each)) for each in series])
        return msgspec.structs.replace(blank, change_scales=changes)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each grid."""
        return 1, self.length, VIEWS * len(self.centres)

    def pixels(self, series: Sequence[np.ndarray]) -> np.ndarray:
        """Return grids, uint8 (n, 1, length, v c), of series without gaps (c, T)."""
        grids = np.empty((len(series), *self.shape), np.uint8)
        for grid, readings in zip(grids, series, strict=True):
            among = self._among_all(readings)
            changes = np.diff(among, prepend=among[:, :1]) / np.array(self.change_scales)[:, None]
            units = np.concatenate([among, self._by_itself(readings), changes])
            grid[0] = np.clip(np.rint(MIDDLE + BYTES * units), 0, 255).T
        return grids

    def _among_all(self, readings: np.ndarray) -> np.ndarray:
        """Return the readings at the places, in standard units of all series."""
        centre, scale = np.array(self.centres)[:, None], np.array(self.scales)[:, None]
        whole = np.rint(np.clip((readings - centre) / scale * FINE, -LARGEST, LARGEST))
        return self._placed(whole) / FINE

    def _by_itself(self, readings: np.ndarray) -> np.ndarray:
        """Return the readings at the places, in standard units of the series; 0 if constant."""
        low = readings.min(axis=1, keepdims=True)
        range_ = readings.max(axis=1, keepdims=True) - low
        whole = np.rint((readings - low) / np.where(range_ > 0, range_, 1.0) * LARGEST)
        count = whole.shape[1]  # these sums are exact
        mean = whole.sum(axis=1, keepdims=True) / count
        square = np.square(whole).sum(axis=1, keepdims=True) / count - mean**2
        deviation = np.sqrt(np.where(range_ > 0, square, 1.0))
        return (self._placed(whole) - mean) / deviation

    def _placed(self, whole: np.ndarray) -> np.ndarray:
        """Return whole numbers (c, T) at the places (c, length)."""
        length = whole.shape[1]
        if length > self.length:
            return whole @ overlaps(length, self.length).T / length
        at = np.arange(self.length) * (length - 1) / (self.length - 1)
        below = np.minimum(at.astype(np.intp), max(length - 2, 0))
        above = np.minimum(below + 1, length - 1)
        return whole[:, below] + (at - below) * (whole[:, above] - whole[:, below])
