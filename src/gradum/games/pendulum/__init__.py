"""Pendulum: a torque too weak to lift it swings a pendulum up and holds it there.

The numbers are those of Gymnasium's Pendulum-v1.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from gradum.games.game import Game
from gradum.games.settings import PPOSettings

GRAVITY = 10.0  # m/s²; the pendulum is a rod of 1 m and 1 kg
SECONDS = 0.05  # per step
FASTEST = 8.0  # rad/s
STRONGEST = 2.0  # Nm
LIMIT = 200


def reset(uniform: Any) -> Any:
    """Return any angle, and a velocity within ±1."""
    return (2 * uniform - 1) * jnp.array([math.pi, 1.0], uniform.dtype)


def step(state: Any, action: Any) -> tuple[Any, Any, Any]:
    """Turn by a torque in Nm, held within ±2.

    The state is the angle θ from upright (rad) and its velocity ω (rad/s). A step costs
    θ² + ω²/10 + u²/1000, with θ within ±π; only the limit of steps ends an episode.
    """
    angle, velocity = state
    torque = jnp.clip(action, -STRONGEST, STRONGEST)
    upright = (angle + math.pi) % (2 * math.pi) - math.pi
    cost = upright**2 + 0.1 * velocity**2 + 0.001 * torque**2
    velocity = velocity + (1.5 * GRAVITY * jnp.sin(angle) + 3 * torque) * SECONDS
    velocity = jnp.clip(velocity, -FASTEST, FASTEST)
    after = jnp.stack([angle + velocity * SECONDS, velocity])
    return after, -cost, jnp.zeros_like(cost, bool)


def observe(state: Any) -> Any:
    """Return the angle's cosine and sine, and the velocity."""
    return jnp.stack([jnp.cos(state[0]), jnp.sin(state[0]), state[1]])


GAME = Game(
    name="pendulum",
    twin="Pendulum-v1",
    observations=("cosine", "sine", "angular_velocity"),
    bounds=(-STRONGEST, STRONGEST),
    limit=LIMIT,
    returns=(-LIMIT * (math.pi**2 + 0.1 * FASTEST**2 + 0.001 * STRONGEST**2), 0.0),
    draws=2,
    reset=reset,
    step=step,
    observe=observe,
    settings=PPOSettings(steps=1_000_000, discount=0.95, epochs=8),
)
