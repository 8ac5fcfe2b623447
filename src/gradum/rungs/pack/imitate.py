"""A pack of few members that answers as a larger one does: chosen, then tuned together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core.losses import Loss, resolve
from gradum.core.models.pack_network import PackNetwork
from gradum.core.models.parameters import Params
from gradum.rungs.pack.goal import LEAST_PROBABILITY
from gradum.rungs.pack.held_out_logits import part
from gradum.rungs.pack.select import answers, greedy, sharpness_for
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.rung import Rung
from gradum.rungs.transfer_set import TransferSet

MOST_ROWS = 8_192
"""So many rows tell which members come nearest."""

LEARNED = ("layers", "wide", "embedding")
EPOCHS, BATCH, RATE, STEPS = 4, 256, 1e-3, 64
"""Passes over the transfer set, rows a step, Adam's first step, and steps a chunk."""


def imitate(taught: TransferSet, spec: PackSpec, rng: np.random.Generator) -> Rung:
    """Return the pack of the ``kept`` members whose weighted mean comes nearest to the teacher.

    Near is the loss of the mean where the teacher's answers are the targets. By that loss the
    members then learn together, unless they are monotone.
    """
    teacher, few = taught.teacher, np.arange(len(taught))
    if len(few) > MOST_ROWS:
        few = np.sort(rng.choice(few, MOST_ROWS, replace=False))
    network, layer = teacher.network, teacher.input_layer
    assert isinstance(network, PackNetwork)
    assert layer is not None
    target, weight = taught.answers[few], taught.weight[few] / taught.weight[few].sum()
    inputs = layer(taught.design.take(few).arrays, dtype=teacher.dtype)
    logits = network.members_forward(teacher.params, inputs).astype(np.float64)
    predicted = answers(network, logits)
    target = answers(network, target[None])[0]

    def cost(means: np.ndarray) -> np.ndarray:
        if network.link == "identity":
            return np.square(means - target).sum(axis=2) @ weight
        return -(np.log(np.maximum(means, LEAST_PROBABILITY)) * target).sum(axis=2) @ weight

    share = greedy(predicted, cost, picks=spec.picks, most=spec.kept)
    members = np.flatnonzero(share)
    share = share[members]
    rung = part(teacher, members)
    smaller = rung.network
    assert isinstance(smaller, PackNetwork)
    rung.params["share"] = share.astype(np.float32)
    if network.link == "logit":
        mean = np.tensordot(share, predicted[members], 1)
        rung.params["sharpness"] = np.array([sharpness_for(mean, target, weight)], np.float32)
    if not taught.rows.monotone:  # which training might end
        loss = resolve(teacher.loss)
        rung = replace(rung, params=tuned(smaller, rung.params, taught, loss, rng))
    settings = {**teacher.settings, "kept": len(members)}
    for name in ("held_out", "teaching"):
        if name in settings:
            settings[name] = [settings[name][member] for member in members]
    return replace(rung, settings=settings)


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
