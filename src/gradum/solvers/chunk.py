"""The compiled program of every first-order solver: some steps, at shapes rounded up.

The program depends on the structure of problem and solver and on the shapes of a chunk,
and on nothing else: not on the number of rows, and on no hyper-parameter. Shapes are rounded up, so
that problems of like shape share one program.

Padding is exact. A padded column is 0 in every row, and its weights start at 0: their
gradient is 0 and they stay there. A padded output, which not every loss can have, has a bias so
low that its probability is exactly 0, and with it the gradient of everything that leads to it.
A padded row has weight 0 and a real row's target. A padded row of the embedding table is never
looked up.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from msgspec import structs

from gradum.core import Network, Params, Problem, objective
from gradum.core.penalties.penalty import column_factors
from gradum.solvers.first_order import FirstOrder

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


class State(NamedTuple):
    """What a step carries on to the next."""

    params: Params
    optimizer: Any


class Batches(NamedTuple):
    """What the steps of a chunk read.

    S steps at most, b rows each. The leading axis of ``inputs``, ``target``, ``weight``
    and ``total`` is S, or 1 where every step reads the same rows.
    """

    inputs: dict[str, Any]  # [S, b, …]
    target: Any  # [S, b], or [S, b, K] for probabilities of K classes
    weight: Any  # [S, b], 0 for rows that only fill up
    total: Any  # [S], what a step's weighted sum is divided by
    factor: Any  # [S], the schedule's factor of the learning rate


class Noise(NamedTuple):
    """The random key of a chunk's steps."""

    key: Any  # uint32 [2], of the whole training
    first: Any  # the number of the chunk's first step


class Info(NamedTuple):
    """What the steps of a chunk report."""

    steps: Any  # taken: fewer than asked for if the gradient vanished or something overflowed
    losses: Any  # [S], the objective before each step
    gradient_norm: Any  # before the last step that was finite
    finite: Any  # whether loss and gradient were, in every step
    stalled: Any  # whether a line search found no step that changes anything


def precision(dtype: Any) -> AbstractContextManager[Any]:
    """Return a scope in which JAX computes in that dtype.

    JAX makes float32 of every float64 that enters it outside of such a scope. A generator
    must not yield inside one, or it would lend the scope to its caller.
    """
    return jax.enable_x64(True) if dtype is np.float64 else nullcontext()


_traces = 0


def traces() -> int:
    """Return how many programs have been traced, and so compiled, in this process."""
    return _traces


@partial(jax.jit, donate_argnums=0)
def run_chunk(
    state: State,
    batches: Batches,
    steps: Any,
    problem: Problem,
    solver: FirstOrder,
    gradient_tol: Any,
    noise: Noise | None = None,
) -> tuple[State, Info]:
    """Take ``steps`` steps, or fewer: until the gradient's norm is at most ``gradient_tol``.

    A step whose loss or gradient is not finite is not taken, and ends the chunk; so does one
    of no length, where a line search looked for its length.
    ``state`` is given away: its memory holds the new state.
    """
    global _traces
    _traces += 1
    transformation = optax.with_extra_args_support(solver.transformation())
    length = batches.factor.shape[0]

    def unfinished(carry: tuple[State, Info]) -> Any:
        info = carry[1]
        unsolved = info.finite & (info.gradient_norm > gradient_tol)
        return (info.steps < steps) & unsolved & ~info.stalled

    def step(carry: tuple[State, Info]) -> tuple[State, Info]:
        (params, optimizer), (i, losses, previous_norm, *_) = carry
        inputs, target, weight, total = jax.tree.map(
            lambda values: values[0] if values.shape[0] == 1 else values[i], batches[:4]
        )

        # A step's chance hangs on its number alone: chunks may begin elsewhere after a resumption.
        key = None if noise is None else jax.random.fold_in(noise.key, noise.first + i)

        def value(params: Params) -> Any:
            return objective(params, problem, inputs, target, weight, total, key)

        loss, gradient = jax.value_and_grad(value)(params)
        norm = optax.tree.norm(gradient)
        finite = jnp.isfinite(loss) & jnp.isfinite(norm)
        update, optimizer = transformation.update(
            gradient, optimizer, params, value=loss, grad=gradient, value_fn=value
        )
        factor = batches.factor[i]
        taken = finite & (norm > gradient_tol)  # what has arrived stays where it was measured
        moved = jax.tree.map(
            lambda old, change: old + jnp.where(taken, factor * change, 0), params, update
        )
        changed = jax.tree.map(lambda old, new: (old != new).any(), params, moved)
        stalled = taken & solver.searches & ~jax.tree.reduce(jnp.logical_or, changed)
        norm = jnp.where(finite, norm, previous_norm)
        info = Info(i + 1, losses.at[i].set(loss), norm, finite, stalled)
        return State(moved, optimizer), info

    dtype = batches.factor.dtype
    losses, norm = jnp.zeros(length, dtype), jnp.array(jnp.inf, dtype)
    nothing = Info(jnp.int32(0), losses, norm, finite=jnp.array(True), stalled=jnp.array(False))
    return jax.lax.while_loop(unfinished, step, (state, nothing))
