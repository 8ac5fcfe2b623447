"""Playing a built-in game to learn from it: a rollout is one compiled program.

The random numbers of an update are drawn in NumPy from a stream of its own, so that learning can go
on from any update to the bit.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradum.games.environment import first_states
from gradum.games.game import Game
from gradum.games.ppo.learner import PPO, PPOState, Steps
from gradum.randomness import stream


class LaneState(NamedTuple):
    """N games that go on at once: their states, steps, and sums of rewards so far."""

    state: Any
    steps: Any
    total: Any
    discounted: Any


class Drawn(NamedTuple):
    """The random numbers of an update.

    ``noise`` (T, N) makes actions, ``resets`` (T, N, r) make first states, and ``order`` (epochs,
    T N) are permutations of the steps.
    """

    noise: Any
    resets: Any
    order: Any

    @classmethod
    def of(cls, method: PPO, draws: int, seed: int, update: int) -> Drawn:
        """Draw them, the same for a seed and an update."""
        settings, rng = method.settings, stream(seed, "update", update)
        shape = (settings.horizon, settings.lanes)
        noise = method.distribution.noise(rng, shape)
        resets = rng.random((*shape, draws), np.float32)
        places = np.tile(np.arange(settings.per_update, dtype=np.int32), (settings.epochs, 1))
        return cls(noise, resets, rng.permuted(places, axis=1))


def begin(game: Game, lanes: int, seed: int) -> LaneState:
    """Return lanes at their first states."""
    uniform = stream(seed, "first states").random((lanes, game.draws), np.float32)
    nothing = np.zeros(lanes, np.float32)
    return LaneState(first_states(game, uniform)[0], np.zeros(lanes, np.int32), nothing, nothing)


@partial(jax.jit, static_argnums=(0, 1))
def rollout(
    game: Game, method: PPO, learner: PPOState, lanes: LaneState, noise: Any, resets: Any
) -> tuple[LaneState, tuple[Steps, Any]]:
    """Play T steps in every lane; a lane whose episode has ended begins another one.

    Returns the lanes, and with the steps the episode's return so far after each of them (T, N).
    """
    observe, discount = jax.vmap(game.observe), method.settings.discount

    def stepped(lanes: LaneState, given: Any) -> tuple[LaneState, Any]:
        noise, uniform = given
        seen = observe(lanes.state)
        actions, logs = method.act(learner, seen, noise)
        state, rewards, terminated = jax.vmap(game.step)(
            lanes.state, in_units(game.bounds, actions)
        )
        count, total = lanes.steps + 1, lanes.total + rewards
        ended, after = terminated | (count >= game.limit), observe(state)
        if game.potential is not None:
            later = jnp.where(terminated, 0.0, jax.vmap(game.potential)(after))
            rewards = rewards + discount * later - jax.vmap(game.potential)(seen)
        discounted = discount * lanes.discounted + rewards
        steps = Steps(seen, actions, logs, rewards, after, terminated, ended, discounted)
        state = jnp.where(ended[:, None], jax.vmap(game.reset)(uniform), state)
        kept = [jnp.where(ended, 0, part) for part in (count, total, discounted)]
        return LaneState(state, *kept), (steps, total)

    return jax.lax.scan(stepped, lanes, (noise, resets))


def in_units(bounds: tuple[float, float], actions: Any) -> Any:
    """Return drawn actions as a game takes them: codes as they are, numbers in its own units."""
    low, high = bounds
    if low == high:
        return actions
    return ((low + high) / 2 + (high - low) / 2 * actions).clip(low, high)
