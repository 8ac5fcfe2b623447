"""The distribution of a policy's actions, given what its network says: of codes, or of a number.

Shapes: n rows, k outputs of the network, A actions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np


class ActionDistribution(Protocol):
    """What learning asks of a distribution; ``params`` are the policy's parameters."""

    @property
    def outputs(self) -> int:
        """How many numbers the network says, k."""
        ...

    def initial(self) -> dict[str, Any]:
        """Return the parameters that it has besides the network's."""
        ...

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw the random numbers of which `draw` makes actions."""
        ...

    def draw(self, logits: Any, params: Any, noise: Any) -> Any:
        """Return actions (n,) for logits (n, k)."""
        ...

    def log_probability(self, logits: Any, params: Any, actions: Any) -> Any:
        """Return the log probability, or its density, of actions (n,)."""
        ...

    def entropy(self, logits: Any, params: Any) -> Any:
        """Return the entropy of each row (n,), in nats."""
        ...


@dataclass(frozen=True)
class Softmax:
    """One of A codes: p = softmax(z). Two codes have one logit, z = log(p₁ / p₀)."""

    count: int

    @property
    def outputs(self) -> int:
        """1 for two codes, else A."""
        return 1 if self.count == 2 else self.count

    def initial(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw logistic noise for two codes, else Gumbel's for each."""
        kind = rng.logistic if self.count == 2 else rng.gumbel
        return kind(size=(*shape, self.outputs)).astype(np.float32)

    def draw(self, logits: Any, params: Any, noise: Any) -> Any:
        """Return the code whose logit is greatest with its noise, by which p is how often it is.

        C. Maddison, D. Tarlow and T. Minka, A* sampling, 2014. Two codes differ by logistic noise.
        """
        noisy = logits + noise
        return (noisy[..., 0] > 0).astype(np.int32) if self.count == 2 else noisy.argmax(axis=-1)

    def log_probability(self, logits: Any, params: Any, actions: Any) -> Any:
        """Return log p of each code."""
        if self.count == 2:
            return -jnp.logaddexp(0.0, jnp.where(actions == 1, -logits[..., 0], logits[..., 0]))
        chosen = jnp.arange(self.count) == actions[..., None]
        return jnp.sum(jnp.where(chosen, jax.nn.log_softmax(logits), 0.0), axis=-1)

    def entropy(self, logits: Any, params: Any) -> Any:
        """Return −Σ p log p."""
        if self.count == 2:
            logit = logits[..., 0]
            return jnp.logaddexp(0.0, logit) - logit * jax.nn.sigmoid(logit)
        logs = jax.nn.log_softmax(logits)
        return -jnp.sum(jnp.exp(logs) * logs, axis=-1)


@dataclass(frozen=True)
class Gaussian:
    """A number: z + exp(s) e with normal noise e, where s is a parameter of its own.

    The number is in units of half the range of actions, from its middle; what lies outside of the
    range is clipped by who plays, after its density was taken.
    """

    @property
    def outputs(self) -> int:
        """Always 1, the mean."""
        return 1

    def initial(self) -> dict[str, Any]:
        """Return the log of the standard deviation: that of half the range."""
        return {"log_deviation": np.zeros((), np.float32)}

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw normal numbers."""
        return rng.standard_normal(shape, np.float32)

    def draw(self, logits: Any, params: Any, noise: Any) -> Any:
        """Return z + exp(s) e."""
        return logits[..., 0] + jnp.exp(params["log_deviation"]) * noise

    def log_probability(self, logits: Any, params: Any, actions: Any) -> Any:
        """Return the log density."""
        log = params["log_deviation"]
        far = (actions - logits[..., 0]) / jnp.exp(log)
        return -0.5 * far**2 - log - 0.5 * math.log(2 * math.pi)

    def entropy(self, logits: Any, params: Any) -> Any:
        """Return s + log √(2πe)."""
        value = params["log_deviation"] + 0.5 * math.log(2 * math.pi * math.e)
        return jnp.broadcast_to(value, logits.shape[:-1])
