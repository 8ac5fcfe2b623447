"""Movement of numbers as one column rises, told from the signs of weights alone.

A number rises if it never falls, and falls if it never rises, whatever the other columns are; one
that does both does not move. What signs cannot tell is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Movement:
    """What is known of numbers of any shape, the last axis of which are those of a layer.

    Parameters
    ----------
    rises, falls : ndarray of bool
        Whether each never falls, and whether it never rises.
    """

    rises: np.ndarray
    falls: np.ndarray

    def __getitem__(self, places: Any) -> Movement:
        """Return that of some of the numbers, or of the same with a new axis."""
        return Movement(self.rises[places], self.falls[places])

    def __add__(self, other: Movement) -> Movement:
        """Return that of sums."""
        return Movement(self.rises & other.rises, self.falls & other.falls)

    def reshape(self, *shape: int) -> Movement:
        """Return that of the numbers in another shape."""
        return Movement(self.rises.reshape(shape), self.falls.reshape(shape))

    def beside(self, other: Movement) -> Movement:
        """Return that of the numbers and others behind them."""
        return Movement(
            np.concatenate([self.rises, other.rises], axis=-1),
            np.concatenate([self.falls, other.falls], axis=-1),
        )

    def padded(self, width: int) -> Movement:
        """Return that of numbers of which those behind these do not move, [..., width]."""
        still = np.ones((*self.rises.shape[:-1], width - self.rises.shape[-1]), bool)
        return self.beside(Movement(still, still))

    def times(self, factor: np.ndarray) -> Movement:
        """Return that of products with fixed factors; one that is NaN may have either sign."""
        up, down = ~(factor <= 0), ~(factor >= 0)
        rises = (~up | self.rises) & (~down | self.falls)
        falls = (~up | self.falls) & (~down | self.rises)
        return Movement(rises, falls)

    def through(self, weight: np.ndarray) -> Movement:
        """Return that of x W, for numbers x [..., in] and weights W [..., in, out]."""
        terms = self[..., None].times(weight)
        return Movement(np.all(terms.rises, axis=-2), np.all(terms.falls, axis=-2))

    def where(self, rising: Any) -> Movement:
        """Return that of functions of the numbers: where they rise the same, else unknown."""
        still = self.rises & self.falls
        return Movement(still | (self.rises & rising), still | (self.falls & rising))
