"""A pack as a graph of operations, with each member separate until their answers are combined.

So linear forms of one member's units never involve the other members.

Shapes: M members, d columns of the dense block, c of them coded, T codes per coded column,
D numbers before a member's first layer, k outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
import numpy as np

from gradum.core.bounds.arrangement import Concatenated, Selected
from gradum.core.bounds.graph import INPUT, Draft, Graph
from gradum.core.bounds.linear import Affine, Sum
from gradum.core.bounds.logarithm import Log, Logit
from gradum.core.bounds.operation import Operation
from gradum.core.bounds.piecewise import Leaky, Ramp
from gradum.core.bounds.s_shaped import Sigmoid
from gradum.core.bounds.smooth import Cosine
from gradum.core.bounds.softmax import softmax
from gradum.core.models.network import looked_up

if TYPE_CHECKING:
    from gradum.core.models.pack_network import PackNetwork
    from gradum.core.models.parameters import Params

NEVER_RISEN = -0.5
"""The code of a ramp with slope 0, whatever the column's value is."""


def pack_graph(network: PackNetwork, params: Params, levels: Sequence[int]) -> Graph:
    """Return a pack as a graph; see `Architecture.graph`."""
    # Parameters trained by JAX may still be on its device.
    params = jax.tree.map(lambda array: np.asarray(array, np.float64), params)
    text = len(params["projection"]) if network.projected else 0
    dense = network.inputs - len(network.pairs) - network.projected
    draft = Draft(dense + text + sum(levels))
    row = draft.add(Selected(np.arange(dense)), INPUT)
    parts = [row]
    if network.pairs:
        parts.append(draft.add(_pairs(network, dense), row))
    if text:
        words = draft.add(Selected(dense + np.arange(text)), INPUT)
        projection = Affine(params["projection"], np.zeros(network.projected))
        parts.append(draft.add(projection, words))
    row = draft.add(Concatenated(), *parts)
    known = draft.add(Selected(dense + text + np.arange(sum(levels))), INPUT)
    shared = ("projection", "sharpness", "share")
    members = {name: array for name, array in params.items() if name not in shared}
    logits = []
    for member in range(network.members):
        own = jax.tree.map(lambda array, member=member: array[member], members)
        risen = np.flatnonzero(own["slope"])
        x = [row]
        if len(risen):
            columns = np.array(network.coded, np.intp)[risen // network.codes]
            x.append(draft.add(_codes(own, risen), draft.add(Selected(columns), row)))
        if network.embedding:
            x.append(draft.add(looked_up(own["embedding"], levels), known))
        x = draft.add(Concatenated(), *x)
        logits.append(_member(draft, network, own, x, risen))
    return _together(draft, network, params, logits)


def _pairs(network: PackNetwork, dense: int) -> Affine:
    first, second, sign = np.array(network.pairs).T
    weight, pairs = np.zeros((dense, len(sign))), np.arange(len(sign))
    weight[first, pairs] = 1.0
    weight[second, pairs] = sign
    return Affine(weight, np.zeros(len(sign)), roundings=1)


def _codes(member: Params, risen: np.ndarray) -> Operation:
    """Return a member's codes that rise or oscillate, each an operation on its own column."""
    shift, slope = member["shift"].ravel()[risen], member["slope"].ravel()[risen]
    return Cosine(shift, slope) if member["wave"] > 0 else Ramp(shift, slope)


def _member(draft: Draft, network: PackNetwork, member: Params, x: int, risen: np.ndarray) -> int:
    """Add a member's layers behind x₀, and return the place of its logits [k]."""
    places = network.inputs + np.arange(len(network.coded) * network.codes)
    still = np.delete(places, risen)
    ramps = member["wave"] == 0
    # Where ramps rise in turn, a network may sum up their weights before it knows a row: W is then
    # rounded 3 T times as often as ½ W, whatever the codes are.
    summed = 0.5 * ramps * (3 * network.codes + 17) / (network.first + 2)

    def first(weight: np.ndarray, bias: np.ndarray) -> Affine:
        """Return a product with x₀ [D] that leaves out the codes that never rise."""
        rest = weight[still] * (NEVER_RISEN if ramps else 1.0)
        return Affine(
            np.delete(weight, still, axis=0),
            bias + rest.sum(axis=0),
            roundings=network.first + 2,
            size=np.abs(rest).sum(axis=0) + summed * np.abs(weight[places]).sum(axis=0),
        )

    hidden, last = member["layers"][:-1], member["layers"][-1]
    place = x
    for level, layer in enumerate(hidden):
        product = Affine if level else first
        place = draft.add(product(layer["weight"], layer["bias"]), place)
        place = draft.add(Leaky(layer["leak"]), place)
    place = draft.add(Affine(last["weight"], last["bias"]), place)
    wide = draft.add(first(member["wide"], np.zeros(network.outputs)), x)
    return draft.add(Sum((1.0, 1.0)), place, wide)


def _together(draft: Draft, network: PackNetwork, params: Params, logits: list[int]) -> Graph:
    """Add the combination of the members' logits."""
    outputs, share = network.outputs, params["share"]
    weight = np.kron(share[:, None], np.eye(outputs))
    if network.link == "identity":
        draft.add(Affine(weight, np.zeros(outputs)), draft.add(Concatenated(), *logits))
        return draft.graph()
    if outputs == 1:
        weight = share[:, None] / share.sum()  # a mean's odds do not depend on the shares' sum
        members = draft.add(Sigmoid(), draft.add(Concatenated(), *logits))
    else:
        members = [draft.append(softmax(outputs), place) for place in logits]
        members = draft.add(Concatenated(), *members)
    mean = draft.add(Affine(weight, np.zeros(outputs), len(share) + 16), members)
    place = draft.add(Logit() if outputs == 1 else Log(), mean)
    draft.add(Affine(params["sharpness"] * np.eye(outputs), np.zeros(outputs), 1), place)
    return draft.graph()
