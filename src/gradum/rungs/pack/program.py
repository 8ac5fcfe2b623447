"""The one compiled program in which all members of a pack learn, and another that judges them.

Shapes: S steps of a chunk, M members, B rows of a batch, d columns, D numbers before the first
layer, e embedded columns, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core.losses import Loss
from gradum.core.models.activations import leaky
from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork
from gradum.core.objective import tied
from gradum.rungs.pack import muon_steps
from gradum.rungs.pack.directions import kept_monotone

STEPS = 4  # of a chunk: few, so that small tables fill it, but enough to hide its launch

ONE_THREAD = {"xla_cpu_multi_thread_eigen": False}
"""A product of matrices is not divided among cores: how many there are would change its bits."""

DECAYS = {"weight": "decay", "embedding": "embedding_decay"}  # of parameters, the name of the decay

_adam = optax.scale_by_adam(b1=0.9, b2=0.97)


class PackBatches(NamedTuple):
    """What a chunk learns from, with separate rows for every member.

    ``dense`` [S, M, B, d], ``codes`` [S, M, B, e] or None, ``target`` [S, M, B], or [S, M, B, K]
    for shares of more than two classes, ``weight`` [S, M, B], ``rate`` [S] (the factor of all
    learning rates) and ``seed`` [S] (of what is left out).
    """

    dense: Any
    codes: Any
    target: Any
    weight: Any
    rate: Any
    seed: Any


class PackState(NamedTuple):
    """What training carries from step to step: the parameters, and Adam's moments."""

    params: Params
    moments: Any


@dataclass(frozen=True)
class PackProgram:
    """What is compiled: a network and its loss; the same for all fits of similar shape.

    Parameters
    ----------
    wide : bool
        Whether any member has a wide part; if none has, it is not computed.
    scale_factor, leak_factor : float
        Factors of the learning rates of the diagonal layer and of the units' leaks.
    muon : float
        Factor of the learning rate by which hidden matrices take Muon's steps; 0 if they take
        Adam's.
    """

    network: PackNetwork
    loss: Loss
    wide: bool = True
    scale_factor: float = 6.0
    leak_factor: float = 1.0
    muon: float = 0.0

    def start(self, params: Params) -> PackState:
        """Return the state before the first step; ``params`` are the parameters that learn."""
        # Adam begins with zeros, made in NumPy: JAX would compile a program for every one of them.
        zeros = (jax.tree.map(np.zeros_like, params) for _ in range(2))
        moments = optax.ScaleByAdamState(np.zeros(self.network.members, np.int32), *zeros)
        return PackState(*jax.device_put((params, moments)))

    @partial(jax.jit, static_argnums=0, donate_argnums=1, compiler_options=ONE_THREAD)
    def learn(self, state: PackState, fixed: Params, hyper: Params, batches: PackBatches) -> Any:
        """Take S steps; return the state, and the mean loss of each member [M].

        ``fixed`` holds the parameters that do not learn. ``hyper`` has ``learning_rate``,
        ``decay``, ``embedding_decay``, ``dropout``, ``column_dropout`` and ``label_smoothing`` [M],
        and ``source`` [C, D], 1 where one of the D numbers was made from that one of the table's C
        columns, else 0. It may also have ``directions``, layer by layer: then each step ends in the
        nearest parameters that are monotone. If these are not all members, ``first`` is the number
        of the first of them: what is left out of a member hangs on its own number alone.
        """

        def step(state: PackState, batch: PackBatches) -> tuple[PackState, jax.Array]:
            def total(params: Params) -> tuple[jax.Array, jax.Array]:
                logits = self._learning_logits(params, fixed, hyper, batch)
                target = self._smoothed(batch.target, hyper["label_smoothing"])
                losses = (self._losses(logits, target) * batch.weight).mean(axis=1)
                return losses.sum(), losses

            (_, losses), slopes = jax.value_and_grad(total, has_aux=True)(state.params)
            slopes = tied(slopes, self.loss)
            moves, moments = jax.vmap(_adam.update)(slopes, state.moments)
            if self.muon:
                moves = self._with_muon(moves, slopes, moments)
            params = self._moved(state.params, tied(moves, self.loss), hyper, batch.rate)
            return PackState(params, moments), losses

        state, losses = jax.lax.scan(step, state, batches)
        return state, losses.mean(axis=0)

    @partial(jax.jit, static_argnums=0, compiler_options=ONE_THREAD)
    def judge(self, params: Params, fixed: Params, dense: Any, codes: Any) -> jax.Array:
        """Return the members' logits [M, n, k] for the rows of each, dense [M, n, d]."""
        return _logits(self.network, folded(params) | fixed, dense, codes)

    def _learning_logits(
        self, params: Params, fixed: Params, hyper: Params, batch: PackBatches
    ) -> Any:
        network, layers = self.network, folded(params)["layers"]
        x = network.expand(params | fixed, batch.dense, batch.codes, jnp)
        columns, first = hyper["source"].shape[0], hyper.get("first", jnp.uint32(0))
        kept = _kept((*x.shape[:2], columns), hyper["column_dropout"], batch.seed, first)
        z = x * (kept @ hyper["source"])  # a product, because gathering takes as long as the layer
        for level, layer in enumerate(layers[:-1], 1):
            z = leaky(z @ layer["weight"] + layer["bias"][:, None], layer["leak"], jnp)
            seed = batch.seed + jnp.uint32(7919 * level)
            z = z * _kept(z.shape, hyper["dropout"], seed, first)
        logits = z @ layers[-1]["weight"] + layers[-1]["bias"][:, None]
        # The linear model stays as it is: only what the layers add to it is learned.
        return logits + jax.lax.stop_gradient(x @ fixed["wide"]) if self.wide else logits

    def _smoothed(self, target: Any, smoothing: Any) -> Any:
        """Return smoothed shares [M, B, K], for two classes [M, B]: (1 - s) t + s / K."""
        if self.loss.link != "logit" or self.loss.one_score:
            return target
        classes = max(self.network.outputs, 2)
        codes = classes > 2 and target.ndim == 2
        share = jax.nn.one_hot(target, classes) if codes else target
        smoothing = smoothing.reshape(-1, *[1] * (share.ndim - 1))
        return (1 - smoothing) * share + smoothing / classes

    def _losses(self, logits: Any, target: Any) -> Any:
        """Return the loss of each row [M, B]."""
        members, rows, outputs = logits.shape
        flat = target.reshape(members * rows, *target.shape[2:])
        return self.loss.value(logits.reshape(-1, outputs), flat).reshape(members, rows)

    def _with_muon(self, moves: Any, slopes: Params, moments: Any) -> Params:
        """Replace Adam's steps by Muon's for all layers but the first and the last."""
        layers = list(moves["layers"])
        for level in range(1, len(layers) - 1):
            slope, mean = (state["layers"][level]["weight"] for state in (slopes, moments.mu))
            layers[level] = layers[level] | {"weight": self.muon * muon_steps.step(slope, mean)}
        return moves | {"layers": layers}

    def _moved(self, params: Params, moves: Any, hyper: Params, rate: Any) -> Params:
        """Take the step, times each member's learning rate; weights also decay, apart from it."""
        step = hyper["learning_rate"] * rate

        def move(path: Any, value: Any, direction: Any) -> Any:
            name = str(path[-1].key)
            size = step.reshape(-1, *[1] * (value.ndim - 1))
            size = {"scale": self.scale_factor, "leak": self.leak_factor}.get(name, 1.0) * size
            moved = value - size * direction
            if name in DECAYS:
                moved -= size * hyper[DECAYS[name]].reshape(size.shape) * value
            return moved

        moved = jax.tree_util.tree_map_with_path(move, params, moves)
        directions = hyper.get("directions")
        return moved if directions is None else kept_monotone(moved, directions)


def folded(params: Params) -> Params:
    """Multiply the diagonal layer ``scale`` [M, D] into the first weights."""
    first, *others = params["layers"]
    first = first | {"weight": first["weight"] * params["scale"][:, :, None]}
    return {name: value for name, value in params.items() if name != "scale"} | {
        "layers": [first, *others]
    }


def _logits(network: PackNetwork, params: Params, dense: Any, codes: Any) -> Any:
    return network.logits_of(params, network.expand(params, dense, codes, jnp), jnp)


def _kept(shape: tuple[int, ...], share: Any, seed: Any, first: Any) -> Any:
    """Return 0 for what is left out, a share [M] of all, and 1 / (1 - share) for the rest.

    ``first`` is the number of the first of the M members.
    """
    share = share.reshape(-1, *[1] * (len(shape) - 1))
    left_out = _bytes(shape, seed, first).astype(jnp.float32) < 256 * share
    return jnp.where(left_out, 0.0, 1.0 / (1.0 - share))


def _bytes(shape: tuple[int, ...], seed: Any, first: Any) -> Any:
    """Return random bytes from a counter and a 32-bit mixer, much cheaper than JAX's own bits.

    Each member [M] has counts of its own. The mixer is "lowbias32" of C. Wellons' hash prospector.
    """
    members, *rest = shape
    size = int(np.prod(rest))
    words = -(-size // 4)
    counter = jax.lax.iota(jnp.uint32, members * words) + first * jnp.uint32(words)
    bits = counter * jnp.uint32(0x9E3779B1) + seed
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = (bits ^ (bits >> shift)) * jnp.uint32(factor)
    bits ^= bits >> 16
    drawn = jax.lax.bitcast_convert_type(bits, jnp.uint8).reshape(members, 4 * words)
    return drawn[:, :size].reshape(shape)
