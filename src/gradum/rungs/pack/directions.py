"""Directions of a pack's numbers and units, which keep its answer monotone in some columns.

What is made of a column moves with it: its ramps and steps, and its sums and differences with other
columns. Waves do not. So a member with waves gets no waves of such a column, which enters
unchanged.

Shapes: M members, d columns of the input layer, D numbers before the first layer.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from gradum.core.models.monotonicity import projected
from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork, Pair


def of_one_mind(pairs: tuple[Pair, ...], directions: np.ndarray) -> tuple[Pair, ...]:
    """Return the pairs whose two columns do not oppose each other under directions (d,)."""
    return tuple(
        (first, second, sign)
        for first, second, sign in pairs
        if directions[first] * directions[second] * sign >= 0
    )


def of_numbers(network: PackNetwork, directions: np.ndarray) -> np.ndarray:
    """Return the directions (D,) of all numbers, from those of the first of the d columns."""
    columns = np.zeros(network.inputs, np.float32)
    columns[: len(directions)] = directions
    for place, (first, second, sign) in zip(network.pair_places, network.pairs, strict=True):
        columns[place] = directions[first] or sign * directions[second]
    codes = np.repeat(columns[list(network.coded)], network.codes)
    behind = np.zeros(network.first - len(columns) - len(codes), np.float32)
    return np.concatenate([columns, codes, behind])


def kept_monotone(params: Params, directions: list[Any]) -> Params:
    """Return the nearest parameters that make a network with these directions monotone, in JAX.

    A diagonal layer or a leak below 0 would turn a rise into a fall.
    """
    first, *_ = directions
    layers = []
    for layer, before, after in zip(params["layers"], directions, directions[1:], strict=False):
        weight = projected(layer["weight"], before, after, jnp)
        kept = layer | {"weight": weight}
        if "leak" in layer:
            kept["leak"] = _not_below_0(layer["leak"], after)
        layers.append(kept)
    return params | {"layers": layers, "scale": _not_below_0(params["scale"], first)}


def _not_below_0(values: Any, directions: Any) -> Any:
    """Return values [M, m]; those of numbers with a direction are raised to 0 if they are below."""
    return jnp.where(directions != 0, jnp.maximum(values, 0.0), values)
