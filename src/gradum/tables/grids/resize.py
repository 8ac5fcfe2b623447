"""Grids of another size, by area averaging."""

from __future__ import annotations

import numpy as np


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a grid (h, w, c) as uint8 (height, width, c)."""
    return np.clip(np.rint(averaged(pixels, height, width)), 0, 255).astype(np.uint8)


def averaged(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the means of a grid (h, w, c) over equal areas: float64 (height, width, c)."""
    rows, columns = (
        _overlaps(size, wanted) for size, wanted in zip(pixels.shape[:2], (height, width), strict=True)
    )
    return np.einsum("ih,hwc,jw->ijc", rows, pixels.astype(np.float64), columns, optimize=True)


def _overlaps(size: int, wanted: int) -> np.ndarray:
    edges = np.linspace(0, size, wanted + 1)
    low, high = edges[:-1, None], edges[1:, None]
    cells = np.arange(size)
    shared = np.clip(np.minimum(high, cells + 1) - np.maximum(low, cells), 0, None)
    return shared / shared.sum(axis=1, keepdims=True)
