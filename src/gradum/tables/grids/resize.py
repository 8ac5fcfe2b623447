"""Grids of another size: pictures by area averaging, sounds without their silent ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

AUDIBLE = 143  # below the loudest byte, 45 decibels


def averaged(grids: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the means of grids over height × width equal areas.

    A number that two areas share counts in each by its share. The sums are whole numbers, and
    therefore exact.

    Parameters
    ----------
    grids : ndarray of uint8, shape (..., h, w, c)
    height, width : int
        At least 1.

    Returns
    -------
    ndarray of float64, shape (..., height, width, c)
    """
    *_, tall, wide, channels = grids.shape
    rows = grids.reshape(*grids.shape[:-2], wide * channels).astype(np.float64)
    down = overlaps(tall, height) @ rows
    columns = down.reshape(*grids.shape[:-3], height, wide, channels)
    return overlaps(wide, width) @ columns / (tall * wide)


def resized(grids: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return `averaged`, rounded to uint8; halves become even."""
    return np.rint(averaged(grids, height, width)).astype(np.uint8)


def fitted_frames(grid: np.ndarray, frames: int) -> np.ndarray:
    """Return what sounds in a spectrogram at another length, uint8 (bands, frames, c).

    Of what is longer, the stretch with the greatest sum stays, the first among equals. What is
    shorter stands in silence (0), the centre of its loudness as near to the middle as it fits.

    Parameters
    ----------
    grid : ndarray of uint8, shape (bands, length, c)
    frames : int
        At least 1.
    """
    grid = sounding(grid)
    bands, length, channels = grid.shape
    loudness = grid.sum(axis=(0, 2), dtype=np.int64)
    if length > frames:
        sums = np.cumsum(np.append(0, loudness))
        begin = int((sums[frames:] - sums[:-frames]).argmax())
        return grid[:, begin : begin + frames]
    total = max(int(loudness.sum()), 1)
    twice_centre = int(loudness @ (2 * np.arange(length) + 1))  # times the total
    begin = ((frames + 1) * total - twice_centre) // (2 * total)  # rounded
    begin = min(max(begin, 0), frames - length)
    fitted = np.zeros((bands, frames, channels), dtype=np.uint8)
    fitted[:, begin : begin + length] = grid
    return fitted


def sounding(grid: np.ndarray) -> np.ndarray:
    """Return a spectrogram (bands, frames, c) without its silent ends.

    It begins and ends with a frame that has a band at most 45 decibels below the loudest. Of a
    silent one, and of one without frames, one silent frame is left.
    """
    if not grid.any():
        return np.zeros((grid.shape[0], 1, grid.shape[2]), dtype=np.uint8)
    peaks = grid.max(axis=(0, 2))
    loud = np.flatnonzero(peaks >= max(1, int(peaks.max()) - AUDIBLE))
    return grid[:, loud[0] : loud[-1] + 1]


def levelled(grid: np.ndarray) -> np.ndarray:
    """Return a spectrogram whose bands differ half as much in their means over time.

    With m of each band and their mean M, it is x − (m − M) / 2, rounded, from 0 to 255. What a
    microphone, a room and a voice do to a band is in m, whatever is said; so is, in a short
    recording, a part of what is said, and without all of m, words of new speakers are told apart
    less well than with all of it.

    Parameters
    ----------
    grid : ndarray of uint8, shape (bands, frames, c)

    References
    ----------
    Atal, "Effectiveness of linear prediction characteristics of the speech wave", 1974 (the
    mean of cepstra is taken off, all of it).
    """
    means = grid.mean(axis=(1, 2), keepdims=True)
    return np.rint(np.clip(grid - (means - means.mean()) / 2, 0, 255)).astype(np.uint8)


def stretched(grids: Sequence[np.ndarray], bands: int, frames: int) -> np.ndarray:
    """Return what sounds in spectrograms, at one length: uint8 (n, bands, frames, 1)."""
    return np.stack(
        [resized(sounding(grid), bands, frames) for grid in grids]
        or [np.empty((bands, frames, 1), dtype=np.uint8)]
    )[: len(grids)]


def overlaps(size: int, wanted: int) -> np.ndarray:
    """Return how much each number of a side counts in each mean, (wanted, size); rows sum to size.

    In units of 1 / wanted of a number: number i reaches from i · wanted to (i + 1) · wanted, and
    mean j from j · size to (j + 1) · size.
    """
    number, mean = np.arange(size), np.arange(wanted)[:, None]
    end = np.minimum((number + 1) * wanted, (mean + 1) * size)
    begin = np.maximum(number * wanted, mean * size)
    return np.maximum(end - begin, 0).astype(np.float64)
