"""Learning to play, chunk by chunk: each chunk ends at a state from which learning can go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import jax
import msgspec
import numpy as np

from gradum.games.environment import BuiltIn, Environment
from gradum.games.ppo import compiled, outside
from gradum.games.ppo.action_distribution import Gaussian, Softmax
from gradum.games.ppo.compiled import Drawn
from gradum.games.ppo.learner import PPO, PPOState, Steps
from gradum.games.settings import PPOSettings

CHUNK = 8
"""Updates between two looks at the clock."""


class CoursePoint(msgspec.Struct, frozen=True):
    """A point of the learning curve: a chunk of updates."""

    steps: int
    """The steps in the game so far, of all lanes together."""
    episodes: int
    """The episodes that ended in the chunk."""
    mean_return: float | None
    """Their mean return, with actions drawn by chance as in learning; None if none ended."""
    seconds: float
    """Since learning began, without interruptions."""
    done: float
    """The share of all steps that is done."""


@dataclass(frozen=True)
class Learned:
    """All that learning has come to after some updates.

    ``lanes`` are the games under way; ``course`` is the learning curve.
    """

    learner: PPOState
    lanes: Any
    updates: int
    course: tuple[CoursePoint, ...] = ()

    @property
    def seconds(self) -> float:
        """How long learning took."""
        return self.course[-1].seconds if self.course else 0.0


class Apprentice(Protocol):
    """Who learns: begins, and goes on by a chunk of updates."""

    @property
    def environment(self) -> Environment: ...  # noqa: D102
    @property
    def method(self) -> PPO: ...  # noqa: D102

    @property
    def resumes(self) -> bool:
        """Whether learning can go on from a file, to the bit."""
        ...

    @property
    def last(self) -> Steps | None:
        """The last steps it learned from, where it keeps them."""
        ...

    def begin(self) -> Learned:
        """Return what is known before the first update."""
        ...

    def chunk(self, learned: Learned) -> tuple[PPOState, Any, int, float]:
        """Return learner and lanes after a chunk, the episodes that ended, and their returns."""
        ...


def method_of(environment: Environment, settings: PPOSettings) -> PPO:
    """Return the method for an environment's observations and actions."""
    distribution = Softmax(len(environment.actions)) if environment.actions else Gaussian()
    return PPO(len(environment.observations), distribution, settings)


def learning(apprentice: Apprentice, learned: Learned) -> Iterator[Learned]:
    """Yield what is learned after each chunk, until all updates are done."""
    settings = apprentice.method.settings
    while learned.updates < settings.updates:
        began = perf_counter()
        learner, lanes, episodes, earned = apprentice.chunk(learned)
        jax.block_until_ready(learner)
        updates = learned.updates + CHUNK
        point = CoursePoint(
            updates * settings.per_update,
            episodes,
            earned / episodes if episodes else None,
            learned.seconds + perf_counter() - began,
            min(updates / settings.updates, 1.0),
        )
        learned = Learned(learner, lanes, updates, (*learned.course, point))
        yield learned


def rates(settings: PPOSettings, updates: int) -> np.ndarray:
    """Return the shares of the learning rate for the updates of the next chunk (U,)."""
    progress = (updates + np.arange(CHUNK)) / settings.updates
    return np.maximum(1 - progress, 0).astype(np.float32)


class CompiledApprentice:
    """Learns a built-in game, whose rollouts are compiled."""

    resumes, last = True, None

    def __init__(self, environment: BuiltIn, settings: PPOSettings, seed: int) -> None:
        self.method = method_of(environment, settings)
        self.environment, self._game, self._seed = environment, environment.game, seed

    def begin(self) -> Learned:
        """Return a new learner, and lanes at their first states."""
        lanes = compiled.begin(self._game, self.method.settings.lanes, self._seed)
        return Learned(self.method.begin(self._seed), lanes, 0)

    def chunk(self, learned: Learned) -> tuple[PPOState, Any, int, float]:
        """Play and update; see `Apprentice`."""
        learner, lanes, episodes, earned = learned.learner, learned.lanes, 0, 0.0
        for place, rate in enumerate(rates(self.method.settings, learned.updates)):
            drawn = Drawn.of(self.method, self._game.draws, self._seed, learned.updates + place)
            lanes, played = compiled.rollout(
                self._game, self.method, learner, lanes, drawn.noise, drawn.resets
            )
            steps, totals = jax.tree.map(np.asarray, played)
            learner = self.method.update(learner, steps, drawn.order, rate)
            episodes, earned = episodes + int(steps.ended.sum()), earned + totals[steps.ended].sum()
        return learner, lanes, episodes, float(earned)


class OutsideApprentice:
    """Learns an environment of Python, whose lanes are stepped one after the other.

    Nobody can write the states of its lanes to a file. ``last`` are the last steps it learned from.
    """

    resumes = False

    def __init__(self, environment: Environment, settings: PPOSettings, seed: int) -> None:
        self.method = method_of(environment, settings)
        self.environment, self._seed = environment, seed
        self.last: Steps | None = None

    def begin(self) -> Learned:
        """Return a new learner, and lanes at their first states."""
        lanes = outside.Rollouts(self.environment, self.method.settings.lanes, self._seed)
        return Learned(self.method.begin(self._seed), lanes, 0)

    def chunk(self, learned: Learned) -> tuple[PPOState, Any, int, float]:
        """Play and update; see `Apprentice`."""
        learner, episodes, earned = learned.learner, 0, 0.0
        for place, rate in enumerate(rates(self.method.settings, learned.updates)):
            numbers = Drawn.of(self.method, 0, self._seed, learned.updates + place)
            steps, finished = learned.lanes.roll(self.method, learner, numbers)
            learner = self.method.update(learner, steps, numbers.order, rate)
            episodes, earned, self.last = episodes + len(finished), earned + sum(finished), steps
        return learner, learned.lanes, episodes, earned
