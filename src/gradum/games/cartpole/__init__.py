"""CartPole: a cart is pushed left or right, so that a pole on it stays upright.

A. Barto, R. Sutton and C. Anderson, Neuronlike adaptive elements that can solve difficult learning
control problems, 1983; the numbers are those of Gymnasium's CartPole-v1.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from gradum.games.game import Game
from gradum.games.settings import PPOSettings

GRAVITY = 9.8  # m/s²
POLE = 0.1  # kg
TOTAL = 1.1  # kg, of cart and pole
HALF_LENGTH = 0.5  # m
FORCE = 10.0  # N
SECONDS = 0.02  # per step
FARTHEST = 2.4  # m from the centre
STEEPEST = math.radians(12)


def reset(uniform: Any) -> Any:
    """Return a state near rest in the centre: each number uniform in ±0.05."""
    return (uniform - 0.5) * 0.1


def step(state: Any, action: Any) -> tuple[Any, Any, Any]:
    """Push once: 0 left, 1 right; one of Euler's steps.

    The state is position (m), velocity (m/s), angle (rad) and angular velocity (rad/s). Each step
    earns 1, and the episode ends where the cart leaves ±2.4 m or the pole ±12°.
    """
    position, velocity, angle, angular_velocity = state
    force = jnp.where(action == 1, FORCE, -FORCE)
    sine, cosine = jnp.sin(angle), jnp.cos(angle)
    push = (force + POLE * HALF_LENGTH * angular_velocity**2 * sine) / TOTAL
    turn = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - POLE * cosine**2 / TOTAL))
    drive = push - POLE * HALF_LENGTH * turn * cosine / TOTAL
    after = state + SECONDS * jnp.stack([velocity, drive, angular_velocity, turn])
    ended = (jnp.abs(after[0]) > FARTHEST) | (jnp.abs(after[2]) > STEEPEST)
    return after, jnp.ones_like(position), ended


def observe(state: Any) -> Any:
    """Return the state itself."""
    return state


GAME = Game(
    name="cartpole",
    twin="CartPole-v1",
    observations=("position", "velocity", "angle", "angular_velocity"),
    actions=("left", "right"),
    limit=500,
    returns=(0.0, 500.0),
    draws=4,
    reset=reset,
    step=step,
    observe=observe,
    settings=PPOSettings(steps=200_000),
)
