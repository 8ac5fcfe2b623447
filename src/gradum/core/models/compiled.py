"""The compiled forward: many rows through input layer and network as one XLA program.

Rows come in blocks of one size, the last one filled up, so that the program is compiled once
for a shape of network and a size of block, and never for a number of rows.

Shapes: n rows of a block of b, d dense columns, c coded columns, v text columns, k outputs.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from gradum.core.models.architecture import Architecture
from gradum.core.models.input_layer import InputLayer, RawBlocks
from gradum.core.models.parameters import Params


class CompiledForward:
    """The forward of one model of float32 parameters, ready to be launched on blocks of rows.

    Scaling is done in float64, as in NumPy: a raw value may be far from 0, and its scaled one
    near. The layers behind it compute in float32. What NumPy and this say of a row differs by the
    order in which sums are taken.

    Parameters
    ----------
    layer, network, params : InputLayer, Architecture, Params
        The model; the network is `compilable`.
    rows : int
        b, rows of a block.
    """

    def __init__(self, layer: InputLayer, network: Architecture, params: Params, rows: int) -> None:
        self._layer, self._network, self._params, self._rows = layer, network, params, rows

    def launch(self, raw: RawBlocks) -> jax.Array:
        """Start on the blocks of n ≤ b rows in raw units and return without waiting.

        The result is logits [b, k], of which n count.
        """
        params = self._params
        wide = self._layer.sparse_columns(raw)
        if wide is not None:  # SciPy multiplies what is sparse
            first, *others = self._network.absorb(params, wide)["layers"]
            bias = _filled(first["bias"].T, self._rows).T
            params = params | {"layers": [first | {"bias": bias}, *others]}
        # A design's columns are contiguous: as rows, they reach XLA without a copy.
        columns = {
            name: _filled(block.T, self._rows) for name, block in raw.items() if name != "sparse"
        }
        # A GPU would else round float32 to ten bits before it multiplies.
        with jax.enable_x64(True), jax.default_matmul_precision("highest"):
            return _logits(self._network, self._layer, params, columns)


@partial(jax.jit, static_argnums=0)
def _logits(network: Any, layer: InputLayer, params: Params, columns: RawBlocks) -> Any:
    """Return the logits [b, k] of the columns of each block, [·, b]."""
    raw = {name: block.T for name, block in columns.items()}
    return network.apply(params, layer.apply(raw))


def _filled(block: np.ndarray, rows: int) -> np.ndarray:
    """Return columns [·, n] with zeros up to [·, rows]."""
    if block.shape[1] == rows:
        return block
    whole = np.zeros((len(block), rows), block.dtype)
    whole[:, : block.shape[1]] = block
    return whole
