"""Histograms of gradients: which way edges run in each part of a picture."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

CELLS = 6  # a side
BINS = 9  # of orientation, over half a turn: an edge and its opposite count as one
BLOCK = 2  # cells a side that are normalised together
CLIP = 0.2  # the largest share of a block's length that one number may have
LENGTH = 1.0  # added to a block's squared length, in grey levels²: flat blocks stay near 0
PIECE = 64  # grids at a time


def gradient_features(grids: np.ndarray, *, cells: int = CELLS, bins: int = BINS) -> np.ndarray:
    """Return the histograms of oriented gradients of grids, `gradient_length` float32 a row.

    Each pixel's gradient is (right − left, below − above), of the channel in which it is longest;
    beyond an edge, the edge's pixel is repeated. It votes with its length for the two nearest
    orientations and the up to four nearest cells, by linear interpolation. Blocks of 2 × 2
    neighbouring cells v become v / √(|v|² + 1), are clipped at 0.2, and normalised again.
    The length that is added is in grey levels of the mean pixel, so that a picture's size
    does not matter.

    Parameters
    ----------
    grids : ndarray of uint8, shape (n, h, w, c)
    cells : int
        Cells a side, at least 2: they need not be whole pixels.
    bins : int
        Orientations, at least 2.

    Returns
    -------
    ndarray of float32, shape (n, (cells − 1)² · 4 · bins)
        Blocks from the top left, row by row; in a block its cells; in a cell its orientations,
        the first of which is centred on half a bin from the horizontal gradient.

    Notes
    -----
    A row's features are the same to the bit, whichever rows are computed with it.

    References
    ----------
    Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
    """
    n, height, width, _ = grids.shape
    spread = _cell_weights(height, width, cells)
    features = np.empty((n, gradient_length(cells=cells, bins=bins)), dtype=np.float32)
    for at in range(0, n, PIECE):
        votes = _votes(grids[at : at + PIECE], bins)
        histograms = (votes @ spread).reshape(-1, bins, cells, cells)
        features[at : at + PIECE] = _normalised_blocks(histograms)
    return features


def gradient_length(*, cells: int = CELLS, bins: int = BINS) -> int:
    """Return the number of features a grid: blocks, times cells a block, times orientations."""
    return (cells - BLOCK + 1) ** 2 * BLOCK**2 * bins


def _votes(grids: np.ndarray, bins: int) -> np.ndarray:
    """Return each pixel's votes for each orientation, shape (n, bins, h · w), float32."""
    padded = np.pad(grids.astype(np.float32), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    squared = right * right + down * down
    if grids.shape[-1] > 1:
        longest = squared.argmax(axis=-1)[..., None]
        right, down, squared = (
            np.take_along_axis(of, longest, axis=-1) for of in (right, down, squared)
        )
    right, down, length = (of.reshape(len(grids), -1) for of in (right, down, np.sqrt(squared)))
    place = np.arctan2(down, right) * np.float32(bins / math.pi) - np.float32(0.5)
    below = np.floor(place)
    upper_vote = length * (place - below)
    votes = np.zeros((len(grids), bins, length.shape[1]), dtype=np.float32)
    lower = below.astype(np.intp)[:, None] % bins
    np.put_along_axis(votes, lower, (length - upper_vote)[:, None], axis=1)
    np.put_along_axis(votes, (lower + 1) % bins, upper_vote[:, None], axis=1)
    return votes


@lru_cache(maxsize=8)
def _cell_weights(height: int, width: int, cells: int) -> np.ndarray:
    """Return the share of each pixel's vote that each cell takes, shape (h · w, cells²).

    Divided by the pixels of a cell, so that a histogram is a mean.
    """
    down, across = (_shares(length, cells) for length in (height, width))
    weights = np.kron(down, across) * (cells * cells / (height * width))
    return weights.astype(np.float32)


def _shares(length: int, cells: int) -> np.ndarray:
    """Return how much each place of a side counts for each cell, by distance, (length, cells)."""
    centre = (np.arange(length) + 0.5) * cells / length - 0.5
    return np.maximum(0.0, 1.0 - np.abs(centre[:, None] - np.arange(cells)))


def _normalised_blocks(histograms: np.ndarray) -> np.ndarray:
    """Normalise, clip and normalise blocks of cells (n, bins, cells, cells), as rows."""
    windows = np.lib.stride_tricks.sliding_window_view(histograms, (BLOCK, BLOCK), axis=(2, 3))
    blocks = windows.transpose(0, 2, 3, 4, 5, 1).reshape(-1, BLOCK**2 * histograms.shape[1])
    squared = (blocks * blocks).sum(axis=1, keepdims=True)
    blocks = np.minimum(blocks / np.sqrt(squared + np.float32(LENGTH)), np.float32(CLIP))
    squared = (blocks * blocks).sum(axis=1, keepdims=True)
    blocks /= np.sqrt(squared + np.finfo(np.float32).tiny)
    return blocks.reshape(len(histograms), -1)
