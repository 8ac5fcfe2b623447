"""Acrobot: a double pendulum swings its lower end above a line, with a torque at the joint.

R. Sutton, Generalization in reinforcement learning: successful examples using sparse coarse coding,
1996; R. Sutton and A. Barto, Reinforcement Learning, 2018, 11.2; the numbers are those of
Gymnasium's Acrobot-v1.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from gradum.games.game import Game
from gradum.games.settings import PPOSettings

GRAVITY = 9.8  # m/s²; both links are 1 m long, weigh 1 kg and have a moment of inertia of 1 kg m²
CENTRE = 0.5  # m from a joint to the centre of its link's mass
SECONDS = 0.2  # per step
RUNGE_KUTTA = ((0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0))  # how far along, and the weight
FASTEST = (4 * math.pi, 9 * math.pi)  # rad/s


def reset(uniform: Any) -> Any:
    """Return a state that hangs nearly still: each number uniform in ±0.1."""
    return (uniform - 0.5) * 0.2


def step(state: Any, action: Any) -> tuple[Any, Any, Any]:
    """Turn the joint by a torque of action − 1 Nm; one Runge-Kutta step of fourth order.

    The state is the upper link's angle from hanging down, the lower one's from the upper, and their
    velocities. Each step costs 1 until −cos θ₁ − cos(θ₁ + θ₂) > 1.
    """
    torque = jnp.asarray(action - 1, state.dtype)

    def stage(carried: Any, shares: Any) -> tuple[Any, None]:
        (slopes, total), (along, weight) = carried, shares
        slopes = _slopes(state + SECONDS * along * slopes, torque)
        return (slopes, total + weight * slopes), None

    # A loop compiles the slopes once, instead of four times.
    nothing = jnp.zeros_like(state)
    shares = jnp.asarray(RUNGE_KUTTA, state.dtype)
    (_, total), _ = jax.lax.scan(stage, (nothing, nothing), shares)
    moved = state + SECONDS / 6 * total
    upper, lower = _wrapped(moved[0]), _wrapped(moved[1])
    speeds = [jnp.clip(moved[2 + k], -most, most) for k, most in enumerate(FASTEST)]
    after = jnp.stack([upper, lower, *speeds])
    ended = -jnp.cos(upper) - jnp.cos(lower + upper) > 1.0
    return after, jnp.where(ended, jnp.zeros_like(upper), -1.0), ended


def observe(state: Any) -> Any:
    """Return cosine and sine of both angles, and both velocities."""
    (upper, lower), speeds = state[:2], state[2:]
    angles = [jnp.cos(upper), jnp.sin(upper), jnp.cos(lower), jnp.sin(lower)]
    return jnp.concatenate([jnp.stack(angles), speeds])


def _slopes(state: Any, torque: Any) -> Any:
    """Return the derivatives of the state by time."""
    upper, lower, upper_speed, lower_speed = state
    sine, cosine = jnp.sin(lower), jnp.cos(lower)
    d1 = CENTRE**2 + (1 + CENTRE**2 + 2 * CENTRE * cosine) + 2
    d2 = CENTRE**2 + CENTRE * cosine + 1
    phi2 = CENTRE * GRAVITY * jnp.cos(upper + lower - math.pi / 2)
    phi1 = (
        -CENTRE * lower_speed**2 * sine
        - 2 * CENTRE * lower_speed * upper_speed * sine
        + (CENTRE + 1) * GRAVITY * jnp.cos(upper - math.pi / 2)
        + phi2
    )
    lower_turn = (torque + d2 / d1 * phi1 - CENTRE * upper_speed**2 * sine - phi2) / (
        CENTRE**2 + 1 - d2**2 / d1
    )
    upper_turn = -(d2 * lower_turn + phi1) / d1
    return jnp.stack([upper_speed, lower_speed, upper_turn, lower_turn])


def _wrapped(angle: Any) -> Any:
    """Bring an angle into −π..π; one within stays as it is, to the bit."""
    turns = jnp.round(angle / (2 * math.pi))
    return jnp.where(jnp.abs(angle) > math.pi, angle - 2 * math.pi * turns, angle)


GAME = Game(
    name="acrobot",
    twin="Acrobot-v1",
    observations=(
        "upper_cosine",
        "upper_sine",
        "lower_cosine",
        "lower_sine",
        "upper_velocity",
        "lower_velocity",
    ),
    actions=("negative", "zero", "positive"),
    limit=500,
    returns=(-500.0, 0.0),
    draws=4,
    reset=reset,
    step=step,
    observe=observe,
    settings=PPOSettings(steps=500_000, entropy=0.01),
)
