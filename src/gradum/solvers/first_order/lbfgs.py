"""L-BFGS: the curvature learnt from the last few steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from gradum.errors import SpecError
from gradum.solvers.first_order.solver import Searching, line_search, pytree


@pytree(values=(), structure=("memory",))
@dataclass(frozen=True)
class LBFGS(Searching):
    """Limited-memory BFGS on all rows: θ ← θ − t·H∇, with t found by a line search.

    H, an estimate of the inverse Hessian, is made from the last m differences of parameters and of
    gradients. The method takes no learning rate, and on a smooth convex problem it needs far fewer
    steps than gradient descent. D. C. Liu and J. Nocedal, Mathematical Programming 45, 1989.

    Parameters
    ----------
    memory : int
        m, at least 1. Each value compiles its own program.

    Raises
    ------
    SpecError
        The memory is not an integer of at least 1.
    """

    memory: int = 10

    def __post_init__(self) -> None:
        if not (isinstance(self.memory, int) and self.memory >= 1):
            raise SpecError(
                "memory is {memory!r}.", "Give a whole number from 1 up.", memory=self.memory
            )

    def transformation(self) -> optax.GradientTransformation:
        """Return −H∇, times the length that the search finds."""
        return optax.chain(
            _quasi_newton(self.memory), optax.scale(-1.0), line_search(from_last=False)
        )


class LBFGSState(NamedTuple):
    """The last point and the differences before it, oldest first, for P parameters in one row."""

    steps: Any
    params: Any  # [P]
    gradient: Any  # [P]
    moves: Any  # s, [m, P]
    changes: Any  # y, [m, P]
    inverse: Any  # 1 / sᵀy, [m]; 0 where there is no difference yet


def _quasi_newton(size: int) -> optax.GradientTransformation:
    """Turn the gradient into H∇.

    The parameters form one row of numbers, which compiles several times as fast as tensor by
    tensor.
    """

    def init(params: Any) -> LBFGSState:
        row = jnp.zeros_like(ravel_pytree(params)[0])
        rows = jnp.zeros((size, len(row)), row.dtype)
        return LBFGSState(jnp.int32(0), row, row, rows, rows, jnp.zeros(size, row.dtype))

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        gradient, restored = ravel_pytree(updates)
        point = ravel_pytree(params)[0]
        move, change = point - state.params, gradient - state.gradient
        curved = move @ change
        # Only upward curvature can be learnt from: H must stay positive definite.
        known = (state.steps > 0) & (curved > 0)
        moves, changes, inverse = jax.tree.map(
            lambda old, new: jnp.where(known, jnp.concatenate([old[1:], new[None]]), old),
            (state.moves, state.changes, state.inverse),
            (move, change, 1.0 / jnp.where(known, curved, 1.0)),
        )
        step = two_loops(gradient, moves, changes, inverse)
        memory = LBFGSState(state.steps + 1, point, gradient, moves, changes, inverse)
        return restored(step), memory

    return optax.GradientTransformation(init, update)


def two_loops(gradient: Any, moves: Any, changes: Any, inverse: Any) -> Any:
    """Return H∇: Nocedal and Wright, Numerical Optimization, algorithm 7.4.

    H₀ is sᵀy / yᵀy of the last difference; before the first difference, the step is at most 1 long.
    """

    def backward(step: Any, pair: Any) -> Any:
        move, change, inverse = pair
        share = inverse * (move @ step)
        return step - share * change, share

    def forward(step: Any, pair: Any) -> Any:
        move, change, inverse, share = pair
        return step + (share - inverse * (change @ step)) * move, None

    step, shares = jax.lax.scan(backward, gradient, (moves, changes, inverse), reverse=True)
    curved = inverse[-1] * (changes[-1] @ changes[-1])
    first = jnp.minimum(1.0, 1.0 / jnp.linalg.norm(gradient))
    step *= jnp.where(curved > 0, 1.0 / curved, first)
    return jax.lax.scan(forward, step, (moves, changes, inverse, shares))[0]
