"""Episodes: a policy plays an environment from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradum.games.environment import Environment

Policy = Callable[[np.ndarray], np.ndarray]
"""From what is seen in n lanes (n, d) to an action in each (n,): codes, or numbers."""


@dataclass(frozen=True)
class Episode:
    """One episode of t steps."""

    observations: np.ndarray
    """Of shape (t, d). What was seen before each action, in the game's own units."""
    actions: np.ndarray
    """Of shape (t,). The codes of the actions, places among the environment's ``actions``; or the
    numbers."""
    rewards: np.ndarray
    """Of shape (t,)."""
    terminated: bool
    """Whether the game itself ended it, and not the limit of steps."""
    probabilities: np.ndarray | None = None
    """Of shape (t, A). How likely the policy holds each action, in the order of the codes; None
    where actions are numbers, and where the policy does not say."""
    uncertainty: np.ndarray | None = None
    """Of shape (t,). 1 − the greatest probability; where actions are numbers, the standard
    deviation of those tried in learning, in their unit. None where the policy does not say."""

    @property
    def total(self) -> float:
        """The return, the sum of all rewards."""
        return float(self.rewards.sum(dtype=np.float64))


def play(
    environment: Environment, policy: Policy, count: int, seed: int, purpose: str
) -> list[Episode]:
    """Play so many episodes side by side, with the first states of a seed and a purpose."""
    lanes = environment.start(count, seed, purpose)
    going, last = np.ones(count, bool), np.full(count, environment.limit)
    terminated = np.zeros(count, bool)
    seen, actions, rewards = [], [], []
    for step in range(environment.limit):
        seen.append(lanes.seen)
        actions.append(policy(lanes.seen))
        earned, done, cut = lanes.step(actions[-1])
        rewards.append(earned)
        last[going & (done | cut)] = step + 1
        terminated |= going & done
        going &= ~(done | cut)
        if not going.any():
            break
    return [
        Episode(
            np.array([row[lane] for row in seen[: last[lane]]]),
            np.array([row[lane] for row in actions[: last[lane]]]),
            np.array([row[lane] for row in rewards[: last[lane]]]),
            bool(terminated[lane]),
        )
        for lane in range(count)
    ]


def returns(
    environment: Environment, policy: Policy, count: int, seed: int, purpose: str
) -> np.ndarray:
    """Return the returns (n,) of so many episodes, without keeping their steps."""
    lanes = environment.start(count, seed, purpose)
    going, total = np.ones(count, bool), np.zeros(count)
    for _ in range(environment.limit):
        earned, done, cut = lanes.step(policy(lanes.seen))
        total += np.where(going, earned, 0.0)
        going &= ~(done | cut)
        if not going.any():
            break
    return total
