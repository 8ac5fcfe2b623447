"""Boxes: an interval for each number of the inputs or of a node.

Shapes: B boxes, n numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradum.core.bounds.rounding import FLOAT64, UNDERFLOW


class Box(NamedTuple):
    """Numbers low ≤ z ≤ high, both of shape [B, n]."""

    low: np.ndarray
    high: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest |z|."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def widened(self, slack: np.ndarray) -> Box:
        """Return a box that reaches further by a slack [B or 1, n], and by the rounding of that."""
        slack = slack + 2 * FLOAT64 * (self.size + slack) + UNDERFLOW[FLOAT64]
        return Box(self.low - slack, self.high + slack)
