"""Grids as training shows them: moved, stretched, partly hidden, perhaps mirrored, each time anew.

Shapes: n grids (h, w, c).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Augmentation:
    """Random changes of grids; each is drawn for each grid by itself.

    Grids one row high are changed across alone.

    Parameters
    ----------
    shift : float
        The most that a grid is moved, as a share of each side.
    scale : float
        The most that it is enlarged or reduced, down and across by themselves.
    masked : float
        The most that a stripe hides, as a share of the side that it crosses; there is one down and
        one across.
    fill : int
        What is seen in place of what is hidden.
    mirrored : bool
        Whether left and right of every second grid, by chance, change places.
    """

    shift: float
    scale: float
    masked: float
    fill: int
    mirrored: bool = False

    def __call__(self, grids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return other grids, uint8 (n, h, w, c); places beyond an edge look like the edge."""
        rows, height, width, _ = grids.shape
        moved = grids.astype(np.float32)
        if height > 1:
            moved = _blended(moved, self._sources(height, rows, rng), 1)
        moved = _blended(moved, self._sources(width, rows, rng), 2)
        seen = np.rint(moved).astype(np.uint8)
        if self.mirrored:
            turned = rng.random(rows) < 0.5
            seen[turned] = seen[turned, :, ::-1]
        if self.masked:
            if height > 1:
                seen[self._stripes(height, rows, rng)] = self.fill
            seen.transpose(0, 2, 1, 3)[self._stripes(width, rows, rng)] = self.fill
        return seen

    def _sources(self, side: int, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Return where along a side each place of each grid comes from, (n, side)."""
        shift = self.shift * side * rng.uniform(-1, 1, rows)
        scale = np.exp(np.log1p(self.scale) * rng.uniform(-1, 1, rows))
        middle = (side - 1) / 2
        places = middle + shift[:, None] + scale[:, None] * (np.arange(side) - middle)
        return places.clip(0, side - 1)

    def _stripes(self, side: int, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Return which places along a side are hidden in each grid, bool (n, side)."""
        length = np.floor(rng.uniform(0, self.masked, rows) * side + 0.5)
        start = np.floor(rng.uniform(0, 1, rows) * (side - length + 1))
        place = np.arange(side)
        return (place >= start[:, None]) & (place < (start + length)[:, None])


def _blended(grids: np.ndarray, sources: np.ndarray, axis: int) -> np.ndarray:
    """Return grids whose places along an axis are blends of the two nearest sources (n, side)."""
    below = np.minimum(sources.astype(np.intp), max(sources.shape[1] - 2, 0))
    above = np.minimum(below + 1, sources.shape[1] - 1)
    row = np.arange(len(grids))[:, None]
    share = (sources - below).astype(np.float32)
    if axis == 1:
        low, high, share = grids[row, below], grids[row, above], share[:, :, None, None]
    else:
        turned = grids.transpose(0, 2, 1, 3)
        low, high = (turned[row, at].transpose(0, 2, 1, 3) for at in (below, above))
        share = share[:, None, :, None]
    return low + share * (high - low)
