"""Cepstra of sounds: the outline of a spectrogram, its spread and its change, by part of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from gradum.tables.grids.resize import overlaps, sounding

COEFFICIENTS = 13
PARTS = 5  # of a sound's time
REACH = 2  # frames on either side, by which change is told
STATISTICS = ("level", "spread", "change", "unrest")  # unrest: the spread of change


def cepstral_features(grids: Sequence[np.ndarray]) -> np.ndarray:
    """Return the cepstral features of spectrograms, `cepstral_names`, float32 (n, 260).

    The cepstrum of a frame is the orthonormal cosine transform (DCT-II) of its bands, of which
    the first 13 coefficients tell the outline: the mean level, its slope, and so on. Its change is
    the slope of a line through five frames, Σ k (c[t + k] − c[t − k]) / (2 Σ k²) with k = 1, 2;
    beyond an end, the last frame is repeated. The sound without its silent ends (`sounding`) is cut
    into 5 equal parts of time; in each part, features are the mean and the standard deviation of
    cepstrum and change. A frame that two parts share counts in each by its share.

    Parameters
    ----------
    grids : sequence of ndarray of uint8, shape (bands, frames, 1)

    Notes
    -----
    A row's features are the same to the bit, whichever rows are computed with it.

    References
    ----------
    Davis and Mermelstein 1980 (cepstra of mel bands); Furui 1986 (change).
    """
    features = np.empty((len(grids), len(STATISTICS), COEFFICIENTS, PARTS), dtype=np.float32)
    for grid, row in zip(grids, features, strict=True):
        bands = sounding(grid)[..., 0].astype(np.float64)
        cepstrum = _cosines(len(bands)) @ bands
        share = overlaps(bands.shape[1], PARTS).T / bands.shape[1]
        for at, of in enumerate((cepstrum, _change(cepstrum))):
            mean = of @ share
            row[2 * at] = mean
            row[2 * at + 1] = np.sqrt(np.maximum(np.square(of) @ share - np.square(mean), 0.0))
    return features.reshape(len(grids), len(cepstral_names()))


def cepstral_names() -> tuple[str, ...]:
    """Return the names of `cepstral_features`."""
    return tuple(
        f"{statistic}-{coefficient} ({part})"
        for statistic in STATISTICS
        for coefficient in range(COEFFICIENTS)
        for part in range(PARTS)
    )


@lru_cache(maxsize=2)
def _cosines(bands: int) -> np.ndarray:
    """Return the first rows of the orthonormal cosine transform, (13, bands)."""
    place = math.pi * (np.arange(bands) + 0.5) / bands
    rows = np.sqrt(2 / bands) * np.cos(np.arange(COEFFICIENTS)[:, None] * place)
    rows[0] /= math.sqrt(2)
    return rows


def _change(cepstrum: np.ndarray) -> np.ndarray:
    """Return the slope in time of each row of (coefficients, frames)."""
    frames = cepstrum.shape[1]
    padded = np.pad(cepstrum, ((0, 0), (REACH, REACH)), mode="edge")
    steps = range(1, REACH + 1)
    sums = sum(
        step * (padded[:, REACH + step :][:, :frames] - padded[:, REACH - step :][:, :frames])
        for step in steps
    )
    return np.asarray(sums) / (2 * sum(step * step for step in steps))
