"""Rows of a model before its first or its last layer, which sum what each column or unit adds.

Each model begins with a sum over its inputs, z = Σ x W + b, and each input is made from one row's
value of one column. So z = Σ share(column) + b, and the effect of changing one column costs only
the layers after z, however many columns there are. Along a straight way between two rows, a
piecewise linear model bends where the sum of a unit crosses 0. The logits are a sum over the last
layer.

Shapes: n rows, h numbers of z or units of the last layer, M networks that answer together, p places
on a way, u units, k outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

Places = Mapping[str, np.ndarray]
"""Where the numbers made of one column stand in each input block; see `InputLayer.places`."""

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes rows (m,) and the rows whose values they get; returns what that adds to their z (m, h)."""

Interaction = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes the same; returns what changing two columns adds beyond the two single changes."""

Pieces = tuple[np.ndarray, np.ndarray]
"""Places (p,) from 0 to 1 on the way between two rows, and the members' logits [M, p, k] there,
which are linear between neighbouring places."""


class FirstLayer(Protocol):
    """n rows before a model's first layer.

    The defaults are those of one network whose columns each add their own share to z.
    """

    @property
    def products(self) -> int:
        """How many multiplications one row of z takes in the layers after it."""
        ...

    def total(self) -> np.ndarray:
        """Return the sum of all shares and of the bias: z (n, h)."""
        ...

    def share(self, places: Places) -> np.ndarray | None:
        """Return what a column alone adds to z (n, h); None if the model does not see it."""
        ...

    def change(self, places: Places) -> Change | None:
        """Return what other rows' values of a column change; None if the model does not see it."""
        share = self.share(places)
        if share is None:
            return None
        return lambda rows, others: share[others] - share[rows]

    def interaction(self, one: Places, other: Places) -> Interaction | None:
        """Return what two columns add together; None if each adds only its own share."""
        return None

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Return the logits (m, k) for z (m, h), through the other layers, in float64."""
        ...

    def members(self, total: np.ndarray) -> np.ndarray:
        """Return the logits [M, m, k] of the M networks that answer together; M may be 1."""
        return self.logits(total)[None]

    def together(self, members: np.ndarray) -> np.ndarray:
        """Return the joint logits (m, k) of the members' logits [M, m, k], in float64."""
        return members[0]

    def pieces(self) -> Pieces | None:
        """Return the members' answers on the straight way from the first row to the second.

        The rows differ in the dense block alone. The result is None if the answers are curved.
        """
        ...


def on_the_way(inputs: Mapping[str, Any], places: np.ndarray) -> dict[str, Any]:
    """Return rows (p,) between the first and the second row, in float64.

    The rows differ in the dense block alone.
    """
    first, second = inputs["dense"][:2].astype(np.float64)
    others = {name: block[np.zeros(len(places), np.intp)] for name, block in inputs.items()}
    return {**others, "dense": first + places[:, None] * (second - first)}


def with_crossings(
    places: np.ndarray, sums: np.ndarray, *others: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Insert the places where sums of units cross 0.

    Parameters
    ----------
    places : ndarray (p,)
        Rising.
    sums, others : ndarray (M, p, u)
        Values at the places, linear between them.

    Returns
    -------
    tuple of ndarray
        The places, and all values at them.
    """
    before, after = sums[:, :-1], sums[:, 1:]
    crossing = np.nonzero(before * after < 0)
    share = before[crossing] / (before[crossing] - after[crossing])
    low, high = places[crossing[1]], places[crossing[1] + 1]
    finer = np.union1d(places, low + share * (high - low))
    upper = np.clip(np.searchsorted(places, finer, side="right"), 1, len(places) - 1)
    share = (finer - places[upper - 1]) / (places[upper] - places[upper - 1])
    share = share[:, None]
    straight = (
        (1 - share) * values[:, upper - 1] + share * values[:, upper] for values in (sums, *others)
    )
    return finer, *straight


@dataclass(frozen=True)
class LastLayer:
    """n rows before the last layers of M networks, with the logits units W + b + beside."""

    units: np.ndarray
    """Of shape (M, n, h). The last hidden layer's outputs; for a linear model, the row's encoded
    columns."""
    beside: np.ndarray
    """Of shape (M, n, k). What reaches the logits besides the last layer: the wide part of a pack's
    members."""
    weight: np.ndarray
    """Of shape (M, h, k)."""
    bias: np.ndarray
    """Of shape (M, k)."""
    share: np.ndarray
    """Of shape (M,). The networks' weights in the answer, adding up to 1."""

    @property
    def logits(self) -> np.ndarray:
        """The networks' logits (M, n, k)."""
        return self.units @ self.weight + self.beside + self.bias[:, None]

    @classmethod
    def join(cls, blocks: Iterable[LastLayer]) -> LastLayer:
        """Append the rows of all blocks."""
        several = list(blocks)
        units = np.concatenate([block.units for block in several], axis=1)
        beside = np.concatenate([block.beside for block in several], axis=1)
        return replace(several[0], units=units, beside=beside)
