"""A pack of few members that answers as a larger one does: those that together come nearest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradum.core.losses import resolve
from gradum.core.models.pack_network import PackNetwork
from gradum.rungs.pack.goal import LEAST_PROBABILITY
from gradum.rungs.pack.held_out_logits import part
from gradum.rungs.pack.select import answers, greedy, sharpness_for
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.pack.tune import tuned
from gradum.rungs.rung import Rung
from gradum.rungs.transfer_set import TransferSet

MOST_ROWS = 8_192
"""So many rows tell which members come nearest."""


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
