"""The codes of a pack (ramps and waves of a column's values), and sums over codes in rising order.

If a column's codes rise one after the other, all codes are ½ up to the place where a row's value
lies and -½ after it. So what they add to a first layer is known, except for the one that is rising,

    Σ_t code_t W_t = (1 - f) P_j + f P_(j+1),   P_j = ½ (Σ_(t<j) W_t - Σ_(t≥j) W_t),

where j codes have risen fully and the next one by f. So two rows of P are read instead of all of W.

Shapes: M members, of which the first r have codes that rise in turn; c coded columns, T codes per
column, h units.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from gradum.core.models.parameters import Params

COSINE = tuple((-1) ** k * (2 * math.pi) ** (2 * k) / math.factorial(2 * k) for k in range(10))
"""Coefficients of cos(2πt) as a polynomial in t²."""

ROUNDING = 4 * float(np.finfo(np.float32).eps)


def codes_of(wave: Any, place: Any, xp: ModuleType) -> Any:
    """Return the codes for places a (z - s) [M, ...]: waves where ``wave`` [M] is 1, else ramps.

    In NumPy they overwrite the places.
    """
    if xp is jnp:  # a program has no branches, so both are computed where either may be needed
        waves = wave.reshape(-1, *[1] * (place.ndim - 1)) > 0
        return jnp.where(waves, cosine_of_turns(place, jnp), jnp.clip(place, 0, 1) - 0.5)
    waves = np.flatnonzero(wave > 0)
    if len(waves) == len(place):
        return cosine_of_turns(place, np)
    cosines = cosine_of_turns(place[waves], np)
    codes = np.clip(place, 0, 1, out=place)
    codes -= np.float32(0.5)
    codes[waves] = cosines
    return codes


def cosine_of_turns(turns: Any, xp: ModuleType) -> Any:
    """Return cos(2πt), to float32's rounding, from t's distance to the nearest whole number.

    JAX evaluates a polynomial: XLA's own cosine takes thirty times as long on a CPU, and would
    dominate a training step.
    """
    rest = turns - xp.round(turns)
    if xp is np:
        return np.cos(np.multiply(2 * math.pi, rest, out=rest))
    square, total = rest * rest, COSINE[-1]
    for coefficient in reversed(COSINE[:-1]):
        total = total * square + coefficient
    return total


def in_turn(params: Params) -> np.ndarray:
    """Tell for each member [M] whether each code has fully risen before the next one begins.

    This holds to within the rounding of the values, which decides on which of two adjoining steps a
    value lies.
    """
    shift, slope = (params[name].astype(np.float64) for name in ("shift", "slope"))
    rises = slope > 0
    end = shift + 1 / np.where(rises, slope, np.inf)
    apart = shift[..., 1:] >= end[..., :-1] - ROUNDING * (1 + np.abs(shift[..., 1:]))
    # Unneeded codes stand after the others, and never rise.
    turns = (slope >= 0).all(axis=-1) & (~rises[..., 1:] | (rises[..., :-1] & apart)).all(axis=-1)
    return turns.all(axis=-1) & (params["wave"] == 0)


def first_in_turn(params: Params) -> tuple[Params, int]:
    """Return the parameters with the r members first whose codes rise in turn, and r."""
    turns = in_turn(params)
    order = np.argsort(~turns, kind="stable")
    members = {name: params[name] for name in params if name not in ("projection", "sharpness")}
    members = jax.tree.map(lambda array: np.ascontiguousarray(array[order]), members)
    return params | members, int(turns.sum())


def risen(weight: np.ndarray) -> np.ndarray:
    """Return P [r, c, T + 2, h] of W [r, c, T, h]; the last row twice, to read with share 0."""
    sums = np.zeros((*weight.shape[:2], weight.shape[2] + 2, weight.shape[3]), weight.dtype)
    np.cumsum(weight, axis=2, out=sums[:, :, 1:-1])
    sums[:, :, -1] = sums[:, :, -2]
    sums -= sums[:, :, -1:].copy() / 2
    return sums


def rows_of_risen(height: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which two rows of all P count for heights j + f [r, n, c], and how much, [r, n, c, 2].

    ``starts`` [r, 1, c] says where the P of each member and column begins.
    """
    whole = np.floor(height)
    share, read = (np.empty((*height.shape, 2), of.dtype) for of in (height, starts))
    np.subtract(height, whole, out=share[..., 1])
    np.subtract(1, share[..., 1], out=share[..., 0])
    np.add(whole.astype(starts.dtype), starts, out=read[..., 0])
    np.add(read[..., 0], 1, out=read[..., 1])
    return share, read
