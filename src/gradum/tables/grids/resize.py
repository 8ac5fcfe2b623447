"""Grids of another size: pictures by area averaging, sounds by cropping and padding."""

from __future__ import annotations

import numpy as np


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
    """Return a spectrogram of another length, uint8 (bands, frames, c).

    Of a longer one the stretch with the greatest sum, the first among equals; a shorter one stands
    in the middle of silence (0).

    Parameters
    ----------
    grid : ndarray of uint8, shape (bands, length, c)
    frames : int
        At least 1.
    """
    bands, length, channels = grid.shape
    if length > frames:
        sums = np.cumsum(np.concatenate([[0], grid.sum(axis=(0, 2), dtype=np.int64)]))
        begin = int((sums[frames:] - sums[:-frames]).argmax())
        return grid[:, begin : begin + frames]
    fitted = np.zeros((bands, frames, channels), dtype=np.uint8)
    begin = (frames - length) // 2
    fitted[:, begin : begin + length] = grid
    return fitted


def overlaps(size: int, wanted: int) -> np.ndarray:
    """Return how much each number of a side counts in each mean, (wanted, size); rows sum to size.

    In units of 1 / wanted of a number: number i reaches from i · wanted to (i + 1) · wanted, and
    mean j from j · size to (j + 1) · size.
    """
    number, mean = np.arange(size), np.arange(wanted)[:, None]
    end = np.minimum((number + 1) * wanted, (mean + 1) * size)
    begin = np.maximum(number * wanted, mean * size)
    return np.maximum(end - begin, 0).astype(np.float64)
