"""The compiled program of every first-order solver: some steps, with rounded-up shapes.

The program depends only on the structure of problem and solver and on the shapes of a chunk, not on
the number of rows or on any hyper-parameter. Shapes are rounded up, so that problems of similar
shape share one program.

Padding is exact. A padded column is 0 in every row, and its weights start at 0; their gradient is
0, so they stay 0. A padded output, which not every loss can have, has a bias so low that its
probability is exactly 0, and so is the gradient of everything that leads to it. A padded row has
weight 0 and a real row's target. A padded row of the embedding table is never looked up.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from msgspec import structs

from gradum.core import Network, Params, Problem, objective
from gradum.core.penalties.penalty import column_factors
from gradum.solvers.first_order import FirstOrder

NEVER = -1e9  # a logit whose exponential is 0 relative to any other


def bucket(size: int, *, per_octave: int = 4) -> int:
    """Return the least round number ≥ ``size``; there are ``per_octave`` of them per doubling.

    With 4 per doubling: 1 … 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, …
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
        The penalty does not have one factor per column.
    """
    network, loss, embedding = problem.network, problem.loss, problem.network.embedding
    # One or two outputs are not padded: one output has its own form of log loss.
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
    """Return new arrays with the padded network's shapes."""
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

    They are copies because the next compiled call may overwrite the arrays that it gets.
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
    """What a step passes on to the next."""

    params: Params
    optimizer: Any


class Batches(NamedTuple):
    """What the steps of a chunk read.

    There are at most S steps with b rows each. The leading axis of ``inputs``, ``target``,
    ``weight`` and ``total`` is S, or 1 if every step reads the same rows.
    """

    inputs: dict[str, Any]  # [S, b, …]
    target: Any  # [S, b], or [S, b, K] for probabilities of K classes
    weight: Any  # [S, b], 0 for padding rows
    total: Any  # [S], what a step's weighted sum is divided by
    factor: Any  # [S], the schedule's factor of the learning rate


class Noise(NamedTuple):
    """The random key of a chunk's steps."""

    key: Any  # uint32 [2], of the whole training
    first: Any  # the number of the chunk's first step


class Info(NamedTuple):
    """What the steps of a chunk report."""

    steps: Any  # taken; fewer than asked for if the gradient vanished or something overflowed
    losses: Any  # [S], the objective before each step
    gradient_norm: Any  # before the last finite step
    finite: Any  # whether loss and gradient were finite in every step
    stalled: Any  # whether a line search found no step that changes anything


def precision(dtype: Any) -> AbstractContextManager[Any]:
    """Return a context in which JAX computes in this dtype.

    Outside such a context, JAX converts every float64 to float32. A generator must not yield inside
    one, because the context would then hold in its caller too.
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

    A step whose loss or gradient is not finite is not taken, and ends the chunk. A step of length 0
    from a line search ends it too. ``state`` is donated: its memory is used for the new state.
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

        # A step's random key depends only on its number: after a resumption, chunks may begin
        # elsewhere.
        key = None if noise is None else jax.random.fold_in(noise.key, noise.first + i)

        def value(params: Params) -> Any:
            return objective(params, problem, inputs, target, weight, total, key)

        loss, gradient = jax.value_and_grad(value)(params)
        gradient = problem.tied(gradient)
        norm = optax.tree.norm(gradient)
        finite = jnp.isfinite(loss) & jnp.isfinite(norm)
        update, optimizer = transformation.update(
            gradient, optimizer, params, value=loss, grad=gradient, value_fn=value
        )
        update, factor = problem.tied(cast(Params, update)), batches.factor[i]
        taken = finite & (norm > gradient_tol)  # at the optimum, stay where it was measured
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
