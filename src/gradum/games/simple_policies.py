"""Policies simpler than a network: by chance, by one threshold, and linear ones.

Both searches play a few episodes with each candidate, all candidates side by side.

Shapes: n lanes, d observations, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.games.environment import Environment
from gradum.games.episode import Policy, play, returns
from gradum.margins import falling
from gradum.randomness import stream


@dataclass(frozen=True)
class Effort:
    """How long a search takes: candidates at once, episodes of each, and generations."""

    candidates: int
    episodes: int
    generations: int


QUICK, SLOW = Effort(64, 4, 16), Effort(16, 2, 8)
FINALISTS, MORE = 8, 8  # candidates that play again, and times as many episodes
ELITE = 8  # one of so many candidates
SPARE = 0.5  # of deviation, added in the first generations so that a search does not end too soon


def effort_of(environment: Environment) -> Effort:
    """Return the effort that suits how fast an environment is."""
    return QUICK if environment.quick else SLOW


def by_chance(environment: Environment, seed: int) -> Policy:
    """Return the policy that draws every action uniformly."""
    rng = stream(seed, "random policy")
    if environment.actions:
        return lambda seen: rng.integers(len(environment.actions), size=len(seen))
    return lambda seen: rng.uniform(*environment.bounds, size=len(seen))


@dataclass(frozen=True)
class ThresholdPolicy:
    """Do one thing where an observation is above a threshold, and another where it is not."""

    observation: int
    threshold: float
    above: float
    below: float

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        """Return the actions (n,)."""
        return _by_threshold(seen, self.observation, self.threshold, self.above, self.below)


def _by_threshold(
    seen: np.ndarray, observation: Any, threshold: Any, above: Any, below: Any
) -> np.ndarray:
    values = np.take_along_axis(seen, np.broadcast_to(observation, len(seen))[:, None], axis=1)[
        :, 0
    ]
    return np.where(values > threshold, above, below)


def best_threshold(environment: Environment, seed: int) -> ThresholdPolicy:
    """Return the best of many thresholds that a seed draws: the finalists play again.

    Thresholds are drawn from what is seen in random play.
    """
    rng, effort = stream(seed, "thresholds"), effort_of(environment)
    tried = play(environment, by_chance(environment, seed), 8, seed, "random play")
    known = np.concatenate([episode.observations for episode in tried])
    count = effort.candidates * effort.generations // 2
    places = rng.integers(known.shape[1], size=count)
    thresholds = known[rng.integers(len(known), size=count), places].astype(np.float64)
    thresholds[rng.random(count) < 0.5] = 0.0  # which divides the sides of many games
    if environment.actions:
        choices = np.arange(len(environment.actions))
    else:
        choices = np.array(
            [environment.bounds[0], np.mean(environment.bounds), environment.bounds[1]]
        )
    pairs = np.array([rng.choice(choices, 2, replace=False) for _ in range(count)])

    def scores(chosen: np.ndarray, episodes: int, purpose: str) -> np.ndarray:
        each = np.repeat(chosen, episodes)

        def policy(seen: np.ndarray) -> np.ndarray:
            return _by_threshold(seen, places[each], thresholds[each], *pairs[each].T)

        earned = returns(environment, policy, len(each), seed, purpose)
        return earned.reshape(len(chosen), episodes).mean(axis=1)

    first = falling(scores(np.arange(count), effort.episodes, "thresholds"))[:FINALISTS]
    again = scores(first, effort.episodes * MORE, "thresholds again")
    best = first[falling(again)[0]]
    return ThresholdPolicy(int(places[best]), float(thresholds[best]), *map(float, pairs[best]))


def best_linear(
    environment: Environment, centre: np.ndarray, scale: np.ndarray, outputs: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (d, k) and biases (k,) of a linear policy, by the cross-entropy method.

    Each generation draws candidates from a normal distribution and moves it to the best eighth of
    them. I. Szita and A. Lőrincz, Learning Tetris using the noisy cross-entropy method, 2006.

    Parameters
    ----------
    centre, scale : ndarray of shape (d,)
        By which observations are standardised.
    outputs : int
        k.
    """
    rng, effort = stream(seed, "linear policies"), effort_of(environment)
    size = (len(centre) + 1) * outputs
    mean, deviation = np.zeros(size), np.ones(size)
    for generation in range(effort.generations):
        drawn = mean + deviation * rng.standard_normal((effort.candidates, size))
        weights = np.repeat(drawn, effort.episodes, axis=0).reshape(-1, len(centre) + 1, outputs)

        policy = _linear(environment, centre, scale, weights)
        purpose = f"linear policies {generation}"
        earned = returns(environment, policy, len(weights), seed, purpose)
        order = falling(earned.reshape(effort.candidates, effort.episodes).mean(axis=1))
        elite = drawn[order[: max(effort.candidates // ELITE, 2)]]
        spare = SPARE * max(0.0, 1 - 2 * generation / effort.generations)
        mean, deviation = elite.mean(axis=0), elite.std(axis=0) + spare
    found = mean.reshape(len(centre) + 1, outputs)
    return found[:-1], found[-1]


def _linear(
    environment: Environment, centre: np.ndarray, scale: np.ndarray, weights: np.ndarray
) -> Policy:
    """Return a linear policy for each lane, given weights and biases (n, d + 1, k)."""

    def act(seen: np.ndarray) -> np.ndarray:
        standard = ((seen - centre) / scale)[:, None, :]
        return _decided(environment, (standard @ weights[:, :-1])[:, 0] + weights[:, -1])

    return act


def _decided(environment: Environment, logits: np.ndarray) -> np.ndarray:
    """Return the actions (n,) that outputs (n, k) stand for: the likeliest code, or the mean."""
    if not environment.actions:
        low, high = environment.bounds
        return np.clip((low + high) / 2 + (high - low) / 2 * logits[:, 0], low, high)
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(int)
    return logits.argmax(axis=1)
