"""The memory of L-BFGS: the curvature that past steps have shown.

Source: Nocedal and Wright, Numerical Optimization (2006), algorithm 7.4 (two-loop recursion).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

REMEMBERED = 10


class Memory:
    """The last steps, and how the gradient changed along each."""

    def __init__(self) -> None:
        self._pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=REMEMBERED)

    def learn(self, step: np.ndarray, change: np.ndarray) -> None:
        """Remember a step if the gradient rose along it."""
        bend = float(np.sum(step * change))
        if bend > 1e-14 * np.linalg.norm(step) * np.linalg.norm(change):
            self._pairs.append((step, change, bend))

    def step(self, gradient: np.ndarray, solve: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return −B⁻¹ gradient, for a Hessian B that agrees with all pairs.

        ``solve`` gives −B₀⁻¹ gradient for the initial Hessian B₀, before the first pair.
        """
        rest, shares = gradient.copy(), []
        for step, change, bend in reversed(self._pairs):
            shares.append(float(np.sum(step * rest)) / bend)
            rest -= shares[-1] * change
        result = solve(rest)
        for step, change, bend in self._pairs:
            result -= (shares.pop() + float(np.sum(change * result)) / bend) * step
        return result
