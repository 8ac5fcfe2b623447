"""Advantages of actions: how much more they brought than was expected.

Shapes: T steps of N lanes.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def advantages(
    rewards: Any,
    values: Any,
    following: Any,
    terminated: Any,
    ended: Any,
    *,
    discount: float,
    trace: float,
) -> Any:
    """Return generalised advantage estimates (T, N).

    δₜ = rₜ + γ V(sₜ₊₁) − Vₜ, where V(sₜ₊₁) is 0 after an end of the game's own; and
    Aₜ = δₜ + γλ Aₜ₊₁ within an episode. J. Schulman and others, High-dimensional continuous control
    using generalized advantage estimation, 2016.

    Parameters
    ----------
    rewards : array of shape (T, N)
    values, following : arrays of shape (T, N)
        The values expected of the state in which each step was taken, and of the one that it led
        to, before any reset.
    terminated, ended : bool arrays of shape (T, N)
        Whether the game ended there, and whether the episode did, which a limit of steps ends too.
    discount, trace : float
        γ and λ.
    """
    errors = rewards + discount * jnp.where(terminated, 0.0, following) - values

    def backwards(later: Any, step: Any) -> tuple[Any, Any]:
        error, end = step
        here = error + discount * trace * jnp.where(end, 0.0, later)
        return here, here

    last = jnp.zeros_like(errors[0])
    return jax.lax.scan(backwards, last, (errors, ended), reverse=True)[1]
