"""Rows of a pack before its first layer: the sums of all members and of their wide parts.

Only what a pack makes of pairs of columns belongs to neither column, and is computed anew.

Shapes: n rows, M members, D numbers before their first layers, h = units of the first layer + k.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from gradum.core.models.activations import leaky
from gradum.core.models.input_blocks import Inputs
from gradum.core.models.opened import (
    Change,
    Interaction,
    Pieces,
    Places,
    on_the_way,
    with_crossings,
)

if TYPE_CHECKING:
    from gradum.core.models.pack_network import PackNetwork
    from gradum.core.models.parameters import Params


@dataclass(frozen=True)
class PackFirstLayer:
    """n rows before the first layers of a pack's members; z is (n, M h)."""

    network: PackNetwork
    params: Params
    inputs: Inputs

    @property
    def products(self) -> int:
        """How many multiplications one row of z takes in the members' layers after it."""
        sizes = (*self.network.hidden, self.network.outputs)
        return self.network.members * sum(a * b for a, b in pairwise(sizes))

    def total(self) -> np.ndarray:
        """Return the sum of all shares and of the biases: z (n, M h)."""
        first, *_, last = self.params["layers"]
        bias = np.concatenate([first["bias"], last["bias"]], axis=1)
        return _side_by_side(self._expanded @ self._weights + bias[:, None])

    def share(self, places: Places) -> np.ndarray | None:
        """Return what a column alone adds to z (n, M h); None if it is not seen."""
        network, dense, words = self.network, places["dense"].tolist(), places["sparse"]
        chosen = list(dense)
        for index, place in enumerate(network.coded):
            if place in dense:
                chosen += network.code_places(index)
        if network.embedding:
            size = network.embedding.size
            for place in places["codes"].tolist():
                start = network.first - network.embedding.width + place * size
                chosen += range(start, start + size)
        if not chosen and not len(words):
            return None
        share = self._sums(self._expanded[:, :, chosen], chosen)
        if len(words):  # what they add to the projected columns
            text = self.inputs["sparse"][:, words] @ self.params["projection"][words]
            x = np.broadcast_to(text, (network.members, *text.shape))
            share = share + self._sums(x, slice(network.inputs - network.projected, network.inputs))
        return share

    def change(self, places: Places) -> Change | None:
        """Return what other rows' values of a column change; None if it is not seen."""
        share, dense = self.share(places), places["dense"]
        if share is None:
            return None
        column = set(dense.tolist())
        pairs = [which for which, (i, j, _) in enumerate(self.network.pairs) if column & {i, j}]

        def change(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
            added = share[others] - share[rows]
            if not pairs:
                return added
            before = self.inputs["dense"][rows]
            after = before.copy()
            after[:, dense] = self.inputs["dense"][others][:, dense]
            return added + self.of_pairs(pairs, after) - self.of_pairs(pairs, before)

        return change

    def interaction(self, one: Places, other: Places) -> Interaction | None:
        """Return what the pairs of two columns add beyond the columns' single changes."""
        first, second = set(one["dense"].tolist()), set(other["dense"].tolist())
        pairs = [
            which
            for which, (i, j, _) in enumerate(self.network.pairs)
            if {i, j} & first and {i, j} & second
        ]
        if not pairs:
            return None

        def added(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
            before, after = self.inputs["dense"][rows], self.inputs["dense"][others]

            def taking(places: set[int]) -> np.ndarray:
                mixed, taken = before.copy(), sorted(places)
                mixed[:, taken] = after[:, taken]
                return self.of_pairs(pairs, mixed)

            return taking(first | second) - taking(first) - taking(second) + taking(set())

        return added

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Return the pack's logits (m, k) for z (m, M h), in float64."""
        return self.together(self.members(total))

    def members(self, total: np.ndarray) -> np.ndarray:
        """Return the members' logits [M, m, k] for z (m, M h)."""
        network = self.network
        sums = np.moveaxis(total.reshape(len(total), network.members, -1), 1, 0)
        z, wide = sums[..., : network.hidden[0]], sums[..., network.hidden[0] :]
        return network.after_first(self.params, z, wide, np)

    def together(self, members: np.ndarray) -> np.ndarray:
        """Return the pack's logits (m, k), given its members' [M, m, k], in float64."""
        return self.network.mean(self.params, members, np).astype(np.float64)

    def pieces(self) -> Pieces | None:
        """Return the members' answers on the way from the first row to the second.

        The result is None if a wave lies on the way.
        """
        network, corners = self.network, self._corners()
        if corners is None:
            return None
        way = replace(self, inputs=on_the_way(self.inputs, corners)).total()
        sums = np.moveaxis(way.reshape(len(way), network.members, -1), 1, 0)
        sums, wide = sums[..., : network.hidden[0]], sums[..., network.hidden[0] :]
        *hidden, last = self.params["layers"]
        places, sums, wide = with_crossings(corners, sums, wide)
        sums = leaky(sums, hidden[0]["leak"], np)
        for layer in hidden[1:]:
            sums = sums @ layer["weight"] + layer["bias"][:, None]
            places, sums, wide = with_crossings(places, sums, wide)
            sums = leaky(sums, layer["leak"], np)
        return places, sums @ last["weight"] + wide

    def _corners(self) -> np.ndarray | None:
        """Return the ends of the way and of the ramps on it; None if a wave is on it."""
        network, params = self.network, self.params
        ends = network.with_pairs(self.inputs["dense"][:2].astype(np.float64), np)
        ends = ends[:, list(network.coded)]
        moves = ends[0] != ends[1]
        if moves.any() and (params["wave"] > 0).any():
            return None
        start, length = ends[0][moves][:, None], np.diff(ends, axis=0)[0][moves][:, None]
        shift, slope = params["shift"][:, moves], params["slope"][:, moves]
        with np.errstate(divide="ignore"):  # a ramp of slope 0 has no end
            corners = np.concatenate([shift, shift + 1 / slope.astype(np.float64)])
        places = (corners - start) / length
        return np.unique(np.concatenate([[0.0, 1.0], places[(places > 0) & (places < 1)]]))

    def of_pairs(self, pairs: list[int], dense: np.ndarray) -> np.ndarray:
        """Return what some of the pairs of dense columns [m, ...] add to z."""
        network, params = self.network, self.params
        columns = [network.pair_places[which] for which in pairs]
        coded = [network.coded.index(place) for place in columns if place in network.coded]
        values = network.with_pairs(dense, np)[:, columns]
        places = [*columns, *(place for index in coded for place in network.code_places(index))]
        alone = structs.replace(
            network.flattened, inputs=len(pairs), coded=tuple(range(len(coded))), embedding=None
        )
        codes = {name: params[name][:, coded] for name in ("shift", "slope")}
        x = alone.expand(params | codes, values[None], None, np)
        return self._sums(x, places)

    @cached_property
    def _expanded(self) -> np.ndarray:
        """The numbers before the members' first layers, [M, n, D]."""
        dense, codes = self.network.flat(self.params, self.inputs)
        return self.network.expand(self.params, dense[None], codes, np)

    @cached_property
    def _weights(self) -> np.ndarray:
        """The members' first weights, side by side with those of their wide parts, [M, D, h]."""
        return np.concatenate([self.params["layers"][0]["weight"], self.params["wide"]], axis=2)

    def _sums(self, x: np.ndarray, places: list[int] | slice) -> np.ndarray:
        """Return what x [M, n, ...], some of the D numbers, adds to z, (n, M h)."""
        return _side_by_side(x @ self._weights[:, places])


def _side_by_side(sums: np.ndarray) -> np.ndarray:
    """Return the members' sums [M, n, h] as (n, M h)."""
    return np.moveaxis(sums, 0, 1).reshape(len(sums[0]), -1)
