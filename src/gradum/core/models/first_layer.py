"""A model opened at its first layer, where every column of the table adds its own share.

Each model begins with a sum over its inputs, z = Σ x W + b, and each input is made from one row's
value of one column. So z = Σ share(column) + b, and what a change of one column does costs the
layers behind z, however many columns there are.

Shapes: n rows, h numbers of z.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from msgspec import structs

from gradum.core.models.activations import ACTIVATIONS

if TYPE_CHECKING:
    from gradum.core.models.network import Inputs, Network, Params

Places = Mapping[str, np.ndarray]
"""Where what was made of one column stands in each block of the inputs; see `InputLayer.places`."""

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From rows (m,), and the rows whose values they take, to what that adds to their z (m, h)."""

Interaction = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the same, to what taking the values of two columns adds beyond their single changes."""


class FirstLayer(Protocol):
    """n rows before a model's first layer."""

    @property
    def products(self) -> int:
        """The multiplications that one row of z takes in the layers behind it."""
        ...

    def total(self) -> np.ndarray:
        """Return the sum of all shares and of the bias: z (n, h)."""
        ...

    def share(self, places: Places) -> np.ndarray | None:
        """Return what a column adds to z (n, h) by itself; None if the model does not see it."""
        ...

    def change(self, places: Places) -> Change | None:
        """Return what other rows' values of a column do; None if the model does not see it."""
        ...

    def interaction(self, one: Places, other: Places) -> Interaction | None:
        """Return what two columns do together; None if each adds its own share alone."""
        ...

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Go on from z (m, h) through the other layers to the logits (m, k), in float64."""
        ...

    def members(self, total: np.ndarray) -> np.ndarray:
        """Return the logits [M, m, k] of the M networks that answer together; M = 1 for one."""
        ...

    def together(self, members: np.ndarray) -> np.ndarray:
        """Return the logits (m, k) of what the members [M, m, k] say together, in float64."""
        ...


@dataclass(frozen=True)
class NetworkFirstLayer:
    """n rows before a network's first layer."""

    network: Network
    params: Params
    inputs: Inputs

    @property
    def products(self) -> int:
        """The multiplications that one row of z takes in the layers behind it."""
        return sum(a * b for a, b in pairwise(self.network.widths[1:]))

    def total(self) -> np.ndarray:
        """Return the sum of all shares and of the bias: z (n, h), h the first layer's width."""
        first = structs.replace(self.network, outputs=self.network.widths[1], hidden=())
        return first.forward({**self.params, "layers": self.params["layers"][:1]}, self.inputs)

    def share(self, places: Places) -> np.ndarray | None:
        """Return what a column adds to z (n, h) by itself; None if it is not seen."""
        weight, shares = self.params["layers"][0]["weight"], []
        dense, sparse, coded = (places[name] for name in ("dense", "sparse", "codes"))
        width = self.inputs["dense"].shape[1]
        if len(dense):
            shares.append(self.inputs["dense"][:, dense] @ weight[dense])
        if len(sparse):
            shares.append(self.inputs["sparse"][:, sparse] @ weight[width + sparse])
        for place in coded:
            embedding = self.params["embedding"]
            size = embedding.shape[1]
            start = self.network.inputs + place * size
            vectors = embedding[self.inputs["codes"][:, place]]
            shares.append(vectors @ weight[start : start + size])
        return sum(shares[1:], shares[0]) if shares else None

    def change(self, places: Places) -> Change | None:
        """Return what other rows' values of a column do; None if it is not seen."""
        share = self.share(places)
        if share is None:
            return None
        return lambda rows, others: share[others] - share[rows]

    def interaction(self, one: Places, other: Places) -> Interaction | None:
        """Return None: every column adds its own share."""
        return None

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Go on from z (m, h) through the other layers to the logits (m, k), in float64."""
        network, others = self.network, self.params["layers"][1:]
        if not others:
            return total.astype(np.float64)
        rest = structs.replace(
            network, inputs=network.widths[1], hidden=network.hidden[1:], embedding=None
        )
        inputs: dict[str, Any] = {"dense": ACTIVATIONS[network.activation].numpy(total)}
        return rest.forward({"layers": others}, inputs).astype(np.float64)

    def members(self, total: np.ndarray) -> np.ndarray:
        """Return the logits [1, m, k]: the network is alone."""
        return self.logits(total)[None]

    def together(self, members: np.ndarray) -> np.ndarray:
        """Return the logits (m, k) of the one network."""
        return members[0]
