"""A rung opened at its first layer, where every column of the table adds its own share.

Each model begins with a sum over its inputs, z = Σ x W + b, and each input is made from one row's
value of one column. So z = Σ share(column) + b, and what a change of one column does costs the
layers behind z, however many columns there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.models.activations import ACTIVATIONS
from gradum.core.models.network import Network
from gradum.fitting.rung import Rung
from gradum.tables.design import Design, Layout


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
        network, params = self.rung.network, self.rung.params
        first = Network(network.inputs, network.widths[1], embedding=network.embedding)
        return first.forward({**params, "layers": params["layers"][:1]}, self.inputs)

    def share(self, column: str) -> np.ndarray | None:
        """Return what a column of the table adds to z (n, h); None if the rung does not see it."""
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
        if not others:
            return total.astype(np.float64)
        rest = Network(network.widths[1], network.outputs, network.hidden[1:], network.activation)
        inputs = {"dense": ACTIVATIONS[network.activation].numpy(total)}
        return rest.forward({"layers": others}, inputs).astype(np.float64)

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
