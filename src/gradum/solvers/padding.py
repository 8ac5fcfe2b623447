"""Shapes rounded up, so that problems of like shape share one compiled program.

Padding is exact. A padded column is 0 in every row, and its weights start at 0: their
gradient is 0 and they stay there. A padded output, which not every loss can have, has a bias so
low that its probability is exactly 0, and with it the gradient of everything that leads to it.
A padded row has weight 0 and a real row's target. A padded row of the embedding table is never
looked up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from msgspec import structs

from gradum.core import Network, Params, Problem
from gradum.core.penalties.penalty import column_factors

NEVER = -1e9  # a logit whose exponential is 0 beside any other


def bucket(size: int, *, per_octave: int = 4) -> int:
    """Return the least round number ≥ ``size``, ``per_octave`` of them to a doubling.

    With 4 to a doubling: 1 … 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, …
    """
    if size <= per_octave:
        return size
    grain = 1 << ((size - 1) // per_octave).bit_length() - 1
    return -(-size // grain) * grain


def pad_problem(problem: Problem) -> Problem:
    """Return the problem with inputs, outputs and embedding rounded up.

    Raises
    ------
    ShapeError
        The penalty has other than one factor a column.
    """
    network, loss, embedding = problem.network, problem.loss, problem.network.embedding
    # Of one or two outputs none is added: one has its own form of log loss.
    pads_outputs = loss.pads_outputs and network.outputs > 2 and network.intercept
    padded = structs.replace(
        network,
        inputs=bucket(network.inputs),
        outputs=bucket(network.outputs, per_octave=2) if pads_outputs else network.outputs,
        embedding=embedding and replace(embedding, rows=bucket(embedding.rows, per_octave=2)),
    )
    return replace(problem, network=padded, penalty=_pad_penalty(problem.penalty, network, padded))


def _pad_penalty(penalty: Any, network: Network, padded: Network) -> Any:
    """Return the penalty with a factor for every row of the first weight, if it has any."""
    if penalty.factor is None:
        return penalty
    factor = np.ones(padded.widths[0])
    factor[: network.inputs] = column_factors(penalty.factor, network.inputs)
    return replace(penalty, factor=factor)


def pad_params(params: Params, network: Network, padded: Network) -> Params:
    """Return new arrays, in the padded network's shapes."""
    layers = [
        {name: np.array(value) for name, value in layer.items()} for layer in params["layers"]
    ]
    extra = padded.inputs - network.inputs
    layers[0]["weight"] = np.insert(layers[0]["weight"], [network.inputs] * extra, 0.0, axis=0)
    unused = padded.outputs - network.outputs
    if unused:
        last = layers[-1]
        last["weight"] = np.pad(last["weight"], [(0, 0), (0, unused)])
        last["bias"] = np.pad(last["bias"], (0, unused), constant_values=NEVER)
    result: Params = {"layers": layers}
    if network.embedding and padded.embedding:
        rows = padded.embedding.rows - network.embedding.rows
        result["embedding"] = np.pad(params["embedding"], [(0, rows), (0, 0)])
    return result


def unpad_params(params: Any, network: Network, padded: Network) -> Params:
    """Return copies on the host, in the network's own shapes.

    Copies, because the next compiled call is free to overwrite the arrays it was given.
    """
    layers = [
        {name: np.array(value) for name, value in layer.items()} for layer in params["layers"]
    ]
    if padded.inputs != network.inputs:
        surplus = slice(network.inputs, padded.inputs)
        layers[0]["weight"] = np.delete(layers[0]["weight"], surplus, axis=0)
    if padded.outputs != network.outputs:
        layers[-1] = {
            name: np.ascontiguousarray(value[..., : network.outputs])
            for name, value in layers[-1].items()
        }
    result: Params = {"layers": layers}
    if network.embedding:
        result["embedding"] = np.array(params["embedding"][: network.embedding.rows])
    return result
