"""Linear forms that operations pull back, zonotopes that they push forward, and lines.

Shapes: B boxes, r forms, n numbers of a node, g generators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gradum.core.bounds.box import FLOAT64, Box, gamma


class Lines(NamedTuple):
    """A line below and a line above a function, each with slopes and intercepts [B, n].

    They touch it at the places ``lower_touch`` and ``upper_touch``, up to rounding.
    """

    lower_slope: np.ndarray
    lower_intercept: np.ndarray
    lower_touch: np.ndarray
    upper_slope: np.ndarray
    upper_intercept: np.ndarray
    upper_touch: np.ndarray


class Slopes(NamedTuple):
    """Slopes [B, n] of a line below and a line above a function."""

    lower: np.ndarray
    upper: np.ndarray


class Pulled(NamedTuple):
    """Linear forms A z of a node, pulled back to its parents.

    A z ≥ Σ A_p z_p + constant − radius holds exactly for all values that the parents can have:
    ``radius`` covers rounding. Where the lines below and above are parallel, A z ≤ Σ A_p z_p +
    constant + radius too.
    """

    coefficients: list[np.ndarray]
    constant: np.ndarray
    radius: np.ndarray


def against(forms: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return A z [B, r] for linear forms A [B or 1, r, n] and numbers z [B or 1, n]."""
    return np.matmul(forms, z[..., None])[..., 0]


def chosen_first(wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places [B, most] of the numbers that each row of [B, n] wants, in order.

    Rows that want fewer than ``most`` are filled up with other places; the second array [B, most]
    tells which places are wanted.
    """
    most = int(wanted.sum(axis=1).max(initial=0))
    places = np.argsort(~wanted, axis=1, kind="stable")[:, :most]
    return places, np.take_along_axis(wanted, places, axis=1)


class Zonotope(NamedTuple):
    """The numbers centre + Σ ε_g generators_g ± ``rest``, each |ε_g| ≤ 1.

    ``centre`` and ``rest`` are [B, n], ``generators`` [B, g, n]. ``symbols`` [g], rising, number
    the ε: the same number means the same ε in every node of a graph. The first d symbols are the
    inputs'.
    """

    centre: np.ndarray
    generators: np.ndarray
    rest: np.ndarray
    symbols: np.ndarray

    @classmethod
    def of_box(cls, box: Box) -> Zonotope:
        """Return the zonotope of a box [B, d], with a generator for each number."""
        centre, reach = _middle(box)
        generators = np.eye(reach.shape[1]) * reach[:, None]
        return cls(centre, generators, 2 * FLOAT64 * reach, np.arange(reach.shape[1]))

    @classmethod
    def around(cls, box: Box) -> Zonotope:
        """Return a box [B, d] as a zonotope without generators."""
        centre, reach = _middle(box)
        none = np.zeros((len(centre), 0, centre.shape[1]))
        return cls(centre, none, (1 + 2 * FLOAT64) * reach, np.arange(0))

    @property
    def reach(self) -> np.ndarray:
        """How far [B, n] the numbers reach from the centre, up to rounding."""
        return np.abs(self.generators).sum(axis=1) + self.rest

    def widened(self, slack: np.ndarray) -> Zonotope:
        """Return the zonotope with its rest increased by a slack [B or 1, n]."""
        return self._replace(rest=self.rest + slack)

    def ends(self) -> Box:
        """Return the interval of each number, rounded outward."""
        reach = self.reach
        rounding = gamma(self.generators.shape[1] + 8, FLOAT64) * (np.abs(self.centre) + reach)
        return Box(self.centre - reach, self.centre + reach).widened(rounding)


def _middle(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of a box, and how far it reaches from there."""
    centre = (box.low + box.high) / 2
    return centre, np.maximum(box.high - centre, centre - box.low)


def over_symbols(zonotopes: Sequence[Zonotope]) -> tuple[list[np.ndarray], np.ndarray]:
    """Return generators of several zonotopes over the union of their symbols, and that union."""
    symbols = zonotopes[0].symbols
    for other in zonotopes[1:]:
        if not np.array_equal(other.symbols, symbols):
            symbols = np.union1d(symbols, other.symbols)
    filled = []
    for centre, generators, _, of_one in zonotopes:
        if len(of_one) < len(symbols):
            wider = np.zeros((len(centre), len(symbols), centre.shape[1]))
            wider[:, np.searchsorted(symbols, of_one)] = generators
            generators = wider
        filled.append(generators)
    return filled, symbols
