"""A built-in game: its dynamics as pure functions, and the names of observations and actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradum.games.settings import PPOSettings

Step = Callable[[Any, Any], tuple[Any, Any, Any]]


@dataclass(frozen=True)
class Game:
    """A Markov decision process whose dynamics JAX compiles.

    The functions are about one lane; ``jax.vmap`` makes many of them. They compute in the dtype of
    the state.
    """

    name: str
    """What users write: ``cartpole``."""
    twin: str
    """The id of the same game in Gymnasium."""
    observations: tuple[str, ...]
    """What is seen, d names."""
    limit: int
    """The steps after which an episode is cut off."""
    returns: tuple[float, float]
    """The least and the greatest return that an episode may have."""
    draws: int
    """How many uniform numbers a reset takes, r."""
    reset: Callable[[Any], Any]
    """From uniform numbers in [0, 1), (r,), to the first state."""
    step: Step
    """From a state and an action, a code or a number, to the next state, the reward, and whether
    the episode has ended there."""
    observe: Callable[[Any], Any]
    """From a state to what is seen, (d,)."""
    settings: PPOSettings
    """How it is learned."""
    actions: tuple[str, ...] = ()
    """What may be done; empty where the action is a number."""
    bounds: tuple[float, float] = (0.0, 0.0)
    """The least and the greatest action, where it is a number."""
    potential: Callable[[Any], Any] | None = None
    """From what is seen, (d,), to a potential Φ. Learning then adds γΦ(s′) − Φ(s) to each reward,
    which changes no best policy; Φ is 0 where an episode ends (A. Ng, D. Harada and S. Russell,
    Policy invariance under reward transformations, 1999). Judged returns never have it."""
