"""The fingerprint of a model: a hash of every weight of every rung, under its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from gradum.core.models.parameters import named
from gradum.rungs.rung import Rung


def named_arrays(rungs: Iterable[Rung]) -> dict[str, np.ndarray]:
    """Name every array of every rung as the model file does: ``mlp/layers/0/weight``."""
    arrays: dict[str, np.ndarray] = {}
    for rung in rungs:
        arrays |= {f"{rung.name}/{name}": array for name, array in named(rung.params).items()}
        if rung.input_layer is not None:
            arrays[f"{rung.name}/input/centre"] = rung.input_layer.centre
            arrays[f"{rung.name}/input/scale"] = rung.input_layer.scale
            arrays[f"{rung.name}/input/spread"] = rung.input_layer.spread
    return arrays


def fingerprint(rungs: Iterable[Rung]) -> str:
    """Hash every weight of every rung; hashes are equal only for bit-identical weights."""
    return fingerprint_of(named_arrays(rungs))


def fingerprint_of(arrays: Mapping[str, np.ndarray]) -> str:
    """Hash named arrays with their names, types and shapes (SHA-256, 16 hex digits)."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
