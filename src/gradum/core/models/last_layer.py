"""A model opened before its last layer, where what it has learned of a row is a sum away.

Shapes: n rows, M networks that answer together, h units of their last layers, k outputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class LastLayer:
    """n rows before the last layers of M networks, whose logits are units W + b + beside.

    Parameters
    ----------
    units : ndarray of shape (M, n, h)
        What the last hidden layer makes of a row; of a linear model, the row's encoded columns.
    beside : ndarray of shape (M, n, k)
        What reaches the logits past the last layer: the wide part of a pack's members.
    weight : ndarray of shape (M, h, k)
    bias : ndarray of shape (M, k)
    share : ndarray of shape (M,)
        The networks' weights in the answer, adding up to 1.
    """

    units: np.ndarray
    beside: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    share: np.ndarray

    @property
    def logits(self) -> np.ndarray:
        """The networks' logits (M, n, k)."""
        return self.units @ self.weight + self.beside + self.bias[:, None]

    @classmethod
    def join(cls, blocks: Iterable[LastLayer]) -> LastLayer:
        """Put rows behind others."""
        several = list(blocks)
        units = np.concatenate([block.units for block in several], axis=1)
        beside = np.concatenate([block.beside for block in several], axis=1)
        return replace(several[0], units=units, beside=beside)
