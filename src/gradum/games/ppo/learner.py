"""The policy and the value network, and one update of both from a batch of steps.

Compiling takes most of a first game's time, and each loop over numbers in a compiled program costs
the same, however short it is. So only what is done in every mini-batch is compiled; what an update
does once is NumPy's, and Adam sees all parameters as one vector.

Shapes: n rows of d observations; T steps of N lanes make n = T N.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core.models.network import Network
from gradum.games.ppo.action_distribution import ActionDistribution
from gradum.games.settings import PPOSettings
from gradum.randomness import stream
from gradum.solvers.first_order import Adam
from gradum.solvers.threads import one_thread

LONGEST_GRADIENT = 0.5
FARTHEST = 10.0
"""The most standard deviations from the mean that an observation counts as in learning."""


class RunningMoments(NamedTuple):
    """How many rows there were, and the mean and the variance of each column (d,).

    NumPy merges them, in float64; what they scale may be JAX's.
    """

    count: Any
    mean: Any
    variance: Any

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> RunningMoments:
        """Return those of no rows: mean 0 and variance 1."""
        return cls(np.zeros(()), np.zeros(shape), np.ones(shape))

    def merged(self, rows: np.ndarray) -> RunningMoments:
        """Return those of the rows (n, d) too.

        T. Chan, G. Golub and R. LeVeque, Updating formulae and a pairwise algorithm for computing
        sample variances, 1979.
        """
        n, rows = len(rows), rows.astype(np.float64)
        count = self.count + n
        gap = rows.mean(axis=0) - self.mean
        between = gap**2 * self.count * n / count
        squares = self.variance * self.count + rows.var(axis=0) * n + between
        return RunningMoments(count, self.mean + gap * n / count, squares / count)

    @property
    def scale(self) -> Any:
        """The standard deviation, or what stands for it in a column that hardly varies."""
        return (self.variance + 1e-8) ** 0.5


class PPOState(NamedTuple):
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

    ``logs`` are the log probabilities with which the actions were drawn; ``after`` is what was seen
    after each step, before any reset; ``discounted`` is the sum of this and earlier rewards of the
    episode, each discounted by its age.
    """

    seen: Any
    actions: Any
    logs: Any
    rewards: Any
    after: Any
    terminated: Any
    ended: Any
    discounted: Any


class MiniBatch(NamedTuple):
    """Rows of which a step of Adam is made, each field (n, …).

    ``inputs`` are observations as the networks take them, ``targets`` what the value is to be.
    """

    inputs: Any
    actions: Any
    logs: Any
    advantages: Any
    targets: Any


@dataclass(frozen=True)
class PPO:
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
        shortened = optax.clip_by_global_norm(LONGEST_GRADIENT)
        return optax.flatten(optax.chain(shortened, adam.transformation()))

    def begin(self, seed: int) -> PPOState:
        """Return a learner whose policy hardly prefers any action yet."""
        policy = self.policy.init(stream(seed, "policy"))
        policy["layers"][-1]["weight"] *= np.float32(0.01)
        params = {
            "policy": policy,
            "value": self.value.init(stream(seed, "value")),
            **self.distribution.initial(),
        }
        forms = jax.eval_shape(self.transformation.init, params)
        optimizer = jax.tree.map(lambda form: np.zeros(form.shape, form.dtype), forms)
        seen = RunningMoments.nothing((self.observations,))
        return PPOState(params, optimizer, seen, RunningMoments.nothing(()))

    def logits(self, learner: PPOState, seen: Any) -> Any:
        """Return what the policy's network says (n, k) of observations (n, d)."""
        return self.policy.apply(learner.params["policy"], {"dense": scaled(learner, seen)})

    def act(self, learner: PPOState, seen: Any, noise: Any) -> tuple[Any, Any]:
        """Return an action for each observation, drawn by noise, and its log probability (n,)."""
        logits, params = self.logits(learner, seen), learner.params
        actions = self.distribution.draw(logits, params, noise)
        return actions, self.distribution.log_probability(logits, params, actions)

    def objective(self, params: Any, batch: MiniBatch) -> Any:
        """Return what an update makes small: the clipped surrogate, less entropy, plus value.

        −E min(ρA, clip(ρ, 1 − ε, 1 + ε) A) − c H + ½ (V − G)², with ρ the new probability of an
        action by the old one. Where the clip binds, it gives A + ε|A|: one minimum is enough.
        """
        logits = self.policy.apply(params["policy"], {"dense": batch.inputs})
        logs = self.distribution.log_probability(logits, params, batch.actions)
        ratio, advantage = jnp.exp(logs - batch.logs), batch.advantages
        most = advantage + self.settings.clip * jnp.abs(advantage)
        surrogate = jnp.minimum(ratio * advantage, most)
        entropy = self.distribution.entropy(logits, params)
        value = self.value.apply(params["value"], {"dense": batch.inputs})[:, 0]
        error = value - batch.targets
        return jnp.mean(0.5 * error**2 - surrogate - self.settings.entropy * entropy)

    def update(self, learner: PPOState, steps: Steps, order: np.ndarray, rate: float) -> PPOState:
        """Learn from steps (T, N), in the orders (epochs, T N), at a share of the learning rate."""
        returns = learner.returns.merged(steps.discounted.reshape(-1))
        with one_thread():
            rows = self.rows(learner, steps, float(returns.scale))
        places = order.reshape(self.settings.epochs * self.settings.batches, -1)
        batches = MiniBatch(*(part[places] for part in rows))
        batches = batches._replace(advantages=_standardised(batches.advantages))
        params, optimizer = _improved(self, learner.params, learner.optimizer, batches, rate)
        seen = learner.seen.merged(steps.seen.reshape(-1, self.observations))
        return PPOState(params, optimizer, seen, returns)

    def rows(self, learner: PPOState, steps: Steps, unit: float) -> MiniBatch:
        """Return the steps as rows (T N), in NumPy; rewards are in a unit of returns."""
        value = jax.tree.map(np.asarray, learner.params["value"])

        def valued(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            inputs = scaled(learner, seen).astype(np.float32).reshape(-1, self.observations)
            return inputs, self.value.forward(value, {"dense": inputs}).reshape(seen.shape[:2])

        (inputs, values), (_, following) = valued(steps.seen), valued(steps.after)
        advantage = advantages(
            steps.rewards / np.float32(unit),
            values,
            following,
            steps.terminated,
            steps.ended,
            discount=self.settings.discount,
            trace=self.settings.trace,
        )
        flat = (steps.actions, steps.logs, advantage, advantage + values)
        return MiniBatch(inputs, *(part.reshape(-1) for part in flat))


@partial(jax.jit, static_argnums=0)
def _improved(
    method: PPO, params: Any, optimizer: Any, batches: MiniBatch, rate: Any
) -> tuple[Any, Any]:
    """Take a step for each of the batches (B, n, …), at a share of the learning rate."""

    def stepped(carried: Any, batch: MiniBatch) -> tuple[Any, None]:
        params, optimizer = carried
        gradient = jax.grad(method.objective)(params, batch)
        change, optimizer = method.transformation.update(gradient, optimizer)
        moved = jax.tree.map(lambda part, by: part + rate * by, params, change)
        return (moved, optimizer), None

    return jax.lax.scan(stepped, (params, optimizer), batches)[0]


def _standardised(values: np.ndarray) -> np.ndarray:
    """Return values (B, n) with mean 0 and deviation 1 in each batch."""
    middle, spread = values.mean(axis=1, keepdims=True), values.std(axis=1, keepdims=True)
    return (values - middle) / (spread + np.float32(1e-8))


def scaled(learner: PPOState, seen: Any) -> Any:
    """Return observations (…, d) as the networks take them."""
    return ((seen - learner.seen.mean) / learner.seen.scale).clip(-FARTHEST, FARTHEST)


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
