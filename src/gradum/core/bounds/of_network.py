"""The graph of a plain network, from its inputs in the units that it takes."""

from __future__ import annotations

import numpy as np

from gradum.core.bounds.graph import Graph, Node
from gradum.core.bounds.linear import Affine
from gradum.core.bounds.operation import Operation
from gradum.core.bounds.piecewise import Relu
from gradum.core.bounds.s_shaped import Sigmoid, Tanh
from gradum.core.bounds.smooth import Gelu, Selu
from gradum.core.models.network import Network
from gradum.core.models.parameters import Params

ACTIVATIONS: dict[str, Operation | None] = {
    "relu": Relu(),
    "tanh": Tanh(),
    "logistic": Sigmoid(),
    "identity": None,
    "gelu": Gelu(),
    "selu": Selu(),
}
"""What each activation of the models is as an operation; None where it leaves numbers as they are.
"""


def graph_of(network: Network, params: Params) -> Graph:
    """Return a network as a graph from the first layer's inputs to the logits.

    Its inputs are the dense columns, scaled, then the sparse ones, then the vectors of embedded
    columns, as the first weight takes them.
    """
    activation = ACTIVATIONS[network.activation]
    nodes: list[Node] = []
    for level, layer in enumerate(params["layers"]):
        if level and activation is not None:
            nodes.append(Node(activation, (len(nodes) - 1,)))
        weight = np.asarray(layer["weight"], np.float64)
        bias = np.asarray(layer.get("bias", np.zeros(weight.shape[1])), np.float64)
        nodes.append(Node(Affine(weight, bias), (len(nodes) - 1,)))
    return Graph(network.widths[0], tuple(nodes))
