"""The codes of a pack: ramps and waves of a column's values."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np

COSINE = tuple((-1) ** k * (2 * math.pi) ** (2 * k) / math.factorial(2 * k) for k in range(10))
"""Coefficients of cos(2πt) as a polynomial of t²."""


def codes_of(wave: Any, place: Any, xp: ModuleType) -> Any:
    """Return the codes of places a (z - s) [M, ...]: waves where ``wave`` [M] is 1, else ramps.

    In NumPy they take the memory of the places.
    """
    if xp is jnp:  # a program has no branches: both are computed where both may be meant
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
    """Return cos(2πt), to float32's rounding, of t's distance from a whole number.

    In JAX as a polynomial: XLA's own cosine takes thirty times as long on a CPU, and would be most
    of a training step.
    """
    rest = turns - xp.round(turns)
    if xp is np:
        return np.cos(np.multiply(2 * math.pi, rest, out=rest))
    square, total = rest * rest, COSINE[-1]
    for coefficient in reversed(COSINE[:-1]):
        total = total * square + coefficient
    return total
