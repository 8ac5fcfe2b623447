"""Breakpoints of piecewise linear functions along a straight way between two rows.

A share s of the way, from 0 to 1, is the row (1 − s) x₀ + s x₁, by columns of the dense block.
Between neighbouring places on it everything is straight; a unit bends where its sum crosses 0.

Shapes: p places, M members, u units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def on_the_way(inputs: Mapping[str, Any], places: np.ndarray) -> dict[str, Any]:
    """Return rows (p,) between the first and the second of some rows, in float64.

    The rows differ in the dense block alone.
    """
    first, second = inputs["dense"][:2].astype(np.float64)
    others = {name: block[np.zeros(len(places), np.intp)] for name, block in inputs.items()}
    return {**others, "dense": first + places[:, None] * (second - first)}


def with_crossings(
    places: np.ndarray, sums: np.ndarray, *others: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Put in the places where sums of units cross 0.

    Parameters
    ----------
    places : ndarray (p,)
        Rising.
    sums, others : ndarray (M, p, u)
        Values at the places, straight between them.

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
