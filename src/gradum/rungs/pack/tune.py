"""Few networks of a pack learn together to answer as all of them did."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core.losses import Loss
from gradum.core.models.pack_network import PackNetwork
from gradum.core.models.parameters import Params
from gradum.rungs.transfer_set import TransferSet

LEARNED = ("layers", "wide", "embedding")
EPOCHS, BATCH, RATE, STEPS = 4, 256, 1e-3, 64
"""Passes over the transfer set, rows a step, Adam's first step, and steps a chunk."""


def tuned(
    network: PackNetwork, params: Params, taught: TransferSet, loss: Loss, rng: np.random.Generator
) -> Params:
    """Return parameters under which the networks' mean answers come nearer to the teacher's.

    Adam minimises the loss of the mean, with the teacher's answers as targets; its steps fall to 0
    along a cosine. Codes, shares and sharpness stay.
    """
    layer, teacher = taught.teacher.input_layer, taught.teacher
    assert layer is not None
    inputs = network.laid_flat(params, layer(taught.design.arrays, dtype=teacher.dtype))
    weight = (taught.weight / taught.weight.mean()).astype(np.float32)
    data = jax.tree.map(jnp.asarray, (inputs, taught.soft.astype(np.float32), weight))
    learned: Any = {name: params[name] for name in LEARNED if name in params}
    fixed = {name: leaf for name, leaf in params.items() if name not in learned}
    chunks = max(1, EPOCHS * len(taught) // (BATCH * STEPS))
    adam = optax.adam(optax.cosine_decay_schedule(RATE, chunks * STEPS))

    def cost(learned: Params, batch: Any) -> Any:
        rows, target, weight = batch
        logits = network.flattened.apply({**fixed, **learned}, rows)
        return (weight * loss.value(logits, target)).mean()

    @jax.jit
    def chunk(learned: Params, state: Any, data: Any, drawn: Any) -> Any:
        def step(carry: Any, places: Any) -> Any:
            learned, state = carry
            slope = jax.grad(cost)(learned, jax.tree.map(lambda leaf: leaf[places], data))
            move, state = adam.update(slope, state)
            return (optax.apply_updates(learned, move), state), None

        return jax.lax.scan(step, (learned, state), drawn)[0]

    state, order = adam.init(learned), np.zeros(0, np.intp)
    for _ in range(chunks):
        while len(order) < BATCH * STEPS:
            order = np.concatenate([order, rng.permutation(len(taught))])
        drawn, order = order[: BATCH * STEPS], order[BATCH * STEPS :]
        learned, state = chunk(learned, state, data, drawn.reshape(STEPS, BATCH))
    return {**params, **jax.tree.map(np.asarray, learned)}
