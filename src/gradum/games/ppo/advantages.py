"""Advantages of actions: how much more they brought than was expected; in NumPy.

Shapes: T steps of N lanes.
"""

from __future__ import annotations

import numpy as np


def advantages(
    rewards: np.ndarray,
    values: np.ndarray,
    following: np.ndarray,
    terminated: np.ndarray,
    ended: np.ndarray,
    *,
    discount: float,
    trace: float,
) -> np.ndarray:
    """Return generalised advantage estimates (T, N).

    δₜ = rₜ + γ V(sₜ₊₁) − Vₜ, where V(sₜ₊₁) is 0 after an end of the game's own; and
    Aₜ = δₜ + γλ Aₜ₊₁ within an episode. J. Schulman and others, High-dimensional continuous control
    using generalized advantage estimation, 2016.

    Parameters
    ----------
    rewards : ndarray of shape (T, N)
    values, following : ndarrays of shape (T, N)
        The values expected of the state in which each step was taken, and of the one that it led
        to, before any reset.
    terminated, ended : bool ndarrays of shape (T, N)
        Whether the game ended there, and whether the episode did, which a limit of steps ends too.
    discount, trace : float
        γ and λ.
    """
    found = rewards + discount * np.where(terminated, 0.0, following) - values
    goes_on = discount * trace * ~ended[:-1]
    for step in reversed(range(len(goes_on))):
        found[step] += goes_on[step] * found[step + 1]
    return found
