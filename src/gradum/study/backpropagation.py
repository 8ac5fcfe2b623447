"""The chain rule by hand, in NumPy float64: forward pass, backward pass and gradient.

Shapes for one row: z_0 [d] enters, layer l has a_l = z_{l-1} W_l + b_l and z_l = σ(a_l), and the
last a_l are the logits [k].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradum.core import ACTIVATIONS, Inputs, Network, Params, Penalty
from gradum.core.models.input_blocks import codes_in


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, with its values in the forward and the backward pass."""

    input: np.ndarray
    """Of shape (in,). z_{l-1}."""
    weight: np.ndarray
    """Of shape (in, out). W_l."""
    bias: np.ndarray | None
    """Of shape (out,). b_l."""
    activation: str | None
    """σ; None for the last layer, whose a_l are the logits."""
    pre_activation: np.ndarray
    """Of shape (out,). a_l = z_{l-1} W_l + b_l."""
    output: np.ndarray
    """Of shape (out,). z_l = σ(a_l); the logits themselves for the last layer."""
    slope: np.ndarray
    """Of shape (out,). σ′(a_l); ones for the last layer."""
    delta: np.ndarray
    """Of shape (out,). δ_l = dℓ/da_l: the slope of the loss itself for the last layer, (W_{l+1}
    δ_{l+1}) σ′(a_l) below."""
    weight_gradient: np.ndarray
    """Of shape (in, out). dL/dW_l = z_{l-1}ᵀ δ_l, plus the penalty's slope."""

    @property
    def bias_gradient(self) -> np.ndarray | None:
        """Return dL/db_l = δ_l, [out]; None without a bias."""
        return None if self.bias is None else self.delta


def forward_pass(
    network: Network, params: Params, row: Inputs
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return z_{l-1} and a_l of every layer."""
    z = network.first(params, row)[0]
    sigma, passes = ACTIVATIONS[network.activation].numpy, []
    for layer in params["layers"]:
        a = z @ layer["weight"] + layer.get("bias", 0.0)
        passes.append((z, a))
        z = sigma(a)
    return passes


def backward_pass(
    network: Network,
    params: Params,
    forward: list[tuple[np.ndarray, np.ndarray]],
    delta: np.ndarray,
) -> list[np.ndarray]:
    """Return δ_l of every layer, given that of the last layer: δ_l = (W_{l+1} δ_{l+1}) σ′(a_l)."""
    derivative, deltas = ACTIVATIONS[network.activation].derivative, [delta]
    for above, (_, a) in zip(params["layers"][:0:-1], forward[-2::-1], strict=True):
        deltas.insert(0, (above["weight"] @ deltas[0]) * derivative(a))
    return deltas


def loss_gradient(
    network: Network,
    params: Params,
    row: Inputs,
    forward: list[tuple[np.ndarray, np.ndarray]],
    deltas: list[np.ndarray],
) -> Params:
    """Return dℓ/dW_l = z_{l-1}ᵀ δ_l, dℓ/db_l = δ_l, and what reaches z_0 for the table."""
    layers = []
    for layer, (z, _), delta in zip(params["layers"], forward, deltas, strict=True):
        slopes = {"weight": np.outer(z, delta)}
        layers.append({**slopes, "bias": delta} if "bias" in layer else slopes)
    gradient: Params = {"layers": layers}
    if network.embedding:
        reaching = params["layers"][0]["weight"] @ deltas[0]
        table = np.zeros_like(params["embedding"])
        vectors = reaching[network.inputs :].reshape(network.embedding.columns, -1)
        np.add.at(table, codes_in(row)[0], vectors)
        gradient["embedding"] = table
    return gradient


def with_penalty(gradient: Params, penalty: Penalty, params: Params) -> Params:
    """Add l1·sign(w) + l2·w for every weight w; at the kink of |w|, the slope is 0."""

    def priced(slope: np.ndarray, weight: np.ndarray, price: Penalty) -> np.ndarray:
        l1, l2 = (strength[:, None] for strength in price.strengths(len(weight)))
        return slope + l1 * np.sign(weight) + l2 * weight

    # A factor belongs to an input column; all other weights have 1.
    free: Any = penalty if penalty.factor is None else replace(penalty, factor=None)  # type: ignore[type-var]
    layers = [
        {**slopes, "weight": priced(slopes["weight"], layer["weight"], free if level else penalty)}
        for level, (slopes, layer) in enumerate(
            zip(gradient["layers"], params["layers"], strict=True)
        )
    ]
    total: Params = {"layers": layers}
    if "embedding" in params:
        total["embedding"] = priced(gradient["embedding"], params["embedding"], free)
    return total


def layers_of(
    network: Network,
    params: Params,
    gradient: Params,
    forward: list[tuple[np.ndarray, np.ndarray]],
    deltas: list[np.ndarray],
) -> tuple[Layer, ...]:
    """Gather the values of every layer from the passes and the gradient."""
    sigma, layers = ACTIVATIONS[network.activation], []
    for level, ((z, a), delta) in enumerate(zip(forward, deltas, strict=True)):
        last, layer = level == len(forward) - 1, params["layers"][level]
        layers.append(
            Layer(
                z,
                layer["weight"],
                layer.get("bias"),
                None if last else network.activation,
                a,
                a if last else sigma.numpy(a),
                np.ones_like(a) if last else sigma.derivative(a),
                delta,
                gradient["layers"][level]["weight"],
            )
        )
    return tuple(layers)
