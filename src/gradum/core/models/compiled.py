"""The compiled forward pass: many rows through input layer and network as one XLA program.

Rows come in blocks of one size, and the program goes through a block in strips, whose layers stay
in the processor's cache. It takes as many strips as the rows need, so that it is compiled once for
each network shape and block size, and not for each number of rows. Every strip has the same number
of rows (the last one is padded), so that sums are always taken in the same order: a row's answer
depends neither on the other rows nor on how many there are.

Shapes: n rows of a block of b, s of a strip; d dense columns, c coded columns, v text columns,
k outputs.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradum.core.models.architecture import Architecture
from gradum.core.models.input_layer import InputLayer, RawBlocks
from gradum.core.models.parameters import Params

STRIP_NUMBERS = 2**20  # in all layers, 4 MiB: the strips of other cores share the cache
LEAST_STRIP, MOST_STRIP = 32, 1024  # rows: fewer take longer to multiply, more are no faster


class CompiledForward:
    """The forward pass of one model with float32 parameters, ready for blocks of rows.

    Scaling is done in float64, as in NumPy, since a raw value may be far from 0 while its scaled
    value is near. The layers after it compute in float32. The answers differ from NumPy's by the
    order in which sums are taken.

    Parameters
    ----------
    layer, network, params : InputLayer, Architecture, Params
        The model; the network is `compilable`.
    rows : int
        b, the rows of a block.
    """

    def __init__(self, layer: InputLayer, network: Architecture, params: Params, rows: int) -> None:
        self._layer, self._network, self._params = layer, network, params
        self._bulk = network.bulk(params)
        self._strip = strip_rows(network)
        self._rows = -(-rows // self._strip) * self._strip

    def __call__(self, raw: RawBlocks) -> np.ndarray:
        """Return the logits [n, k] of n ≤ b rows in raw units."""
        (network, params), rows = self._bulk, len(raw["dense"])
        # A design's columns are contiguous, so as rows they reach XLA without a copy.
        columns = {name: block.T for name, block in raw.items() if name != "sparse"}
        wide = self._layer.sparse_columns(raw)
        if wide is not None:  # SciPy multiplies sparse columns
            network, params = self._network.bulk(self._network.absorb(self._params, wide))
            first, *others = params["layers"]
            columns["bias"] = first["bias"].T
            params = params | {"layers": [{"weight": first["weight"]}, *others]}
        columns = {name: _filled(block, self._rows) for name, block in columns.items()}
        strips = np.int32(-(-rows // self._strip))
        # Otherwise a GPU would round float32 to ten bits before multiplying.
        with jax.enable_x64(True), jax.default_matmul_precision("highest"):
            logits = _logits(network, self._strip, self._layer, params, columns, strips)
        return np.asarray(logits)[:rows]


def strip_rows(network: Architecture) -> int:
    """Return s, a power of two that depends on the network's shape alone."""
    rows = STRIP_NUMBERS // sum(network.widths)
    return 1 << (min(max(rows, LEAST_STRIP), MOST_STRIP).bit_length() - 1)


@partial(jax.jit, static_argnums=(0, 1))
def _logits(
    network: Any, size: int, layer: InputLayer, params: Params, columns: RawBlocks, strips: Any
) -> Any:
    """Return the logits [b, k] of the first strips, from the columns [·, b] of each block."""
    rows = columns["dense"].shape[1]

    def with_strip(strip: Any, logits: Any) -> Any:
        at = strip * size
        raw = {
            name: jax.lax.dynamic_slice_in_dim(block, at, size, axis=1).T
            for name, block in columns.items()
        }
        of_strip = network.apply(_biased(params, raw), layer.apply(raw))
        return jax.lax.dynamic_update_slice_in_dim(logits, of_strip, at, axis=0)

    return jax.lax.fori_loop(0, strips, with_strip, jnp.zeros((rows, network.outputs), np.float32))


def _biased(params: Params, raw: RawBlocks) -> Params:
    """Return parameters whose first layer has a bias for each row, where there is one."""
    if "bias" not in raw:
        return params
    first, *others = params["layers"]
    return params | {"layers": [first | {"bias": raw["bias"]}, *others]}


def _filled(block: np.ndarray, rows: int) -> np.ndarray:
    """Return columns [·, n] with zeros up to [·, rows]."""
    if block.shape[1] == rows:
        return block
    whole = np.zeros((len(block), rows), block.dtype)
    whole[:, : block.shape[1]] = block
    return whole
