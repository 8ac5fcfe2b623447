"""Codes that rise one after the other: what they add is read off, not multiplied out.

Such codes of a column are all -½ up to the place where a row's value lies and ½ behind it: what
they add to a first layer is known but for the one that is rising,

    Σ_t code_t W_t = (1 - f) P_j + f P_(j+1),   P_j = ½ (Σ_(t<j) W_t - Σ_(t≥j) W_t),

where j codes have risen and the next one by f. So two rows of P are read, and not all of W.

Shapes: M members, of which the first r have codes that rise in turn; c coded columns, T codes a
column, h units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

if TYPE_CHECKING:
    from gradum.core.models.parameters import Params

ROUNDING = 4 * float(np.finfo(np.float32).eps)


def in_turn(params: Params) -> np.ndarray:
    """Tell of each member [M] whether each code has risen before the next one begins.

    To within the rounding of the values: where two steps meet, it says on which a value lies.
    """
    shift, slope = (params[name].astype(np.float64) for name in ("shift", "slope"))
    rises = slope > 0
    end = shift + 1 / np.where(rises, slope, np.inf)
    apart = shift[..., 1:] >= end[..., :-1] - ROUNDING * (1 + np.abs(shift[..., 1:]))
    # Codes that are not needed stand behind the others, and never rise.
    turns = (slope >= 0).all(axis=-1) & (~rises[..., 1:] | (rises[..., :-1] & apart)).all(axis=-1)
    return turns.all(axis=-1) & (params["wave"] == 0)


def first_in_turn(params: Params) -> tuple[Params, int]:
    """Return the members' parameters, those of the r members in turn first, and r."""
    turns = in_turn(params)
    order = np.argsort(~turns, kind="stable")
    members = {name: params[name] for name in params if name not in ("projection", "sharpness")}
    members = jax.tree.map(lambda array: np.ascontiguousarray(array[order]), members)
    return params | members, int(turns.sum())


def risen(weight: np.ndarray) -> np.ndarray:
    """Return P [r, c, T + 2, h] of W [r, c, T, h]; the last one again, to be read with share 0."""
    sums = np.zeros((*weight.shape[:2], weight.shape[2] + 2, weight.shape[3]), weight.dtype)
    np.cumsum(weight, axis=2, out=sums[:, :, 1:-1])
    sums[:, :, -1] = sums[:, :, -2]
    sums -= sums[:, :, -1:].copy() / 2
    return sums
