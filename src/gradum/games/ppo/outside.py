"""Rollouts in an environment of Python, which is stepped lane by lane."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from gradum.games.environment import Environment
from gradum.games.ppo.compiled import Drawn, in_units
from gradum.games.ppo.learner import PPO, PPOState, Steps


@partial(jax.jit, static_argnums=0)
def _act(method: PPO, learner: PPOState, seen: Any, noise: Any) -> tuple[Any, Any]:
    return method.act(learner, seen, noise)


class Rollouts:
    """N lanes that go on from one rollout to the next."""

    def __init__(self, environment: Environment, count: int, seed: int) -> None:
        self._environment = environment
        self._lanes: Any = environment.start(count, seed, "learning")
        self._steps, self._total = np.zeros(count, int), np.zeros(count)
        self._discounted = np.zeros(count)

    def roll(self, method: PPO, learner: PPOState, drawn: Drawn) -> tuple[Steps, list[float]]:
        """Return T steps of every lane, and the returns of the episodes that ended."""
        lanes, environment, rows, finished = self._lanes, self._environment, [], []
        for noise in drawn.noise:
            seen = lanes.seen.astype(np.float32)
            actions, logs = map(np.asarray, _act(method, learner, seen, noise))
            taken = in_units(environment.bounds, actions)
            rewards, terminated, cut = lanes.step(taken)
            self._steps += 1
            self._total += rewards
            self._discounted = method.settings.discount * self._discounted + rewards
            ended = terminated | cut | (self._steps >= environment.limit)
            after, discounted = lanes.seen.astype(np.float32), self._discounted.copy()
            rows.append((seen, actions, logs, rewards, after, terminated, ended, discounted))
            if ended.any():
                finished += self._total[ended].tolist()
                lanes.restart(np.flatnonzero(ended))
                for part in (self._steps, self._total, self._discounted):
                    part[ended] = 0
        fields = [np.array(column) for column in zip(*rows, strict=True)]
        steps = Steps(*fields)
        return steps._replace(
            rewards=steps.rewards.astype(np.float32), discounted=steps.discounted.astype(np.float32)
        ), finished
