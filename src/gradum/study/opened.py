"""A rung opened at its first layer, where every column of the table adds its own share.

Each model begins with a sum over its inputs, z = Σ x W + b, and each input is made from one row's
value of one column. So z = Σ share(column) + b, and what a change of one column does costs the
layers behind z, however many columns there are. Only what a pack makes of two columns together
belongs to neither, and is made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.models.activations import ACTIVATIONS
from gradum.core.models.network import Network
from gradum.core.models.pack_network import PackNetwork
from gradum.fitting.rung import Rung
from gradum.tables.design import Design, Layout

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From rows (m,), and the rows whose values they take, to what that adds to their z (m, h)."""


@dataclass(frozen=True)
class Opened:
    """A rung that looks at columns, and n rows at its first layer.

    Parameters
    ----------
    rung : Rung
        Not the baseline.
    layout : Layout
        Of the design that the rung takes.
    inputs : dict
        The rows as its network takes them.
    """

    rung: Rung
    layout: Layout
    inputs: dict[str, Any]

    @classmethod
    def of(cls, rung: Rung, design: Design) -> Opened:
        """Bring the rows of a design before a rung's network."""
        assert rung.input_layer is not None
        dtype = rung.params["layers"][0]["weight"].dtype.type
        inputs = rung.input_layer(design.dense, design.codes, design.sparse, dtype=dtype)
        if "sparse" in inputs:
            inputs["sparse"] = inputs["sparse"].tocsc()  # it is read by columns
        return cls(rung, design.layout, inputs)

    @cached_property
    def total(self) -> np.ndarray:
        """Sum up all shares and the bias: z (n, h), h the first layer's width."""
        if isinstance(self.rung.network, PackNetwork):
            first, *_, last = self.rung.params["layers"]
            bias = np.concatenate([first["bias"], last["bias"]], axis=1)
            return _side_by_side(self._expanded @ self._first_weights + bias[:, None])
        network, params = self.rung.network, self.rung.params
        first = Network(network.inputs, network.widths[1], embedding=network.embedding)
        return first.forward({**params, "layers": params["layers"][:1]}, self.inputs)

    def change(self, column: str) -> Change | None:
        """Return what other rows' values of a column do; None if the rung does not see it."""
        share, pairs = self.share(column), self._pairs_with(column)
        if share is None:
            return None

        def change(own: np.ndarray, others: np.ndarray) -> np.ndarray:
            added = share[others] - share[own]
            if not pairs:
                return added
            before = self.inputs["dense"][own]
            after, places = before.copy(), self._dense_places(column)
            after[:, places] = self.inputs["dense"][others][:, places]
            return added + self._of_pairs(pairs, after) - self._of_pairs(pairs, before)

        return change

    def share(self, column: str) -> np.ndarray | None:
        """Return what a column of the table adds to z (n, h) by itself; None if it is not seen."""
        if isinstance(self.rung.network, PackNetwork):
            return self._share_in_pack(column)
        weight = self.rung.params["layers"][0]["weight"]
        shares = []
        if column in self._places:
            places = self._places[column]
            width = self.inputs["dense"].shape[1]
            dense, sparse = places[places < width], places[places >= width]
            if len(dense):
                shares.append(self.inputs["dense"][:, dense] @ weight[dense])
            if len(sparse):
                shares.append(self.inputs["sparse"][:, sparse - width] @ weight[sparse])
        if column in self._embedded:
            embedding, network = self.rung.params["embedding"], self.rung.network
            place, size = self._embedded.index(column), embedding.shape[1]
            start = network.inputs + place * size
            vectors = embedding[self.inputs["codes"][:, place]]
            shares.append(vectors @ weight[start : start + size])
        return sum(shares[1:], shares[0]) if shares else None

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Go on from z (m, h) through the other layers to the logits (m, k), in float64."""
        network, others = self.rung.network, self.rung.params["layers"][1:]
        if isinstance(network, PackNetwork):
            return _rest_of_pack(network, self.rung.params, total)
        if not others:
            return total.astype(np.float64)
        rest = Network(network.widths[1], network.outputs, network.hidden[1:], network.activation)
        inputs = {"dense": ACTIVATIONS[network.activation].numpy(total)}
        return rest.forward({"layers": others}, inputs).astype(np.float64)

    @cached_property
    def _expanded(self) -> np.ndarray:
        """The numbers before the members' first layers, [M, n, D]."""
        network = self.rung.network
        assert isinstance(network, PackNetwork)
        dense, codes = network.flat(self.rung.params, self.inputs)
        return network.expand(self.rung.params, dense[None], codes, np)

    def _share_in_pack(self, column: str) -> np.ndarray | None:
        """Return what a column adds to all members' first sums, (n, M (h + k))."""
        network, layout = self.rung.network, self.layout
        assert isinstance(network, PackNetwork)
        dense = self._dense_places(column)
        chosen = list(dense)
        for index, place in enumerate(network.coded):
            if place in dense:
                chosen += network.code_places(index)
        if column in self._embedded and network.embedding:
            size = network.embedding.size
            start = network.first - network.embedding.width
            start += self._embedded.index(column) * size
            chosen += range(start, start + size)
        own = [i for i, feature in enumerate(layout.sparse) if feature.source == column]
        if not chosen and not own:
            return None
        share = self._first_sums(self._expanded[:, :, chosen], chosen)
        if own:  # what its words add to the projected columns
            text = self.inputs["sparse"][:, own] @ self.rung.params["projection"][own]
            x = np.broadcast_to(text, (network.members, *text.shape))
            places = slice(network.inputs - network.projected, network.inputs)
            share = share + self._first_sums(x, places)
        return share

    def _pairs_with(self, column: str) -> list[int]:
        """Return which of a pack's pairs a column is in."""
        network = self.rung.network
        if not isinstance(network, PackNetwork):
            return []
        own = set(self._dense_places(column))
        return [which for which, (i, j, _) in enumerate(network.pairs) if own & {i, j}]

    def _of_pairs(self, pairs: list[int], dense: np.ndarray) -> np.ndarray:
        """Return what some pairs add to all members' first sums, of dense [m, ...]."""
        network, params = self.rung.network, self.rung.params
        assert isinstance(network, PackNetwork)
        columns = [network.pair_places[which] for which in pairs]
        coded = [network.coded.index(place) for place in columns if place in network.coded]
        values = network.with_pairs(dense, np)[:, columns]
        places = [*columns, *(place for index in coded for place in network.code_places(index))]
        alone = replace(
            network.flattened,
            inputs=len(pairs),
            coded=tuple(range(len(coded))),
            embedding=None,
        )
        codes = {name: params[name][:, coded] for name in ("shift", "slope")}
        x = alone.expand(params | codes, values[None], None, np)
        return self._first_sums(x, places)

    @cached_property
    def _first_weights(self) -> np.ndarray:
        """The members' first weights beside those of their wide parts, [M, D, h + k]."""
        params = self.rung.params
        return np.concatenate([params["layers"][0]["weight"], params["wide"]], axis=2)

    def _first_sums(self, x: np.ndarray, places: list[int] | slice) -> np.ndarray:
        """Return what x [M, n, ...], some of the D numbers, adds: (n, M (h + k))."""
        return _side_by_side(x @ self._first_weights[:, places])

    def _dense_places(self, column: str) -> list[int]:
        """Return the places in the dense block of what was made of a column."""
        width = self.inputs["dense"].shape[1]
        places = self._places.get(column, np.zeros(0, int))
        return [int(place) for place in places if place < width]

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        """Column -> its places in the dense and the sparse block, counted through."""
        layer, layout = self.rung.input_layer, self.layout
        assert layer is not None
        _, sources = layer.columns(
            [(feature.name, feature.source) for feature in layout.dense],
            [(column.source, column.levels) for column in layout.codes],
            [(feature.name, feature.source) for feature in layout.sparse],
        )
        places: dict[str, list[int]] = {}
        for place, source in enumerate(sources):
            places.setdefault(source, []).append(place)
        return {source: np.array(each) for source, each in places.items()}

    @cached_property
    def _embedded(self) -> list[str]:
        """The columns of the embedding, in its order."""
        layer = self.rung.input_layer
        assert layer is not None
        pairs = zip(self.layout.codes, layer.treatments, strict=True)
        return [column.source for column, treatment in pairs if treatment == "embedding"]


def _side_by_side(sums: np.ndarray) -> np.ndarray:
    """Return the members' sums [M, n, h + k] as (n, M (h + k))."""
    return np.moveaxis(sums, 0, 1).reshape(len(sums[0]), -1)


def _rest_of_pack(network: PackNetwork, params: dict[str, Any], total: np.ndarray) -> np.ndarray:
    """Go on from the first sums (m, M (h + k)) to the pack's logits (m, k), in float64."""
    sums = np.moveaxis(total.reshape(len(total), network.members, -1), 1, 0)
    z, wide = sums[..., : network.hidden[0]], sums[..., network.hidden[0] :]
    logits = network.after_first(params, z, wide, np)
    return network.mean(params, logits, np).astype(np.float64)
