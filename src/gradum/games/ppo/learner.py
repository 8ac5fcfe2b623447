"""The policy and the value network, and one update of both from a batch of steps.

Shapes: n rows of d observations; T steps of N lanes make n = T N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core.models.network import Network
from gradum.games.ppo.action_distribution import ActionDistribution
from gradum.games.ppo.advantages import advantages
from gradum.games.ppo.running_moments import RunningMoments
from gradum.games.settings import PPOSettings
from gradum.randomness import stream
from gradum.solvers.first_order import Adam

LONGEST_GRADIENT = 0.5
FARTHEST = 10.0
"""The most standard deviations from the mean that an observation counts as in learning."""


class Learner(NamedTuple):
    """All that learning carries from one update to the next.

    ``params`` has ``policy`` and ``value``, each a network's, and what the distribution of actions
    adds; ``seen`` are the moments of observations (d,), ``returns`` those of discounted returns.
    """

    params: Any
    optimizer: Any
    seen: RunningMoments
    returns: RunningMoments


class Steps(NamedTuple):
    """Steps of N lanes, each field (T, N, …).

    ``after`` is what was seen after each step, before any reset; ``discounted`` is the sum of this
    and earlier rewards of the episode, each discounted by its age.
    """

    seen: Any
    actions: Any
    rewards: Any
    after: Any
    terminated: Any
    ended: Any
    discounted: Any


@dataclass(frozen=True)
class Method:
    """Proximal policy optimisation of networks for d observations."""

    observations: int
    distribution: ActionDistribution
    settings: PPOSettings

    @property
    def policy(self) -> Network:
        """The network whose outputs say how likely each action is."""
        hidden, activation = self.settings.hidden, self.settings.activation
        return Network(self.observations, self.distribution.outputs, hidden, activation)

    @property
    def value(self) -> Network:
        """The network whose output is the return that is expected."""
        return Network(self.observations, 1, self.settings.hidden, self.settings.activation)

    @property
    def transformation(self) -> optax.GradientTransformation:
        """Adam, with gradients no longer than `LONGEST_GRADIENT`."""
        adam = Adam(self.settings.learning_rate, epsilon=1e-5)
        return optax.chain(optax.clip_by_global_norm(LONGEST_GRADIENT), adam.transformation())

    def begin(self, seed: int) -> Learner:
        """Return a learner whose policy hardly prefers any action yet."""
        policy = self.policy.init(stream(seed, "policy"))
        policy["layers"][-1]["weight"] *= np.float32(0.01)
        params = {
            "policy": policy,
            "value": self.value.init(stream(seed, "value")),
            **self.distribution.initial(),
        }
        params = jax.tree.map(jnp.asarray, params)
        seen = RunningMoments.nothing((self.observations,))
        return Learner(params, self.transformation.init(params), seen, RunningMoments.nothing(()))

    def logits(self, learner: Learner, seen: Any) -> Any:
        """Return what the policy's network says (n, k) of observations (n, d)."""
        return self.policy.apply(learner.params["policy"], {"dense": scaled(learner, seen)})

    def act(self, learner: Learner, seen: Any, noise: Any) -> Any:
        """Return an action (n,) for each observation, drawn by noise (n,)."""
        logits = self.logits(learner, seen)
        return self.distribution.draw(logits, learner.params, noise)

    def objective(self, params: Any, batch: Any) -> Any:
        """Return what an update makes small: the clipped surrogate, less entropy, plus value.

        −E min(ρA, clip(ρ, 1 − ε, 1 + ε) A) − c H + ½ (V − G)², with ρ the new probability of an
        action by the old one, and A standardised in the batch.
        """
        inputs, actions, old, advantage, target = batch
        logits = self.policy.apply(params["policy"], {"dense": inputs})
        ratio = jnp.exp(self.distribution.log_probability(logits, params, actions) - old)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        clip = self.settings.clip
        clipped = jnp.clip(ratio, 1 - clip, 1 + clip)
        surrogate = jnp.minimum(ratio * advantage, clipped * advantage).mean()
        entropy = self.distribution.entropy(logits, params).mean()
        value = self.value.apply(params["value"], {"dense": inputs})[:, 0]
        return -surrogate - self.settings.entropy * entropy + 0.5 * jnp.mean((value - target) ** 2)

    def update(self, learner: Learner, steps: Steps, order: Any, rate: Any) -> Learner:
        """Learn from steps (T, N), in the orders (epochs, T N), at a share of the learning rate."""
        settings, params = self.settings, learner.params
        returns = learner.returns.merged(steps.discounted.reshape(-1))
        inputs, following = scaled(learner, steps.seen), scaled(learner, steps.after)
        logits = self.policy.apply(params["policy"], {"dense": inputs})
        old = self.distribution.log_probability(logits, params, steps.actions)
        values = self.value.apply(params["value"], {"dense": inputs})[..., 0]
        later = self.value.apply(params["value"], {"dense": following})[..., 0]
        advantage = advantages(
            steps.rewards / returns.scale,
            values,
            later,
            steps.terminated,
            steps.ended,
            discount=settings.discount,
            trace=settings.trace,
        )
        batch = (inputs, steps.actions, old, advantage, advantage + values)
        batch = jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:]), batch)

        def improved(carried: Any, rows: Any) -> tuple[Any, None]:
            params, optimizer = carried
            drawn = jax.tree.map(lambda part: part[rows], batch)
            gradient = jax.grad(self.objective)(params, drawn)
            change, optimizer = self.transformation.update(gradient, optimizer)
            change = jax.tree.map(lambda part: part * rate, change)
            return (optax.apply_updates(params, change), optimizer), None

        batches = order.reshape(settings.epochs * settings.batches, -1)
        (params, optimizer), _ = jax.lax.scan(improved, (params, learner.optimizer), batches)
        rows = steps.seen.reshape(-1, self.observations)
        return Learner(params, optimizer, learner.seen.merged(rows), returns)


def scaled(learner: Learner, seen: Any) -> Any:
    """Return observations (…, d) as the networks take them."""
    return jnp.clip((seen - learner.seen.mean) / learner.seen.scale, -FARTHEST, FARTHEST)
