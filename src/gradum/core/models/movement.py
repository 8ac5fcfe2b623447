"""How numbers move as one column rises, told from the signs of weights alone.

A number rises if it never falls, and falls if it never rises, whatever the other columns are; one
that does both does not move. What signs cannot tell is neither. Rounding is monotone too: a sum that
is taken in one order keeps the order of its terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Movement:
    """What is known of numbers of any shape.

    Parameters
    ----------
    rises, falls : ndarray of bool
        Whether each never falls, and whether it never rises.
    """

    rises: np.ndarray
    falls: np.ndarray

    @classmethod
    def none(cls, *shape: int) -> Movement:
        """Return that of numbers that do not move."""
        return cls(np.ones(shape, bool), np.ones(shape, bool))

    @classmethod
    def joined(cls, parts: list[Movement]) -> Movement:
        """Return that of several numbers behind each other, along the last axis."""
        return cls(
            np.concatenate([part.rises for part in parts], axis=-1),
            np.concatenate([part.falls for part in parts], axis=-1),
        )

    @property
    def still(self) -> np.ndarray:
        """Whether each does not move."""
        return self.rises & self.falls

    def __getitem__(self, places: Any) -> Movement:
        """Return that of some of the numbers."""
        return Movement(self.rises[places], self.falls[places])

    def __add__(self, other: Movement) -> Movement:
        """Return that of sums."""
        return Movement(self.rises & other.rises, self.falls & other.falls)

    def times(self, factor: Any) -> Movement:
        """Return that of products with fixed factors; one that is no number moves anyhow."""
        up, down = ~(factor <= 0), ~(factor >= 0)
        rises = (~up | self.rises) & (~down | self.falls)
        falls = (~up | self.falls) & (~down | self.rises)
        return Movement(rises, falls)

    def through(self, weight: np.ndarray) -> Movement:
        """Return that of x W, for numbers x [..., in] and weights W [..., in, out]."""
        terms = self[..., None].times(weight)
        return Movement(terms.rises.all(axis=-2), terms.falls.all(axis=-2))

    def where(self, rising: Any) -> Movement:
        """Return that of functions of the numbers: where they rise the same, else unknown."""
        return Movement(self.still | (self.rises & rising), self.still | (self.falls & rising))
