"""Parameters: nested for a model's computations, and each by its own name for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Params = dict[str, Any]
"""``layers``, a list of dicts of arrays, if there are any, and other arrays by their names."""

Shapes = dict[str, tuple[int | None, ...]]
"""Shapes by name; a length that the data determine, not the architecture, is None."""


def dtype_of(params: Params) -> type:
    """Return the type of the parameters' numbers."""
    return next(iter(named(params).values())).dtype.type


def named(params: Params) -> dict[str, np.ndarray]:
    """Name every parameter: ``layers/0/weight``, ``embedding``."""
    layers = {
        f"layers/{level}/{part}": array
        for level, layer in enumerate(params.get("layers", ()))
        for part, array in layer.items()
    }
    return layers | {name: array for name, array in params.items() if name != "layers"}


def nested(arrays: Mapping[str, np.ndarray]) -> Params:
    """Return the nested parameters of arrays named by `named`."""
    params: Params = {}
    for name, array in arrays.items():
        if name.startswith("layers/"):
            _, level, part = name.split("/")
            layers = params.setdefault("layers", [])
            while len(layers) <= int(level):
                layers.append({})
            layers[int(level)][part] = array
        else:
            params[name] = array
    return params


def have(params: Params, shapes: Shapes) -> bool:
    """Tell whether the parameters have exactly these names and shapes."""
    arrays = named(params)
    return arrays.keys() == shapes.keys() and all(
        len(arrays[name].shape) == len(shape)
        and all(
            stated in (None, length)
            for stated, length in zip(shape, arrays[name].shape, strict=True)
        )
        for name, shape in shapes.items()
    )
