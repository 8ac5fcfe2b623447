"""Environments, of which several lanes are played side by side, and those of built-in games.

Shapes: n lanes, d observations.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import jax
import numpy as np

from gradum.games.game import Game
from gradum.randomness import stream


class ParallelGames(Protocol):
    """n games that go on side by side."""

    seen: np.ndarray
    """What is seen now (n, d)."""

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take an action (n,) in each lane.

        Returns rewards (n,), whether the game has ended in each lane, and whether a limit of the
        environment's own cut it off there. What a lane that has ended before returns means nothing.
        """
        ...


class Environment(Protocol):
    """A game as those ask for it who only play; the attributes are `Game`'s.

    ``returns`` is None where nobody knows the bounds of a return.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def observations(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def actions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def bounds(self) -> tuple[float, float]: ...  # noqa: D102
    @property
    def limit(self) -> int: ...  # noqa: D102
    @property
    def returns(self) -> tuple[float, float] | None: ...  # noqa: D102

    @property
    def limit_is_own(self) -> bool:
        """Whether the game itself states its limit of steps."""
        ...

    @property
    def quick(self) -> bool:
        """Whether thousands of episodes take seconds."""
        ...

    def start(self, count: int, seed: int, purpose: str) -> ParallelGames:
        """Return lanes at first states that depend on seed, purpose and place alone."""
        ...


class BuiltIn:
    """A built-in game, whose lanes one compiled program steps."""

    quick = limit_is_own = True

    def __init__(self, game: Game) -> None:
        self.game = game
        self.name, self.observations, self.actions = game.name, game.observations, game.actions
        self.bounds, self.limit, self.returns = game.bounds, game.limit, game.returns

    def start(self, count: int, seed: int, purpose: str) -> GameLanes:
        """Return lanes at first states drawn from the stream of a purpose."""
        uniform = stream(seed, purpose).random((count, self.game.draws), np.float32)
        return GameLanes(self.game, uniform)


LEAST_LANES = 256
"""Fewer are filled up, so that no program is compiled for each number of them."""


class GameLanes:
    """Lanes of a built-in game."""

    def __init__(self, game: Game, uniform: np.ndarray) -> None:
        self._game, self._count = game, len(uniform)
        self._state, seen = first_states(game, _filled(uniform))
        self.seen = np.asarray(seen)[: self._count]

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take an action in each lane, as `ParallelGames`. Who plays keeps the limit of steps."""
        self._state, *found = _next(self._game, self._state, _filled(actions))
        self.seen, rewards, terminated = (np.asarray(part)[: self._count] for part in found)
        return rewards, terminated, np.zeros(self._count, bool)


def _filled(rows: np.ndarray) -> np.ndarray:
    """Return rows (n, …) with zeros below, at least `LEAST_LANES` in all."""
    spare = max(LEAST_LANES - len(rows), 0)
    return np.concatenate([rows, np.zeros((spare, *rows.shape[1:]), rows.dtype)])


@partial(jax.jit, static_argnums=0)
def first_states(game: Game, uniform: Any) -> tuple[Any, Any]:
    """Return states for uniform numbers (n, r), and what is seen in them (n, d)."""
    state = jax.vmap(game.reset)(uniform)
    return state, jax.vmap(game.observe)(state)


@partial(jax.jit, static_argnums=0)
def _next(game: Game, state: Any, actions: Any) -> tuple[Any, ...]:
    state, rewards, terminated = jax.vmap(game.step)(state, actions)
    return state, jax.vmap(game.observe)(state), rewards, terminated
