"""One row through a pack: what its codes add is read off, not multiplied out.

One row takes as long as its weights take to reach the processor, and most of them belong to codes.
But what codes that rise one after the other add is read off, as `pack_in_turn` says.

Shapes: M members, of which the first r have codes that rise in turn; d columns, c of them coded,
T codes a coded column, h = units of the first layer + k outputs of the wide part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradum.core.models.pack_codes import codes_of
from gradum.core.models.pack_in_turn import first_in_turn, risen

if TYPE_CHECKING:
    from gradum.core.models.network import Inputs, Params
    from gradum.core.models.pack_network import PackNetwork


class PackRow:
    """A pack of float32, laid out for one row at a time.

    Parameters
    ----------
    network : PackNetwork
    params : Params
    """

    def __init__(self, network: PackNetwork, params: Params) -> None:
        params, self._rising = first_in_turn(params)
        self._network, self._params = network, params
        self._coded = np.array(network.coded, np.intp)

        weight = np.concatenate([params["layers"][0]["weight"], params["wide"]], axis=2)
        columns, coded, width = network.inputs, len(network.coded), weight.shape[2]
        places = np.cumsum([columns, coded * network.codes])
        dense, codes, embedded = np.split(weight, places, axis=1)
        self._dense = np.ascontiguousarray(dense.swapaxes(0, 1).reshape(columns, -1))
        self._embedded = np.ascontiguousarray(embedded)
        self._codes = np.ascontiguousarray(codes[self._rising :])
        rising = codes[: self._rising].reshape(self._rising, coded, network.codes, width)
        self._risen = risen(rising).reshape(-1, width)
        starts = np.arange(self._rising * coded).reshape(self._rising, coded)
        self._starts = starts * (network.codes + 2)

    def __call__(self, inputs: Inputs) -> np.ndarray:
        """Return the logits [1, k] of one row."""
        network, params = self._network, self._params
        dense, rows = network.flat(params, inputs)
        first = self._of_dense(dense[0])
        if network.coded:
            self._add_codes(first, dense[0])
        if rows is not None:
            vectors = params["embedding"][:, rows[0, 0]]
            first += (vectors.reshape(len(vectors), 1, -1) @ self._embedded)[:, 0]
        units, layers = network.hidden[0], params["layers"]
        z, wide = first[:, None, :units] + layers[0]["bias"][:, None], first[:, None, units:]
        logits = network.after_first(params, z, wide, np) + layers[-1]["bias"][:, None]
        return network.mean(params, logits, np)

    def _of_dense(self, row: np.ndarray) -> np.ndarray:
        """Return what the columns [d] add to the first layer [M, h]; the absent levels add 0."""
        present = np.flatnonzero(row)
        few = 2 * len(present) < len(row)
        added = row[present] @ self._dense[present] if few else row @ self._dense
        return added.reshape(self._network.members, -1)

    def _add_codes(self, first: np.ndarray, row: np.ndarray) -> None:
        """Add what the codes of a row [d] add to the first layer [M, h]."""
        place = row[self._coded][:, None] - self._params["shift"]
        place *= self._params["slope"]
        rising = self._rising
        if rising:
            height = np.minimum(np.maximum(place[:rising], 0), 1).sum(axis=-1)
            whole = height.astype(np.intp)
            share = np.empty((*height.shape, 2), height.dtype)
            np.subtract(height, whole, out=share[..., 1])
            np.subtract(1, share[..., 1], out=share[..., 0])
            read = np.empty(share.shape, np.intp)
            np.add(whole, self._starts, out=read[..., 0])
            np.add(read[..., 0], 1, out=read[..., 1])
            rows = self._risen[read.reshape(rising, -1)]
            first[:rising] += (share.reshape(rising, 1, -1) @ rows)[:, 0]
        if rising < len(place):
            codes = codes_of(self._params["wave"][rising:], place[rising:], np)
            first[rising:] += (codes.reshape(len(codes), 1, -1) @ self._codes)[:, 0]
