"""MountainCar: a car too weak for a hill gathers speed on the one behind it.

A. Moore, Efficient memory-based learning for robot control, 1990; the numbers are those of
Gymnasium's MountainCar-v0.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from gradum.games.game import Game
from gradum.games.settings import PPOSettings

LOWEST, HIGHEST, GOAL = -1.2, 0.6, 0.5  # positions
FASTEST, FORCE, GRAVITY = 0.07, 0.001, 0.0025  # per step


def reset(uniform: Any) -> Any:
    """Return a car at rest, uniform in −0.6..−0.4, about the bottom of the valley."""
    return jnp.stack([0.2 * uniform[0] - 0.6, jnp.zeros_like(uniform[0])])


def step(state: Any, action: Any) -> tuple[Any, Any, Any]:
    """Drive for a step: 0 to the left, 1 not at all, 2 to the right.

    The state is position and velocity per step. Each step costs 1 until the goal, 0.5, is reached;
    the wall on the left stops the car.
    """
    position, velocity = state
    velocity = velocity + (action - 1) * FORCE - jnp.cos(3 * position) * GRAVITY
    velocity = jnp.clip(velocity, -FASTEST, FASTEST)
    position = jnp.clip(position + velocity, LOWEST, HIGHEST)
    velocity = jnp.where((position == LOWEST) & (velocity < 0), 0.0, velocity)
    after = jnp.stack([position, velocity])
    return after, -jnp.ones_like(position), (position >= GOAL) & (velocity >= 0)


def observe(state: Any) -> Any:
    """Return the state itself."""
    return state


def potential(seen: Any) -> Any:
    """Return Φ, by which it is learned: how much energy the car lacks to rest at the goal, below 0.

    The energy is GRAVITY sin(3x)/3 + v²/2; from rest at the bottom, Φ is about −83. Plain rewards
    are all alike until the goal is reached, which hardly ever happens by chance.
    """
    position, velocity = seen
    lacking = GRAVITY / 3 * (math.sin(3 * GOAL) - jnp.sin(3 * position)) - velocity**2 / 2
    return -50 * lacking / FORCE


GAME = Game(
    name="mountaincar",
    twin="MountainCar-v0",
    observations=("position", "velocity"),
    actions=("left", "idle", "right"),
    limit=200,
    returns=(-200.0, 0.0),
    draws=1,
    reset=reset,
    step=step,
    observe=observe,
    potential=potential,
    settings=PPOSettings(steps=1_000_000),
)
