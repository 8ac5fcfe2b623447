"""Returns, advantages and gradients of learning, held against loops and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradum.games.ppo.action_distribution import Gaussian, Softmax
from gradum.games.ppo.learner import PPO, MiniBatch, RunningMoments, advantages
from gradum.games.settings import PPOSettings

DISCOUNT, TRACE = 0.9, 0.8


def test_advantages_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    shape = (40, 3)
    rewards, values, following = rng.normal(size=(3, *shape))
    terminated = rng.random(shape) < 0.1
    ended = terminated | (rng.random(shape) < 0.1)
    expected = np.zeros(shape)
    for lane in range(shape[1]):
        later = 0.0
        for step in reversed(range(shape[0])):
            bootstrap = 0.0 if terminated[step, lane] else following[step, lane]
            error = rewards[step, lane] + DISCOUNT * bootstrap - values[step, lane]
            later = error + (0.0 if ended[step, lane] else DISCOUNT * TRACE * later)
            expected[step, lane] = later
    found = advantages(
        rewards, values, following, terminated, ended, discount=DISCOUNT, trace=TRACE
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_without_values_and_with_a_trace_of_one_advantages_are_discounted_returns():
    rewards = np.array([[1.0], [2.0], [3.0], [4.0]])
    nothing, ended = np.zeros((4, 1)), np.array([[False], [True], [False], [True]])
    found = advantages(rewards, nothing, nothing, ended, ended, discount=0.5, trace=1.0)
    np.testing.assert_allclose(np.ravel(found), [2.0, 2.0, 5.0, 4.0])


@pytest.mark.parametrize(
    ("distribution", "logits"),
    [
        (Softmax(2), np.array([[0.3], [-1.0]])),
        (Softmax(4), np.array([[0.3, -1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0]])),
    ],
)
def test_codes_are_drawn_as_often_as_their_probability_says(distribution, logits):
    full = np.concatenate([np.zeros((2, 1)), logits], axis=1) if logits.shape[1] == 1 else logits
    expected = np.exp(full) / np.exp(full).sum(axis=1, keepdims=True)
    noise = distribution.noise(np.random.default_rng(1), (20_000, 2))
    drawn = np.asarray(
        distribution.draw(jnp.broadcast_to(logits, (20_000, *logits.shape)), {}, noise)
    )
    for row in range(2):
        counted = np.bincount(drawn[:, row], minlength=distribution.count) / len(drawn)
        np.testing.assert_allclose(counted, expected[row], atol=0.015)
        codes = np.arange(distribution.count)
        rows = np.repeat(logits[row : row + 1], distribution.count, axis=0)
        logs = distribution.log_probability(jnp.asarray(rows), {}, codes)
        np.testing.assert_allclose(np.exp(logs), expected[row], rtol=1e-5)
    entropy = -(expected * np.log(expected)).sum(axis=1)
    np.testing.assert_allclose(distribution.entropy(jnp.asarray(logits), {}), entropy, rtol=1e-5)


def test_numbers_are_drawn_from_the_normal_distribution_whose_density_is_told():
    from scipy.stats import norm

    distribution, params = Gaussian(), {"log_deviation": jnp.asarray(-0.7)}
    noise = distribution.noise(np.random.default_rng(2), (20_000,))
    logits = jnp.full((20_000, 1), 0.4)
    drawn = np.asarray(distribution.draw(logits, params, noise))
    law = norm(0.4, np.exp(-0.7))
    assert abs(drawn.mean() - 0.4) < 0.02
    assert abs(drawn.std() - law.std()) < 0.02
    logs = distribution.log_probability(logits[:5], params, jnp.asarray(drawn[:5]))
    np.testing.assert_allclose(logs, law.logpdf(drawn[:5]), rtol=1e-4)
    np.testing.assert_allclose(distribution.entropy(logits[:1], params), law.entropy(), rtol=1e-5)


def test_the_policy_gradient_is_that_of_finite_differences_on_two_states():
    """Two states, two actions: the return of a policy has a closed form, and so its gradient.

    State s earns r(s, a) and leads to state a; the process ends with probability 1 − γ after each
    step, so that the undiscounted return from state 0 is v = (I − γ P)⁻¹ r. The policy gradient
    theorem sums Σ_s μ(s) Σ_a π(a|s) A(s, a) ∇ log π(a|s), which is what the surrogate's gradient
    is at ρ = 1, with steps in proportion to μ π.
    """
    rewards, discount = np.array([[1.0, -0.5], [0.3, 2.0]]), 0.8
    method = PPO(2, Softmax(2), PPOSettings(steps=1, hidden=()))  # a state is seen as 1 of two

    def chances(weight):
        second = 1 / (1 + np.exp(-weight))
        return np.stack([1 - second, second], axis=1)

    def value(weight):
        pi = chances(weight)
        return np.linalg.solve(np.eye(2) - discount * pi, (pi * rewards).sum(axis=1))

    weight = np.array([0.4, -0.9])
    pi, values = chances(weight), value(weight)
    visits = np.linalg.solve((np.eye(2) - discount * pi).T, [1.0, 0.0])
    advantage = rewards + discount * values[None, :] - values[:, None]
    differences = [
        (value(weight + step)[0] - value(weight - step)[0]) / 2e-6 for step in np.eye(2) * 1e-6
    ]
    # A batch in which each state and action occurs in proportion to how often it is met.
    taken = visits[:, None] * pi
    counts = np.rint(20_000 * taken / taken.sum()).astype(int).ravel()
    state, action = (np.repeat(each.ravel(), counts) for each in np.indices((2, 2)))
    given = advantage[state, action]
    with jax.enable_x64(True):
        policy = {"layers": [{"weight": weight[:, None], "bias": np.zeros(1)}]}
        inputs, actions = jnp.eye(2)[state], jnp.asarray(action)
        logits = method.policy.apply(policy, {"dense": inputs})
        old = method.distribution.log_probability(logits, {}, actions)
        gradient = jax.jit(jax.grad(method.objective))(
            {"policy": policy, "value": ZERO},
            MiniBatch(inputs, actions, old, given, np.zeros(len(given))),
        )
        found = -np.ravel(gradient["policy"]["layers"][0]["weight"])
    np.testing.assert_allclose(found * visits.sum(), differences, atol=2e-3)


ZERO = {"layers": [{"weight": np.zeros((2, 1)), "bias": np.zeros(1)}]}


def test_the_surrogate_is_clipped_where_an_update_has_gone_far_enough():
    method = PPO(1, Softmax(2), PPOSettings(steps=1, hidden=(), clip=0.2))
    zero = {"layers": [{"weight": np.zeros((1, 1)), "bias": np.zeros(1)}]}
    inputs, actions = jnp.zeros((2, 1)), jnp.array([1, 1])
    gradient_of = jax.jit(jax.grad(method.objective))
    new = method.distribution.log_probability(jnp.zeros((2, 1)), {}, actions)

    def slope(ratio, advantage):
        old = new - jnp.log(jnp.asarray(ratio))
        batch = MiniBatch(inputs, actions, old, jnp.asarray(advantage), jnp.zeros(2))
        gradient = gradient_of({"policy": zero, "value": zero}, batch)
        return float(gradient["policy"]["layers"][0]["bias"][0])

    assert abs(slope([1.3, 0.7], [1.0, -1.0])) < 1e-6  # both are clipped
    assert abs(slope([1.3, 0.7], [-1.0, 1.0])) > 0.1  # both may go back


def test_moments_merged_batch_by_batch_are_those_of_all_rows():
    rows = np.random.default_rng(4).normal(3.0, 2.0, (90, 2)).astype(np.float32)
    moments = RunningMoments.nothing((2,))
    for part in np.split(rows, [20, 50]):
        moments = moments.merged(part)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(moments.variance, rows.var(axis=0), rtol=1e-4)
